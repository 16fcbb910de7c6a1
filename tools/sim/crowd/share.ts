import type { CrowdDevice } from "./spec";

/** The thread of each device: those that are most work first, each to the thread that has least to do so far. */
export function shareOut(devices: readonly Pick<CrowdDevice, "load">[], threads: number): number[] {
  const loads = new Array<number>(threads).fill(0);
  const threadOf = new Array<number>(devices.length).fill(0);
  const byLoad = devices.map(({ load = 1 }, radio) => ({ load, radio })).sort((a, b) => b.load - a.load);
  for (const { load, radio } of byLoad) {
    const thread = loads.indexOf(Math.min(...loads));
    threadOf[radio] = thread;
    loads[thread] = (loads[thread] as number) + load;
  }
  return threadOf;
}
