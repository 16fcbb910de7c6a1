import { copyBytes, readI8, readU32, sliceCopy, writeU32 } from "../../protocol/base/bytes";
import { CHIRP_BYTES } from "../../protocol/beacon/chirp";
import type { Frame } from "../../protocol/beacon/frame";
import { MAX_NIBBLE, type RowMetadata } from "../../protocol/log/contactRow";

/** A chirp that leaves the table: what its row is made of. */
export interface HeardChirp {
  /** 28 bytes, the receiver's to wipe. */
  readonly chirp: Buffer;
  readonly originMinute: number;
  readonly metadata: RowMetadata;
}

/** Most chirps in hand at once; indices are bytes, 0 means none. */
export const TABLE_CHIRPS = 112;

const ENTRY_BYTES = 36;
const ORIGIN_AT = CHIRP_BYTES;
const RSSI_AT = ORIGIN_AT + 4;
const TX_POWER_AT = RSSI_AT + 1;
const DELAY_AT = TX_POWER_AT + 1;
const HEARINGS_AT = DELAY_AT + 1;

/** After so many minutes the wearer of a chirp has gone on to the next one, even if the minutes of the two clocks differ. */
const DIRECT_MINUTES = 2;
/** After so many minutes no repeater may send a chirp any more (age 10 at most, clocks as above). */
const REPEATED_MINUTES = 12;
/** So long, in minutes after its origin minute, may a chirp be on the air; its row is written by then. */
export const MAX_HOLD_MINUTES = 13;

/**
 * The chirps heard in the last minutes, each with its strongest hearing: fixed memory, 4 KB, however many there are. Once a
 * minute `release` hands out those that are complete. When the table is full a new chirp pushes one out before its time:
 * one whose minute is over if there is any, else, in a flood, a random one among those heard once, so that neighbours who
 * are really there (heard again and again) stay.
 */
export class NeighbourTable {
  /** Chirps in hand. */
  count: number;
  private readonly random: (below: number) => number;
  private readonly entries: Buffer;
  /** Index + 1 of the first entry whose chirp ends with a byte, and of the next one of the same bucket. */
  private readonly buckets: Buffer;
  private readonly nextEntry: Buffer;
  /** Where the search for an entry whose minute is over goes on, and the minute in which it found none. */
  private hand: number;
  private noneOverIn: number;
  private searched: number;

  /** @param random an integer from 0 to below `below`; it decides who stays in a flood, nothing secret */
  constructor(random: (below: number) => number) {
    this.random = random;
    this.entries = Buffer.alloc(TABLE_CHIRPS * ENTRY_BYTES);
    this.buckets = Buffer.alloc(256);
    this.nextEntry = Buffer.alloc(TABLE_CHIRPS);
    this.count = 0;
    this.hand = 0;
    this.noneOverIn = -1;
    this.searched = 0;
  }

  /**
   * Adds a hearing in `nowMinute` to a chirp in hand. A direct one overrules what came with an age, and is overruled by none
   * (docs/protocol.md, "Contact row").
   *
   * @returns false if the chirp is not in hand
   */
  update(frame: Frame, rssi: number, nowMinute: number): boolean {
    const entries = this.entries;
    let next = this.buckets[frame.chirp[CHIRP_BYTES - 1]];
    while (next !== 0) {
      const at = (next - 1) * ENTRY_BYTES;
      if (isChirpAt(entries, at, frame.chirp)) {
        const isDirect = entries[at + DELAY_AT] === 0;
        if (isDirect && frame.age > 0) return true;
        if (!isDirect && frame.age === 0) {
          this.begin(at, frame, rssi, nowMinute, 1);
          return true;
        }
        if (rssi > readI8(entries, at + RSSI_AT)) entries[at + RSSI_AT] = rssi & 0xff;
        if (entries[at + HEARINGS_AT] < MAX_NIBBLE) entries[at + HEARINGS_AT] = entries[at + HEARINGS_AT] + 1;
        return true;
      }
      next = this.nextEntry[next - 1];
    }
    return false;
  }

  /**
   * Takes in a chirp that is not in hand.
   *
   * @param nowMinute the receive minute
   * @param hearings how often it has been heard, this time included
   * @returns the chirp that had to make room, if any
   */
  insert(frame: Frame, rssi: number, nowMinute: number, hearings: number): HeardChirp | undefined {
    let pushedOut: HeardChirp | undefined;
    if (this.count >= TABLE_CHIRPS) pushedOut = this.take(this.choose(nowMinute));
    const index = this.count++;
    const at = index * ENTRY_BYTES;
    this.entries.set(frame.chirp, at);
    this.begin(at, frame, rssi, nowMinute, hearings);
    this.link(index);
    return pushedOut;
  }

