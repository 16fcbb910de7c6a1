/** Gives other fibers a chance to run; on the device a sleep, which also tells the interpreter that no loop is stuck. */
export type Pause = () => Promise<void>;

/**
 * Lets one fiber at a time change a log, or talk on a bus, first come first served, because a fiber gives way at every await.
 * DeviceScript has no promises to wait on, so a waiter looks again after every pause.
 */
export class Turn {
  private nextTicket: number;
  private serving: number;
  private readonly pause: Pause;

  constructor(pause: Pause) {
    this.nextTicket = 0;
    this.serving = 0;
    this.pause = pause;
  }

  /** Resolves once the caller has the turn, which it must give back on every way out. */
  async take(): Promise<void> {
    const ticket = this.nextTicket++;
    while (this.serving !== ticket) await this.pause();
  }

  give(): void {
    this.serving++;
  }
}
