import type { Timer } from "./timer";

/** What the program asks of the system below it, injected so that it also runs without DeviceScript. */
export interface Runtime {
  readonly timer: Timer;
  /** Bytes of the hardware random number generator. */
  randomBytes(length: number): Buffer;
  /** Runs `work` beside everything else. It must catch its own errors: what it throws restarts the program. */
  background(work: () => Promise<void>): void;
  /** Waits until `untilMs` (milliseconds of the timer), or until `wake`. For the agenda alone. */
  rest(untilMs: number): Promise<void>;
  /** Ends the rest, if there is one. */
  wake(): void;
  /** Restarts the device; does not return. */
  reboot(): void;
}
