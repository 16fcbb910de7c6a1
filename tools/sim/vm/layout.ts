// Where the pinned VM keeps its fibers, so that a device with nothing to do is left alone until its program wants to run.
// The VM itself only ever asks to be called again within 10 ms. Addresses were found in the running VM (a program asleep for
// a known time) and the structures are those of runtime/devicescript/{devsmgr.c,devs_internal.h}; bundle.ts refuses any
// other binary, and a test checks the wake-up times that come out.

/** Reads the VM's memory. */
export interface VmMemory {
  /** The aligned 32-bit word at an address. */
  word(address: number): number;
}

/** `now_ms`: milliseconds since power-on, as the VM counts them. */
const NOW_MS = 34960;
/** `prev_us`: the microsecond at which `now_ms` was last whole. */
const NOW_MS_SINCE_US = 34944;
/** `now`: the microsecond of the latest process(). */
const NOW_US = 32224;
/** `_state` of devsmgr.c, and in it `ctx`: null while no program runs. */
const MANAGER = 32872;
const MANAGER_CONTEXT = 28;
const CONTEXT_FIBERS = 240;
const FIBER_NEXT = 0;
const FIBER_WAKE_MS = 24;

/** Whether a program is loaded and running. */
export function isProgramRunning(vm: VmMemory): boolean {
  return vm.word(vm.word(MANAGER) + MANAGER_CONTEXT) !== 0;
}

/** Microseconds from the latest process() until the first fiber wants to run; Infinity if all wait for packets. */
export function microsUntilFiberWakes(vm: VmMemory): number {
  const context = vm.word(vm.word(MANAGER) + MANAGER_CONTEXT);
  if (context === 0) return Number.POSITIVE_INFINITY;
  let earliestMs = Number.POSITIVE_INFINITY;
  for (let fiber = vm.word(context + CONTEXT_FIBERS); fiber !== 0; fiber = vm.word(fiber + FIBER_NEXT)) {
    const wakeMs = vm.word(fiber + FIBER_WAKE_MS);
    if (wakeMs !== 0 && wakeMs < earliestMs) earliestMs = wakeMs;
  }
  // The VM's millisecond turns one microsecond late (jd_refresh_now counts while the rest is above 1,000).
  const sinceWholeMs = (vm.word(NOW_US) - vm.word(NOW_MS_SINCE_US)) >>> 0;
  return Math.max(1, (earliestMs - vm.word(NOW_MS)) * 1000 - sinceWholeMs + 1);
}