  /**
   * Hands out one chirp that is complete in `nowMinute`. To be called until there is none (undefined); other calls may come
   * in between, since the search goes on where it stopped.
   */
  release(nowMinute: number): HeardChirp | undefined {
    while (this.searched < this.count) {
      const at = this.searched * ENTRY_BYTES;
      const hold = this.entries[at + DELAY_AT] === 0 ? DIRECT_MINUTES : REPEATED_MINUTES;
      const minutes = nowMinute - readU32(this.entries, at + ORIGIN_AT);
      if (minutes >= hold || minutes < 0) return this.take(this.searched);
      this.searched++;
    }
    this.searched = 0;
    return undefined;
  }

  /** Hands out any chirp, or undefined when none is left: for a restart, which rows must survive. */
  releaseAny(): HeardChirp | undefined {
    return this.count === 0 ? undefined : this.take(this.count - 1);
  }

  /** Sets all that is known of the chirp at `at` to its first hearing. */
  private begin(at: number, frame: Frame, rssi: number, nowMinute: number, hearings: number): void {
    const entries = this.entries;
    writeU32(entries, at + ORIGIN_AT, nowMinute - frame.age);
    entries[at + RSSI_AT] = rssi & 0xff;
    entries[at + TX_POWER_AT] = frame.txPower & 0xff;
    entries[at + DELAY_AT] = frame.age;
    entries[at + HEARINGS_AT] = hearings;
  }

  private choose(nowMinute: number): number {
    if (this.noneOverIn !== nowMinute) {
      for (let i = 0; i < TABLE_CHIRPS; i++) {
        const index = (this.hand + i) % TABLE_CHIRPS;
        if (
          readU32(this.entries, index * ENTRY_BYTES + ORIGIN_AT) + this.entries[index * ENTRY_BYTES + DELAY_AT] <
          nowMinute
        ) {
          this.hand = index;
          return index;
        }
      }
      this.noneOverIn = nowMinute;
    }
    let index = this.random(TABLE_CHIRPS);
    for (let tries = 0; tries < 16 && this.entries[index * ENTRY_BYTES + HEARINGS_AT] > 1; tries++)
      index = this.random(TABLE_CHIRPS);
    return index;
  }

  /** Takes an entry out and wipes it; the last entry moves to its place. */
  private take(index: number): HeardChirp {
    const entries = this.entries;
    const at = index * ENTRY_BYTES;
    const taken: HeardChirp = {
      chirp: sliceCopy(entries, at, CHIRP_BYTES),
      originMinute: readU32(entries, at + ORIGIN_AT),
      metadata: {
        maxRssi: readI8(entries, at + RSSI_AT),
        txPower: readI8(entries, at + TX_POWER_AT),
        delay: entries[at + DELAY_AT],
        hearings: entries[at + HEARINGS_AT],
      },
    };
    this.unlink(index);
    const last = this.count - 1;
    if (index !== last) {
      this.unlink(last);
      copyBytes(entries, at, entries, last * ENTRY_BYTES, ENTRY_BYTES);
      this.link(index);
    }
    entries.set(Buffer.alloc(ENTRY_BYTES), last * ENTRY_BYTES);
    this.count = last;
    return taken;
  }

  private link(index: number): void {
    const bucket = this.entries[index * ENTRY_BYTES + CHIRP_BYTES - 1];
    this.nextEntry[index] = this.buckets[bucket];
    this.buckets[bucket] = index + 1;
  }

  private unlink(index: number): void {
    const bucket = this.entries[index * ENTRY_BYTES + CHIRP_BYTES - 1];
    let next = this.buckets[bucket];
    if (next === index + 1) {
      this.buckets[bucket] = this.nextEntry[index];
      return;
    }
    while (this.nextEntry[next - 1] !== index + 1) next = this.nextEntry[next - 1];
    this.nextEntry[next - 1] = this.nextEntry[index];
  }
}

function isChirpAt(entries: Buffer, at: number, chirp: Buffer): boolean {
  for (let i = CHIRP_BYTES - 1; i >= 0; i--) if (entries[at + i] !== chirp[i]) return false;
  return true;
}
