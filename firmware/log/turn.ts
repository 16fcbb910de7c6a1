/** Gives other fibers a chance to run; on the device a sleep, which also tells the interpreter that no loop is stuck. */
export type Pause = () => Promise<void>;

/** Lets one fiber at a time change a log, because a fiber gives way at every await. */
export class Turn {
  private taken: boolean;
  private readonly pause: Pause;

  constructor(pause: Pause) {
    this.taken = false;
    this.pause = pause;
  }

  /** Resolves once the caller has the turn, which it must give back. */
  async take(): Promise<void> {
    while (this.taken) await this.pause();
    this.taken = true;
  }

  give(): void {
    this.taken = false;
  }
}
