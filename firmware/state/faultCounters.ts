import { readU16, writeU16 } from "../../protocol/base/bytes";
import type { SettingsStore } from "../board/settingsStore";

// What goes wrong is counted where a restart does not reach, because a restart is often the consequence. DeviceScript cannot
// ask the chip why it started, so a start counts as a crash unless the program announced the restart.

/** What is counted. The numbers stand in stored records: append, never renumber. */
export enum Fault {
  /** A start that nothing announced: power cut, brown-out, panic or watchdog. */
  Crash = 0,
  /** The radio was silent or answered nonsense and was reset. */
  RadioReset = 1,
  /** An operation of the flash store failed. */
  FlashError = 2,
  /** The clock chip reported a stopped oscillator, or did not answer. */
  ClockLost = 3,
  /** A caught exception that should not happen. */
  Exception = 4,
}

/** Counters in a record. */
export const FAULT_KINDS = 5;

/** Crashes within SAFE_MODE_WINDOW_MINUTES that lead to safe mode. */
export const SAFE_MODE_CRASHES = 3;
export const SAFE_MODE_WINDOW_MINUTES = 10;

/** The setting that the record lives in: it outlives a restart and loss of power. */
const SETTING = "faults";

// Record: version 1 | flags 1 | minutes of the three last sessions, newest first, 3 x 1 | counters 5 x u16 | checksum u16
const VERSION = 1;
const SESSIONS_AT = 2;
const COUNTERS_AT = SESSIONS_AT + SAFE_MODE_CRASHES;
const CHECKSUM_AT = COUNTERS_AT + 2 * FAULT_KINDS;

/** Bytes of a stored record. */
export const FAULT_RECORD_BYTES = CHECKSUM_AT + 2;

/** Flag: the session that wrote this announced its end. */
const PLANNED = 0x01;
const COUNTER_MAX = 0xffff;

/** A session so long, or so properly ended, that the crashes before it are no loop. */
const CALM = 0xff;

/**
 * Fault counters of one keyfob, and the decision whether this start is one too many: the third crash within ten minutes
 * leads to safe mode, in which the program starts neither radio nor log but answers USB.
 */
export class FaultCounters {
  /** This start is the consequence of three crashes within ten minutes. */
  readonly safeMode: boolean;
  private readonly record: Buffer;
  private readonly settings: SettingsStore;
  /** Saves take turns, so that an older record never lands on a newer one. */
  private saving = false;
  private stale = false;

  private constructor(record: Buffer, safeMode: boolean, settings: SettingsStore) {
    this.record = record;
    this.safeMode = safeMode;
    this.settings = settings;
  }

  /** Reads what the last session left, counts this start and stores the result before it returns. */
  static async start(settings: SettingsStore): Promise<FaultCounters> {
    const loaded = await settings.get(SETTING);
    const record = loaded && isValid(loaded) ? loaded : firstRecord();
    const crashed = (record[1] & PLANNED) === 0;
    if (crashed) increment(record, Fault.Crash);
    const safeMode = crashed && isLoop(record);
    for (let i = SAFE_MODE_CRASHES - 1; i > 0; i--) record[SESSIONS_AT + i] = record[SESSIONS_AT + i - 1];
    // A session that ended as planned breaks the chain, and so does safe mode: the next start tries the whole program again.
    if (!crashed || safeMode) for (let i = 1; i < SAFE_MODE_CRASHES; i++) record[SESSIONS_AT + i] = CALM;
    record[SESSIONS_AT] = 0;
    record[1] = 0;
    const counters = new FaultCounters(record, safeMode, settings);
    await counters.save();
    return counters;
  }

  /** How often `fault` has happened in the life of this keyfob, 65,535 at most. */
  count(fault: Fault): number {
    return readU16(this.record, COUNTERS_AT + 2 * fault);
  }

  /** Counts one more. Stored at once for the first of its kind in a power of two, so that a storm does not wear the flash out. */
  async add(fault: Fault): Promise<void> {
    increment(this.record, fault);
    const count = this.count(fault);
    if ((count & (count - 1)) === 0) await this.save();
    else this.stale = true;
  }

  /** To be called once a minute: stores how long this session has lasted, ten times at most. */
  async minutePassed(): Promise<void> {
    const minutes = this.record[SESSIONS_AT];
    if (minutes < SAFE_MODE_WINDOW_MINUTES) this.record[SESSIONS_AT] = minutes + 1;
    else if (!this.stale) return;
    await this.save();
  }

  /** To be called right before a restart that is no crash. */
  async announceRestart(): Promise<void> {
    this.record[1] = PLANNED;
    await this.save();
  }

  private async save(): Promise<void> {
    this.stale = true;
    if (this.saving) return;
    this.saving = true;
    try {
      while (this.stale) {
        this.stale = false;
        writeU16(this.record, CHECKSUM_AT, checksum(this.record));
        await this.settings.set(SETTING, this.record);
      }
    } finally {
      this.saving = false;
    }
  }
}

/**
 * The newest session has just crashed, and so did the two before it. From the first of these three crashes to the third
 * passed the two newer sessions, each up to a minute longer than stored.
 */
function isLoop(record: Buffer): boolean {
  let minutes = 0;
  for (let i = 0; i < SAFE_MODE_CRASHES - 1; i++) minutes += record[SESSIONS_AT + i];
  return record[SESSIONS_AT + SAFE_MODE_CRASHES - 1] !== CALM && minutes < SAFE_MODE_WINDOW_MINUTES;
}

/** Before a first start, or after a record that was lost, there was no crash. */
function firstRecord(): Buffer {
  const record = Buffer.alloc(FAULT_RECORD_BYTES);
  record[0] = VERSION;
  record[1] = PLANNED;
  return record;
}

function isValid(record: Buffer): boolean {
  return (
    record.length === FAULT_RECORD_BYTES && record[0] === VERSION && readU16(record, CHECKSUM_AT) === checksum(record)
  );
}

function increment(record: Buffer, fault: Fault): void {
  const at = COUNTERS_AT + 2 * fault;
  writeU16(record, at, Math.min(readU16(record, at) + 1, COUNTER_MAX));
}

/** Fletcher's sum: a record that was half written does not pass. */
function checksum(record: Buffer): number {
  let low = 1;
  let high = 0;
  for (let i = 0; i < CHECKSUM_AT; i++) {
    low = (low + record[i]) % 255;
    high = (high + low) % 255;
  }
  return (high << 8) | low;
}
