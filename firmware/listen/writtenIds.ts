import { readU16, writeU16 } from "../../protocol/base/bytes";
import type { Beacon } from "../../protocol/beacon/sighting";

const SETS = 512;
const WAYS = 4;
/** Twelve bits of the identifier, then four bits of stamp: the minute of the row's writing modulo 15, plus 1; 0: free. */
const SLOT_BYTES = 2;
const SET_BYTES = WAYS * SLOT_BYTES;
const STAMPS = 15;
/** Bytes of what `recent` tells of an identifier: set u16 | slot 2. */
const REMEMBERED_BYTES = 4;

/**
 * Remembers, for the 13 minutes in which they may still be on the air, the identifiers whose row has been written, so that
 * none gets a second row. It keeps 21 bits of an identifier (9 choose the set): too few to match or to open anything, enough
 * that one new identifier in 1,000 is mistaken for an old one when it is full, and far fewer otherwise. 4 KB for 2,048
 * identifiers, 13 minutes of 157 neighbours; beyond, the oldest makes room.
 */
export class WrittenIds {
  private readonly slots: Buffer;

  constructor() {
    this.slots = Buffer.alloc(SETS * SET_BYTES);
  }

  has(kind: Beacon, id: Buffer): boolean {
    const slots = this.slots;
    const set = setOf(id);
    const first = firstOf(kind, id);
    for (let at = set; at < set + SET_BYTES; at += SLOT_BYTES)
      if (slots[at] === first && (slots[at + 1] ^ id[1]) < 16 && (slots[at + 1] & 15) !== 0) return true;
    return false;
  }

  add(kind: Beacon, id: Buffer, nowMinute: number): void {
    this.put(setOf(id), firstOf(kind, id), id[1], nowMinute);
  }

  /** Forgets what is older than `memoryMinutes` (at most 14); to be called every minute, before anything is added in it. */
  expire(nowMinute: number, memoryMinutes: number): void {
    let alive = 0;
    for (let i = 0; i <= memoryMinutes; i++) alive |= 1 << stampOf(nowMinute - i);
    const slots = this.slots;
    for (let at = 1; at < slots.length; at += SLOT_BYTES) if (((alive >> (slots[at] & 15)) & 1) === 0) slots[at] = 0;
  }

  /** What is remembered of the identifiers written in the last `minutes`, 4 bytes each, as many as `maxBytes` hold. */
  recent(minutes: number, nowMinute: number, maxBytes: number): Buffer {
    const found = Buffer.alloc(maxBytes);
    let length = 0;
    for (let at = 0; at < this.slots.length && length + REMEMBERED_BYTES <= maxBytes; at += SLOT_BYTES) {
      if (this.slots[at + 1] === 0 || this.age(at, nowMinute) > minutes) continue;
      writeU16(found, length, Math.floor(at / SET_BYTES));
      found[length + 2] = this.slots[at];
      found[length + 3] = this.slots[at + 1];
      length += REMEMBERED_BYTES;
    }
    return found.slice(0, length);
  }

  /** Takes over what `recent` gave before a restart, as of `nowMinute`. */
  restore(remembered: Buffer, nowMinute: number): void {
    for (let at = 0; at + REMEMBERED_BYTES <= remembered.length; at += REMEMBERED_BYTES) {
      const set = readU16(remembered, at) % SETS;
      this.put(set * SET_BYTES, remembered[at + 2], remembered[at + 3], nowMinute);
    }
  }

  private put(set: number, first: number, second: number, nowMinute: number): void {
    let oldest = set;
    let oldestAge = -1;
    for (let at = set; at < set + SET_BYTES; at += SLOT_BYTES) {
      const age = this.age(at, nowMinute);
      if (age <= oldestAge) continue;
      oldestAge = age;
      oldest = at;
    }
    this.slots[oldest] = first;
    this.slots[oldest + 1] = (second & 0xf0) | stampOf(nowMinute);
  }

  /** Minutes since the slot was written; a free slot is older than any. */
  private age(at: number, nowMinute: number): number {
    const stamp = this.slots[at + 1] & 15;
    return stamp === 0 ? STAMPS : (stampOf(nowMinute) - stamp + STAMPS) % STAMPS;
  }
}

function stampOf(minute: number): number {
  return (minute % STAMPS) + 1;
}

/** An identifier of one kind is none of another, though their bytes are alike. */
function firstOf(kind: Beacon, id: Buffer): number {
  return id[0] ^ (kind << 6);
}

/** Every identifier has 16 bytes at least. */
function setOf(id: Buffer): number {
  return (id[15] | ((id[14] & 1) << 8)) * SET_BYTES;
}
