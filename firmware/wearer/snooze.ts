import type { Clock } from "../state/clock";

/** The wearer's pause: nothing is chirped until it is over. Listening and seeds go on, so that nobody can tell later. */
export class Snooze {
  private readonly clock: Clock;
  private end: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.end = 0;
  }

  /** Snoozes for `minutes` from now, 0: no longer. @returns false if there is no clock to count by */
  begin(minutes: number): boolean {
    if (!this.clock.isSet()) return minutes === 0;
    this.end = minutes === 0 ? 0 : this.clock.seconds() + minutes * 60;
    return true;
  }

  isOn(): boolean {
    return this.until() !== 0;
  }

  /** Unix seconds at which chirping goes on, 0 when not snoozed. */
  until(): number {
    if (this.end !== 0 && this.clock.seconds() >= this.end) this.end = 0;
    return this.end;
  }

  /** The clock was put forward by so many milliseconds: what is left of the pause stays as long as it was. */
  shift(ms: number): void {
    if (this.end !== 0) this.end += Math.round(ms / 1000);
  }

  /** Takes over what a restart left. */
  resume(until: number): void {
    this.end = until;
  }
}
