import { CHIRP_BYTES } from "../../protocol/chirp";

const SETS = 512;
const WAYS = 8;
/** Two tag bytes, and the minute in which the row was written, modulo 255, plus 1; 0: free. */
const SLOT_BYTES = 3;
const STAMPS = 255;

/**
 * Remembers, for the minutes in which they may still be on the air, the chirps whose row has been written, so that a chirp
 * never gets a second row. It keeps 25 of a chirp's 224 bits (9 choose the set, 16 are compared): too few to match or to
 * open anything, enough that one chirp in 5,000 is mistaken at worst. 12 KB for 4,096 chirps, 13 minutes of 300 neighbours;
 * the oldest makes room.
 */
export class WrittenChirps {
  private readonly slots: Buffer;
  private readonly memoryMinutes: number;

  /** @param memoryMinutes for how many minutes a chirp is remembered, less than 255 */
  constructor(memoryMinutes: number) {
    this.memoryMinutes = memoryMinutes;
    this.slots = Buffer.alloc(SETS * WAYS * SLOT_BYTES);
  }

  has(chirp: Buffer, nowMinute: number): boolean {
    const slots = this.slots;
    const set = setOf(chirp);
    for (let at = set; at < set + WAYS * SLOT_BYTES; at += SLOT_BYTES)
      if (slots[at] === chirp[0] && slots[at + 1] === chirp[1] && this.age(at, nowMinute) <= this.memoryMinutes) return true;
    return false;
  }

  add(chirp: Buffer, nowMinute: number): void {
    const set = setOf(chirp);
    let oldest = set;
    let oldestAge = -1;
    for (let at = set; at < set + WAYS * SLOT_BYTES; at += SLOT_BYTES) {
      const age = this.age(at, nowMinute);
      if (age > oldestAge) {
        oldestAge = age;
        oldest = at;
      }
    }
    this.slots[oldest] = chirp[0];
    this.slots[oldest + 1] = chirp[1];
    this.slots[oldest + 2] = (nowMinute % STAMPS) + 1;
  }

  /** What is remembered of the chirps written since `sinceMinute`, 4 bytes each, as many as `maxBytes` hold. */
  recent(sinceMinute: number, nowMinute: number, maxBytes: number): Buffer {
    const found = Buffer.alloc(maxBytes);
    let length = 0;
    for (let at = 0; at < this.slots.length && length + 4 <= maxBytes; at += SLOT_BYTES) {
      if (this.age(at, nowMinute) > nowMinute - sinceMinute) continue;
      const set = Math.floor(at / (WAYS * SLOT_BYTES));
      found[length] = this.slots[at];
      found[length + 1] = this.slots[at + 1];
      found[length + 2] = set >> 8;
      found[length + 3] = set & 0xff;
      length += 4;
    }
    return found.slice(0, length);
  }

  /** Takes over what `recent` gave before a restart, as of `nowMinute`. */
  restore(remembered: Buffer, nowMinute: number): void {
    const chirp = Buffer.alloc(CHIRP_BYTES);
    for (let at = 0; at + 4 <= remembered.length; at += 4) {
      chirp[0] = remembered[at];
      chirp[1] = remembered[at + 1];
      chirp[CHIRP_BYTES - 2] = remembered[at + 2] & 1;
      chirp[CHIRP_BYTES - 1] = remembered[at + 3];
      this.add(chirp, nowMinute);
    }
  }

  /** Minutes since the slot was written, modulo 255 (after four hours a stale one looks new for a while); a free slot is oldest. */
  private age(at: number, nowMinute: number): number {
    const stamp = this.slots[at + 2];
    return stamp === 0 ? STAMPS : (nowMinute - (stamp - 1) + 2 * STAMPS) % STAMPS;
  }
}

function setOf(chirp: Buffer): number {
  return (chirp[CHIRP_BYTES - 1] | ((chirp[CHIRP_BYTES - 2] & 1) << 8)) * WAYS * SLOT_BYTES;
}
