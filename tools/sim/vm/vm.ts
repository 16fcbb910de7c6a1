// A DeviceScript device: the VM, its settings flash, its bus and its resets, driven by whoever owns the clock.

import { VmInstance, VmReset } from "./instance";
import { isProgramRunning, microsUntilFiberWakes } from "./layout";

/** Bytes of flash for program and settings, as on the ESP32 (partition fstor): room for about 72 settings of 200 bytes. */
export const SETTINGS_FLASH_BYTES = 256 * 1024;

/** The longest that a VM is left alone: its services announce themselves, and bind roles, when it runs. */
const IDLE_LIMIT_US = 1_000_000;
/** The stock main loop's rate, used while something is going on. */
const BUSY_STEP_US = 10_000;

/** Offsets in a frame's first packet; service 0, command 0 is an announcement. */
const SERVICE_INDEX_AT = 13;
const COMMAND_AT = 14;

/**
 * The VM counts milliseconds since power-on in 32 bits, and a sleep that would end later ends at the last of them: for that one
 * millisecond, 49.7 days after power-on, such a fiber sleeps no time at all, over and over. Real time passes meanwhile; here it
 * would not, so nothing runs in that millisecond and in its neighbours (the VM's count may be off by one).
 */
const MS_COUNT = 2 ** 32;
const SKIPPED_MS = 3;

/** A program was ended by the VM. `code` is the VM's (60000 and above: runtime/devicescript/devs_vm_internal.h). */
export interface Panic {
  readonly code: number;
  /** The VM's own report: the exception and a stack line for each call, innermost first. */
  readonly report: readonly string[];
}

export interface VmOptions {
  /** 64 bits, different for every device in a simulation. */
  readonly deviceId: bigint;
  /** The device's own clock, microseconds since any moment. It must not go back, and not forward by more than 71 minutes between steps. */
  readonly localMicros: () => number;
  /** What ds and crypto draw on. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Program and settings: SETTINGS_FLASH_BYTES of 0xff when new (see blankSettingsFlash). Outlives resets; kept up to date in place. */
  readonly settingsFlash: Uint8Array;
  /** A frame that the device puts on its bus. Called during step(); deliver() may be called from it. */
  readonly onFrame?: (frame: Uint8Array) => void;
  /** One log line; `console.log("x")` arrives as `> x`. */
  readonly onLog?: (line: string) => void;
  /** The program ended abnormally; the VM starts it again five seconds later, as on hardware. */
  readonly onPanic?: (panic: Panic) => void;
  /** The device reset itself (ds.reboot()), and runs again with the same flash. */
  readonly onReset?: () => void;
}

/** A new device's settings flash: no program, no settings. */
export function blankSettingsFlash(): Uint8Array {
  return new Uint8Array(SETTINGS_FLASH_BYTES).fill(0xff);
}

/**
 * One device's VM. Nothing happens by itself: whoever holds it calls step() at the times that it asks for and after deliver().
 *
 *     let nowUs = 0;
 *     const vm = new Vm({ deviceId: 1n, localMicros: () => nowUs, randomBytes, settingsFlash: blankSettingsFlash(), onLog: console.log });
 *     vm.deploy(image);
 *     while (nowUs < 60e6) nowUs += vm.step();
 */
export class Vm {
  private instance: VmInstance;
  private inbox: Uint8Array[] = [];
  private report: string[] = [];
  private stirred = true;
  private poweredUpUs = 0;

  constructor(private readonly options: VmOptions) {
    this.instance = this.powerUp();
  }

  /** Writes a program into the settings flash and starts it 50 ms later; a later boot starts it after 1.1 s. @throws Error */
  deploy(image: Uint8Array): void {
    this.instance.deploy(image);
  }

  /** Puts a frame of another device on the bus; the VM sees it at the next step(). Frames wait where the VM's queue is full. */
  deliver(frame: Uint8Array): void {
    this.inbox.push(frame);
  }

  /** Power lost and back: RAM and frames on the way are gone, flash stays. */
  powerCycle(): void {
    this.inbox = [];
    this.instance = this.powerUp();
  }

  /**
   * Runs everything that is due now.
   *
   * @returns microseconds of the device's clock until it wants to run again if no frame arrives: exact to the microsecond where
   * the program sleeps, 10 ms while its bus is busy, and at most `idleLimitUs`
   */
  step(idleLimitUs: number = IDLE_LIMIT_US): number {
    const leftMs = MS_COUNT - (Math.floor((this.options.localMicros() - this.poweredUpUs) / 1000) % MS_COUNT);
    if (leftMs <= SKIPPED_MS) return (leftMs + 1) * 1000;
    this.stirred = false;
    try {
      this.processInbox();
    } catch (error) {
      if (!(error instanceof VmReset)) throw error;
      this.powerCycle();
      this.options.onReset?.();
      return BUSY_STEP_US;
    }
    if (!isProgramRunning(this.instance)) return BUSY_STEP_US;
    return Math.min(microsUntilFiberWakes(this.instance), this.stirred ? BUSY_STEP_US : idleLimitUs);
  }

  private processInbox(): void {
    for (let refusals = 0; ; ) {
      let taken = 0;
      while (taken < this.inbox.length && this.instance.receive(this.inbox[taken] as Uint8Array)) taken++;
      const isRefused = taken < this.inbox.length;
      this.inbox = this.inbox.slice(taken);
      this.instance.process();
      if (!isRefused) return;
      refusals = taken === 0 ? refusals + 1 : 0;
      // A frame that is refused by an empty queue, too, is damaged (wrong CRC): a bus would have dropped it.
      if (refusals === 2) {
        this.inbox.shift();
        refusals = 0;
      }
      if (this.inbox.length === 0) return;
    }
  }

  private powerUp(): VmInstance {
    const { localMicros, randomBytes, settingsFlash, onFrame } = this.options;
    this.poweredUpUs = localMicros();
    return new VmInstance(
      {
        localMicros,
        randomBytes,
        settingsFlash,
        frameSent: (frame) => {
          // What it sent to itself waits in its queue until it runs again; its announcements are for others.
          if (frame[SERVICE_INDEX_AT] !== 0 || frame[COMMAND_AT] !== 0) this.stirred = true;
          onFrame?.(frame);
        },
        logged: (line) => this.logged(line),
        programEnded: (code) => this.ended(code),
      },
      this.options.deviceId,
    );
  }

  private logged(line: string): void {
    // A report starts with a line `! ...`; the exception and its stack follow as `* ...`, among other things.
    if (line.startsWith("!") || (line.startsWith("*") && this.report.length > 0)) this.report.push(line);
    else if (!line.startsWith("DevS-SHA256")) this.report = [];
    this.options.onLog?.(line);
  }

  private ended(code: number): void {
    this.stirred = true;
    if (code !== 0) this.options.onPanic?.({ code, report: this.report });
    this.report = [];
  }
}
