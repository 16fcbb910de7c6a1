import type { Scheduler } from "./desk";

/** One behaviour of the chip drivers, to be shown in Node and in the VM. */
export interface ChipCase {
  /** What it shows, as a sentence. */
  readonly title: string;
  /** Throws if it does not show it. */
  readonly run: (scheduler: Scheduler) => Promise<void>;
}
