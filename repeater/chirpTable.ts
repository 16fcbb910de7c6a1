import { compareBytes, copyBytes, readU16, sliceCopy, writeU16 } from "../protocol/base/bytes";
import { MAX_ID_BYTES } from "../protocol/beacon/sighting";

/** No such entry. */
export const NONE = -1;

const BUCKETS = 512;
/** Entries that one call of `compact` moves. */
const MAX_MOVES = 50;
/** Links are index + 1. */
const NO_LINK = 0;
/** Times are stored as seconds since power-on modulo this; a chirp stays for 11 minutes. */
const SECONDS_WRAP = 0x10000;
const MINUTE_S = 60;

// Entry: first hearing u16 s | strongest hearing, dBm + 128, 0 for an entry that is gone | age when last sent | next of bucket u16
const HEARD_AT = 0;
const RSSI_AT = 2;
const SENT_AT = 3;
const NEXT_AT = 4;
const ENTRY_BYTES = 6;
const RSSI_BIAS = 128;
const GONE = 0;

const ZERO_CHIRP = Buffer.alloc(MAX_ID_BYTES);
const ZEROS = Buffer.alloc(256);

/**
 * The chirps that a repeater remembers: fixed memory, allocated once, 34 bytes a chirp. An index stays valid until
 * `compact`; what is removed is overwritten at once and leaves a gap until then.
 */
export class ChirpTable {
  /** Entries in use, gaps included: indices are below it. */
  size: number;
  /** Chirps held. */
  count: number;
  /** Most chirps that it holds. */
  readonly capacity: number;
  private readonly chirps: Buffer;
  private readonly entries: Buffer;
  private readonly buckets: Buffer;
  /** Chirps held of each strength, so that the weakest is known without a search. */
  private readonly ofStrength: Buffer;
  private hand: number;

