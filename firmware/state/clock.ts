import { readU16, readU32, writeU16, writeU32 } from "../../protocol/base/bytes";
import { hourOfMinute, minuteOfSeconds } from "../../protocol/base/time";
import type { Timer } from "../base/timer";

export enum ClockState {
  /** Never set: the keyfob neither chirps nor logs. */
  Unset = 0,
  Set = 1,
  /** Goes on from a checkpoint after a loss of power without a clock chip: right to some minutes at best. */
  Approximate = 2,
}

/** What setting the clock found. */
export interface ClockSetResult {
  /** Our clock before, minus the time set, ms, within i32; 0 if it was not set. */
  readonly driftMs: number;
  /** Seconds since the clock was last set by a host, 0 if never. */
  readonly sinceSync: number;
  readonly previous: ClockState;
}

/** The times that a host may set: 2024-01-01 to 2100-01-01, Unix seconds. */
export const MIN_CLOCK_SECONDS = 1704067200;
export const MAX_CLOCK_SECONDS = 4102444800;

const MAX_I32 = 0x7fffffff;

/** So far a host may move a clock that is set without asking the wearer; what was used up comes back in a day. */
const FREE_MOVE_MS = 600000;
const FREE_MOVE_BACK_MS = 86400000;

const HOUR_MS = 3600000;

// Checkpoint: version 1 | state 1 | millis u16 | seconds u32 | lastSync u32 | uptime at the checkpoint, ms, 6 | horizon u32
const CHECKPOINT_BYTES = 22;
/** Of a firmware that had no horizon yet. */
const OLD_CHECKPOINT_BYTES = 18;
const VERSION = 1;
const STATE_AT = 1;
const MILLIS_AT = 2;
const SECONDS_AT = 4;
const LAST_SYNC_AT = 8;
const UPTIME_AT = 12;
const HORIZON_AT = 18;

/** From the reset of the chip to the start of its millisecond counter. */
const BOOT_MS = 300;
/** A program starts within so many milliseconds of the reset; an uptime above tells a restart of the program alone. */
const PROGRAM_START_MS = 5000;
const MAX_MILLIS = 1000;

/** UTC, kept by the milliseconds since start. It says 0 until it is set. */
export class Clock {
  state: ClockState;
  /** When a host last set it, Unix seconds, or 0. */
  lastSync: number;
  /** The oldest hour that counts, 0 before there is one. */
  horizon: number;
  private readonly timer: Timer;
  /** Unix milliseconds at uptime 0. */
  private startMs: number;
  /** What hosts have used up of FREE_MOVE_MS, as of the uptime `movedAtMs`. */
  private movedMs: number;
  private movedAtMs: number;
  /** Uptime up to which the horizon was moved. */
  private horizonAtMs: number;

  constructor(timer: Timer) {
    this.timer = timer;
    this.state = ClockState.Unset;
    this.lastSync = 0;
    this.horizon = 0;
    this.startMs = 0;
    this.movedMs = 0;
    this.movedAtMs = 0;
    this.horizonAtMs = timer.millis();
  }

  isSet(): boolean {
    return this.state !== ClockState.Unset;
  }

  /** Unix milliseconds, 0 when not set. */
  nowMs(): number {
    return this.isSet() ? this.startMs + this.timer.millis() : 0;
  }

