// The time by which a server deletes and publishes. The machine's clock may jump: somebody sets it, or a battery is empty. So the
// time goes on by a monotonic clock from where the machine's clock stood at the start; while the two disagree, and while the
// machine's clock is behind or far ahead of what the database saw last, nothing is done that cannot be undone.

import type { Clock } from "./clock";

/** The machine's clock may differ by so much from the monotonic one: more than an adjustment over the network makes at once. */
const TOLERANCE_SECONDS = 60;

/** And is followed by so much at each look, so that a slow drift of the monotonic clock adds up to nothing. */
const FOLLOW_SECONDS = 1;

/** The database's last time may be ahead by so much, if another instance wrote it. */
const BEHIND_SECONDS = 300;

/** A server that was away for longer must first have its clock confirmed, or run for as long. */
const MAX_AWAY_SECONDS = 86_400;

export type ClockVerdict =
  | { readonly isRight: true }
  | { readonly isRight: false; readonly why: "jumped" | "behind" | "away"; readonly bySeconds: number };

export class SteadyClock {
  private anchorWall: number;
  private anchorMonotonic: number;
  private readonly startedMonotonic: number;
  private isConfirmed = false;

  /**
   * @param wall the machine's clock
   * @param monotonic seconds since any moment; never jumps
   */
  constructor(
    private readonly wall: Clock,
    private readonly monotonic: () => number,
  ) {
    this.anchorWall = wall();
    this.anchorMonotonic = monotonic();
    this.startedMonotonic = this.anchorMonotonic;
  }

  /** Unix seconds. */
  readonly now: Clock = () => Math.floor(this.anchorWall + this.monotonic() - this.anchorMonotonic);

  /**
   * Whether the time can be trusted with what cannot be undone.
   * @param lastSeen the last time that the database saw, Unix seconds; undefined for a new one
   */
  look(lastSeen: number | undefined): ClockVerdict {
    const ahead = this.wall() - this.now();
    if (Math.abs(ahead) > TOLERANCE_SECONDS) return { isRight: false, why: "jumped", bySeconds: ahead };
    this.follow(ahead);
    if (lastSeen === undefined) return { isRight: true };
    const since = this.now() - lastSeen;
    if (since < -BEHIND_SECONDS) return { isRight: false, why: "behind", bySeconds: since };
    const hasProved = this.isConfirmed || this.monotonic() - this.startedMonotonic >= MAX_AWAY_SECONDS;
    if (since > MAX_AWAY_SECONDS && !hasProved) return { isRight: false, why: "away", bySeconds: since };
    return { isRight: true };
  }

  /** An operator says that the time is right after a long pause. */
  confirm(): void {
    this.isConfirmed = true;
  }

  private follow(ahead: number): void {
    const step = Math.max(-FOLLOW_SECONDS, Math.min(FOLLOW_SECONDS, ahead));
    this.anchorWall = this.anchorWall + (this.monotonic() - this.anchorMonotonic) + step;
    this.anchorMonotonic = this.monotonic();
  }
}
