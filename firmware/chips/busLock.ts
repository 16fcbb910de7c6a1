import type { Timer } from "./lines";

const RETRY_MS = 1;

/**
 * Gives out one thing to one fiber at a time, first come first served. DeviceScript has no promises to wait on, so a waiter
 * looks again every millisecond; holders keep the lock for one SPI transaction only.
 */
export class BusLock {
  private nextTicket = 0;
  private serving = 0;
  private readonly timer: Timer;

  constructor(timer: Timer) {
    this.timer = timer;
  }

  /** Waits for its turn; the caller must `release` on every way out. */
  async acquire(): Promise<void> {
    const ticket = this.nextTicket++;
    while (this.serving !== ticket) await this.timer.sleep(RETRY_MS);
  }

  release(): void {
    this.serving++;
  }
}