  /** Unix seconds, 0 when not set. */
  seconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }

  /** The present minute number, 0 when not set. */
  minute(): number {
    return minuteOfSeconds(this.seconds());
  }

  /**
   * When the next second of the minute begins (of the time since power-on while the clock is not set), in milliseconds of the
   * timer: the common second, to which everything waits that is not urgent.
   */
  nextSecond(): number {
    const now = this.timer.millis();
    return now + 1000 - (Math.floor(this.startMs + now) % 1000);
  }

  /** Whether a host may set this time by itself: a wrong clock silences a keyfob, and ages what it keeps. */
  isNear(seconds: number, millis: number): boolean {
    if (!this.isSet()) return true;
    return this.usedMs() + Math.abs(seconds * 1000 + millis - this.nowMs()) <= FREE_MOVE_MS;
  }

  private usedMs(): number {
    const sinceMs = this.timer.millis() - this.movedAtMs;
    return Math.max(0, this.movedMs - (sinceMs / FREE_MOVE_BACK_MS) * FREE_MOVE_MS);
  }

  /**
   * Moves the horizon towards the oldest hour that `retentionHours` keep, by two hours at most for each that really passed. A clock
   * that was set wrong then ages little before it is right again.
   */
  advanceHorizon(retentionHours: number): void {
    const hours = Math.floor((this.timer.millis() - this.horizonAtMs) / HOUR_MS);
    this.horizonAtMs += hours * HOUR_MS;
    const horizon = this.horizon + 2 * hours;
    this.restartHorizon(retentionHours);
    if (horizon > 0 && horizon < this.horizon) this.horizon = horizon;
  }

  /** Puts the horizon where the clock has it now: for a new keyfob, and for a retention that the wearer chose. */
  restartHorizon(retentionHours: number): void {
    this.horizon = hourOfMinute(this.minute()) - retentionHours;
  }

  /** A host sets the clock: `seconds` within MIN_CLOCK_SECONDS and MAX_CLOCK_SECONDS, `millis` 0 to 999. */
  set(seconds: number, millis: number): ClockSetResult {
    const previous = this.state;
    const setMs = seconds * 1000 + millis;
    const offMs = previous === ClockState.Unset ? 0 : Math.round(this.nowMs() - setMs);
    const driftMs = Math.max(-MAX_I32, Math.min(MAX_I32, offMs));
    this.movedMs = Math.min(FREE_MOVE_MS, this.usedMs() + Math.abs(offMs));
    this.movedAtMs = this.timer.millis();
    const sinceSync = this.lastSync === 0 ? 0 : Math.max(0, seconds - this.lastSync);
    this.startMs = setMs - this.timer.millis();
    this.state = ClockState.Set;
    this.lastSync = seconds;
    return { driftMs, sinceSync, previous };
  }

  /** Knows no time any more. */
  forget(): void {
    this.state = ClockState.Unset;
  }

  /** Takes over the time of a clock chip that can be believed. */
  adopt(unixSeconds: number): void {
    this.startMs = unixSeconds * 1000 - this.timer.millis();
    this.state = ClockState.Set;
  }

  /** What to keep in flash to go on from: 22 bytes. */
  checkpoint(): Buffer {
    const nowMs = Math.floor(this.nowMs());
    const seconds = Math.floor(nowMs / 1000);
    const upMs = Math.floor(this.timer.millis());
    const bytes = Buffer.alloc(CHECKPOINT_BYTES);
    bytes[0] = VERSION;
    bytes[STATE_AT] = this.state;
    writeU16(bytes, MILLIS_AT, nowMs - seconds * 1000);
    writeU32(bytes, SECONDS_AT, seconds);
    writeU32(bytes, LAST_SYNC_AT, this.lastSync);
    writeU32(bytes, HORIZON_AT, this.horizon);
    const upHigh = Math.floor(upMs / 0x100000000);
    writeU16(bytes, UPTIME_AT, upHigh);
    writeU32(bytes, UPTIME_AT + 2, upMs - upHigh * 0x100000000);
    return bytes;
  }

  /**
   * Goes on from the checkpoint of the run before. Exact if only the program restarted (the milliseconds ran on) or the
   * restart was `planned` (it follows the checkpoint at once); else approximate, since nobody knows how long the power was
   * gone. Anything but a whole checkpoint of a set clock leaves the clock unset.
   */
  resume(checkpoint: Buffer, planned: boolean): void {
    if (checkpoint.length < OLD_CHECKPOINT_BYTES || checkpoint[0] !== VERSION) return;
    const state = checkpoint[STATE_AT];
    if (state !== ClockState.Set && state !== ClockState.Approximate) return;
    const seconds = readU32(checkpoint, SECONDS_AT);
    const millis = readU16(checkpoint, MILLIS_AT);
    if (seconds < MIN_CLOCK_SECONDS || seconds > MAX_CLOCK_SECONDS || millis >= MAX_MILLIS) return;
    const thenMs = seconds * 1000 + millis;
    const thenUp = readU16(checkpoint, UPTIME_AT) * 0x100000000 + readU32(checkpoint, UPTIME_AT + 2);
    const up = this.timer.millis();
    const sameRun = up > PROGRAM_START_MS && up >= thenUp;
    this.startMs = sameRun ? thenMs - thenUp : thenMs + BOOT_MS;
    this.state = sameRun || planned ? state : ClockState.Approximate;
    this.lastSync = readU32(checkpoint, LAST_SYNC_AT);
    if (checkpoint.length === CHECKPOINT_BYTES) this.horizon = readU32(checkpoint, HORIZON_AT);
  }
}
