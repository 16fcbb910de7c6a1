import { isZero, readU16, sliceCopy, writeU16 } from "../../protocol/base/bytes";
import { adviceFor, type DayAdvice, type ScoreConfig, weightedMinutes } from "../../protocol/match/score";
import type { Timer } from "../base/timer";
import { MatchList } from "./matchList";
import { addMatch, hourOfMatch, isReverse, isSameSeed, MATCH_BYTES, minutesOf } from "./matchRecord";

/** The log that keeps matches of verified shards: up to two records in a payload, under the hour of the later one. */
export interface ResultStore {
  append(hour: number, payload: Buffer): Promise<void>;
  visitRecords(visit: (hour: number, payload: Buffer) => Promise<void>): Promise<void>;
}

const RECORDS_PER_PAYLOAD = 2;
const HOURS_PER_DAY = 24;
const COMPARISONS_A_SLICE = 200;
const MOVES_A_SLICE = 200;
const MAX_DAYS = 91;
/** Matches are kept 1 to 5 s after their shard was verified. */
const WAIT_MS = 50;
const MIN_WAITS = 20;
const MORE_WAITS = 80;
const MAX_PENDING = 3;

/** What came out of all verified shards so far. */
export class Results {
  private readonly store: ResultStore;
  private readonly timer: Timer;
  private readonly random: (below: number) => number;
  /** Shards whose matches wait to be kept, and whether somebody wants to read the results now. */
  private pending: number;
  private isWanted: boolean;
  private isKeeping: boolean;

  constructor(store: ResultStore, timer: Timer, random: (below: number) => number) {
    this.store = store;
    this.timer = timer;
    this.random = random;
    this.pending = 0;
    this.isWanted = false;
    this.isKeeping = false;
  }

  /** Whether matches wait to be kept. */
  isPending(): boolean {
    return this.pending > 0;
  }

  /** Whether so many shards' matches wait that their memory might not be there for another one. */
  isFull(): boolean {
    return this.pending >= MAX_PENDING;
  }

  /**
   * Keeps the matches of a verified shard after a while that depends on nothing but chance, so that a host which sends one
   * shard after the other sees no pause where something matched. @param kept called when they are safe in flash
   * @throws FlashError
   */
  async keepLater(matches: MatchList, kept: () => Promise<void>): Promise<void> {
    this.pending++;
    try {
      for (let left = MIN_WAITS + this.random(MORE_WAITS); left > 0 && !this.isWanted; left--)
        await this.timer.sleep(WAIT_MS);
      while (this.isKeeping) await this.timer.sleep(WAIT_MS);
      this.isKeeping = true;
      await this.keep(matches);
      await kept();
    } finally {
      this.isKeeping = false;
      this.pending--;
    }
  }

  /** Resolves when nothing waits to be kept any more. */
  async settle(): Promise<void> {
    this.isWanted = true;
    while (this.pending > 0) await this.timer.sleep(WAIT_MS);
    this.isWanted = false;
  }

  /** Keeps matches, except of seeds that are kept already. */
  private async keep(matches: MatchList): Promise<void> {
    const timer = this.timer;
    // Plain bytes: an array that grows wants its memory in one piece, which may not be there.
    const known = Buffer.alloc(matches.count);
    let comparisons = 0;
    await this.forEachRecord(async (record) => {
      for (let i = 0; i < matches.count; i++) if (isSameSeed(matches.get(i), record)) known[i] = 1;
      comparisons += matches.count;
      if (comparisons < COMPARISONS_A_SLICE) return;
      comparisons = 0;
      await timer.sleep(1);
    });
    let payload = Buffer.alloc(RECORDS_PER_PAYLOAD * MATCH_BYTES);
    let filled = 0;
    let hour = 0;
    for (let i = 0; i < matches.count; i++) {
      if (known[i] !== 0) continue;
      const match = matches.get(i);
      payload.set(match, filled);
      filled += MATCH_BYTES;
      hour = hourOfMatch(match);
      if (filled < payload.length) continue;
      await this.store.append(hour, payload);
      payload = Buffer.alloc(payload.length);
      filled = 0;
    }
    if (filled > 0) await this.store.append(hour, payload);
  }

  /** One record for every hour from `firstHour` on (two where some ask for sources and some do not), by hour. @throws FlashError */
  async byHour(firstHour: number): Promise<MatchList> {
    const timer = this.timer;
    const merged = new MatchList();
    let moves = 0;
    await this.forEachRecord(async (record) => {
      if (hourOfMatch(record) < firstHour) return;
      let at = merged.count;
      while (at > 0 && comesBefore(record, merged.get(at - 1))) at--;
      moves += merged.count - at;
      if (at > 0 && !comesBefore(merged.get(at - 1), record)) {
        const sum = merged.get(at - 1);
        addMatch(sum, record);
        merged.put(at - 1, sum);
      } else merged.insert(at, record);
      if (moves < MOVES_A_SLICE) return;
      moves = 0;
      await timer.sleep(1);
    });
    return merged;
  }

  /** The gravest advice of any day from `firstHour` on. @throws FlashError */
  async advice(score: ScoreConfig, firstHour: number): Promise<DayAdvice> {
    const firstDay = Math.floor(firstHour / HOURS_PER_DAY);
    const hundredths = Buffer.alloc(2 * (MAX_DAYS + 1));
    await this.forEachRecord(async (record) => {
      const day = Math.floor(hourOfMatch(record) / HOURS_PER_DAY) - firstDay;
      if (day < 0 || day > MAX_DAYS) return;
      let shared = 0;
      for (const minutes of minutesOf(record, false)) shared += minutes;
      const weighted = readU16(hundredths, 2 * day) + 100 * weightedMinutes(score, minutesOf(record, true), shared);
      writeU16(hundredths, 2 * day, Math.min(0xffff, Math.round(weighted)));
    });
    let gravest: DayAdvice = "none";
    for (let at = 0; at < hundredths.length; at += 2) {
      const advice = adviceFor(score, readU16(hundredths, at) / 100);
      if (advice === "alert" || gravest === "none") gravest = advice;
    }
    return gravest;
  }

  private async forEachRecord(visit: (record: Buffer) => Promise<void>): Promise<void> {
    await this.store.visitRecords(async (_hour, payload) => {
      for (let i = 0; i < RECORDS_PER_PAYLOAD; i++) {
        const at = i * MATCH_BYTES;
        if (!isZero(payload, at, MATCH_BYTES)) await visit(sliceCopy(payload, at, MATCH_BYTES));
      }
    });
  }
}

/** Order of merged records: by hour, those that ask for sources last. */
function comesBefore(a: Buffer, b: Buffer): boolean {
  const difference = hourOfMatch(a) - hourOfMatch(b);
  return difference < 0 || (difference === 0 && !isReverse(a) && isReverse(b));
}
