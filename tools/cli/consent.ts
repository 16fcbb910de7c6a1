import type { ConsentWait } from "../keyfob/keyfob";
import { note } from "./output";
import { canRedraw } from "./terminal";

/** Tells the person at the computer what the person with the keyfob has to do, and counts down on a terminal. */
export class ConsentPrompt {
  private isDrawn = false;
  private told = false;

  constructor(private readonly request: string) {}

  wait(signal: AbortSignal): ConsentWait {
    return {
      signal,
      onWaiting: (seconds) => this.waiting(seconds),
      onBusy: () =>
        note("The keyfob is still busy with an earlier question or import; waiting for it (up to a minute) ..."),
    };
  }

  /** Ends the line of the countdown. */
  done(): void {
    if (this.isDrawn) process.stderr.write("\r\x1b[K");
    this.isDrawn = false;
  }

  private waiting(seconds: number): void {
    if (!canRedraw()) {
      if (!this.told) note(this.request);
      this.told = true;
      return;
    }
    this.isDrawn = true;
    process.stderr.write(`\r\x1b[K${this.request}${seconds > 0 ? ` (${seconds} s left)` : ""}`);
  }
}