  /** @param capacity 1 to 1,200 */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.chirps = Buffer.alloc(capacity * MAX_ID_BYTES);
    this.entries = Buffer.alloc(capacity * ENTRY_BYTES);
    this.buckets = Buffer.alloc(BUCKETS * 2);
    this.ofStrength = Buffer.alloc(256 * 2);
    this.size = 0;
    this.count = 0;
    this.hand = 0;
  }

  /** Index of a chirp, or NONE. */
  find(chirp: Buffer): number {
    let link = readU16(this.buckets, bucketAt(chirp, 0));
    while (link !== NO_LINK && compareBytes(this.chirps, (link - 1) * MAX_ID_BYTES, chirp, 0, MAX_ID_BYTES) !== 0)
      link = this.nextLink(link);
    return link - 1;
  }

  /** Takes in a chirp that it does not hold, first heard now. @returns false if the table is full */
  add(chirp: Buffer, rssiDbm: number, nowS: number): boolean {
    if (this.count >= this.capacity) return false;
    let index = this.size;
    if (index < this.capacity) this.size++;
    else {
      this.turnHandTo(GONE);
      index = this.hand;
    }
    this.put(index, chirp, rssiDbm, nowS);
    return true;
  }

  /** Index of the weakest chirp, if it is weaker than `rssiDbm`, or NONE. */
  weakerThan(rssiDbm: number): number {
    const weakest = this.weakest();
    if (this.count === 0 || strengthOf(rssiDbm) <= weakest) return NONE;
    this.turnHandTo(weakest);
    return this.hand;
  }

  /** Overwrites a chirp with a new one, first heard now. */
  replace(index: number, chirp: Buffer, rssiDbm: number, nowS: number): void {
    this.remove(index);
    this.put(index, chirp, rssiDbm, nowS);
  }

  /** Notes another hearing of a chirp; the strongest counts. */
  strengthen(index: number, rssiDbm: number): void {
    const at = index * ENTRY_BYTES + RSSI_AT;
    const strength = strengthOf(rssiDbm);
    if (strength <= this.entries[at]) return;
    this.tally(this.entries[at], -1);
    this.tally(strength, 1);
    this.entries[at] = strength;
  }

  /** Whether the entry holds a chirp. */
  holds(index: number): boolean {
    return this.entries[index * ENTRY_BYTES + RSSI_AT] !== GONE;
  }

  /** A copy of a chirp, 28 bytes. */
  chirp(index: number): Buffer {
    return sliceCopy(this.chirps, index * MAX_ID_BYTES, MAX_ID_BYTES);
  }

  /** Whole minutes since a chirp was first heard. */
  ageMinutes(index: number, nowS: number): number {
    const seconds = (nowS % SECONDS_WRAP) - readU16(this.entries, index * ENTRY_BYTES + HEARD_AT);
    return Math.floor((seconds < 0 ? seconds + SECONDS_WRAP : seconds) / MINUTE_S);
  }

  /** The age, in minutes, at which a chirp was last sent; 0: not yet. */
  sentAge(index: number): number {
    return this.entries[index * ENTRY_BYTES + SENT_AT];
  }

  markSent(index: number, age: number): void {
    this.entries[index * ENTRY_BYTES + SENT_AT] = age;
  }

  /** How many chirps were first heard at least `seconds` ago. */
  countOlder(seconds: number, nowS: number): number {
    const now = nowS % SECONDS_WRAP;
    const entries = this.entries;
    let older = 0;
    for (let at = this.size * ENTRY_BYTES - ENTRY_BYTES; at >= 0; at -= ENTRY_BYTES) {
      if (entries[at + RSSI_AT] === GONE) continue;
      const since = now - ((entries[at] << 8) | entries[at + 1]);
      if ((since < 0 ? since + SECONDS_WRAP : since) >= seconds) older++;
    }
    return older;
  }

  /** Overwrites a chirp; its entry is a gap from now on. */
  remove(index: number): void {
    this.unlink(index);
    this.tally(this.entries[index * ENTRY_BYTES + RSSI_AT], -1);
    this.entries[index * ENTRY_BYTES + RSSI_AT] = GONE;
    this.chirps.set(ZERO_CHIRP, index * MAX_ID_BYTES);
    this.count--;
  }

  /** Closes gaps, some at a time (the VM allows 131,072 steps without a pause): entries move to other indices. */
  compact(): void {
    const entries = this.entries;
    let moves = 0;
    for (let index = 0; this.size > this.count && moves < MAX_MOVES; index++) {
      while (this.size > this.count && entries[(this.size - 1) * ENTRY_BYTES + RSSI_AT] === GONE) this.size--;
      while (index < this.size && entries[index * ENTRY_BYTES + RSSI_AT] !== GONE) index++;
      if (index < this.size) {
        this.move(this.size - 1, index);
        moves++;
      }
    }
  }

  /** Overwrites everything. */
  clear(): void {
    overwrite(this.chirps);
    overwrite(this.entries);
    overwrite(this.buckets);
    overwrite(this.ofStrength);
    this.size = 0;
    this.count = 0;
    this.hand = 0;
  }

  private put(index: number, chirp: Buffer, rssiDbm: number, nowS: number): void {
    const at = index * ENTRY_BYTES;
    this.chirps.set(chirp, index * MAX_ID_BYTES);
    writeU16(this.entries, at + HEARD_AT, nowS % SECONDS_WRAP);
    this.entries[at + RSSI_AT] = strengthOf(rssiDbm);
    this.entries[at + SENT_AT] = 0;
    this.tally(strengthOf(rssiDbm), 1);
    this.link(index);
    this.count++;
  }

  private move(from: number, to: number): void {
    this.unlink(from);
    copyBytes(this.chirps, to * MAX_ID_BYTES, this.chirps, from * MAX_ID_BYTES, MAX_ID_BYTES);
    copyBytes(this.entries, to * ENTRY_BYTES, this.entries, from * ENTRY_BYTES, ENTRY_BYTES);
    this.chirps.set(ZERO_CHIRP, from * MAX_ID_BYTES);
    this.entries[from * ENTRY_BYTES + RSSI_AT] = GONE;
    this.link(to);
    this.size--;
  }

  private link(index: number): void {
    const bucket = bucketAt(this.chirps, index * MAX_ID_BYTES);
    copyBytes(this.entries, index * ENTRY_BYTES + NEXT_AT, this.buckets, bucket, 2);
    writeU16(this.buckets, bucket, index + 1);
  }

  private unlink(index: number): void {
    const bucket = bucketAt(this.chirps, index * MAX_ID_BYTES);
    const nextAt = index * ENTRY_BYTES + NEXT_AT;
    let before = readU16(this.buckets, bucket);
    if (before === index + 1) {
      copyBytes(this.buckets, bucket, this.entries, nextAt, 2);
      return;
    }
    while (this.nextLink(before) !== index + 1) before = this.nextLink(before);
    copyBytes(this.entries, (before - 1) * ENTRY_BYTES + NEXT_AT, this.entries, nextAt, 2);
  }

  private nextLink(link: number): number {
    return readU16(this.entries, (link - 1) * ENTRY_BYTES + NEXT_AT);
  }

  /** Goes on from the last entry that made room to the next one of a strength, so that no place in the table is favoured. */
  private turnHandTo(strength: number): void {
    const entries = this.entries;
    let at = this.hand * ENTRY_BYTES + RSSI_AT;
    while (entries[at] !== strength) {
      at += ENTRY_BYTES;
      if (at >= entries.length) at = RSSI_AT;
    }
    this.hand = Math.floor(at / ENTRY_BYTES);
  }

  private weakest(): number {
    let strength = GONE + 1;
    while (strength < 255 && readU16(this.ofStrength, strength * 2) === 0) strength++;
    return strength;
  }

  private tally(strength: number, change: number): void {
    writeU16(this.ofStrength, strength * 2, readU16(this.ofStrength, strength * 2) + change);
  }
}

function strengthOf(rssiDbm: number): number {
  return rssiDbm + RSSI_BIAS;
}

/** The last nine bits of a chirp choose its bucket. */
function bucketAt(chirps: Buffer, at: number): number {
  return (chirps[at + MAX_ID_BYTES - 1] | ((chirps[at + MAX_ID_BYTES - 2] & 1) << 8)) * 2;
}

function overwrite(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += ZEROS.length)
    bytes.set(at + ZEROS.length <= bytes.length ? ZEROS : Buffer.alloc(bytes.length - at), at);
}
