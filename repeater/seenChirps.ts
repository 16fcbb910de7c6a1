const WAYS = 8;
/** Two bytes of the chirp, and the minute of the last hearing modulo 255, plus 1; 0: free. */
const SLOT_BYTES = 3;
const SET_BYTES = WAYS * SLOT_BYTES;
const STAMPS = 255;
/** The byte of an identifier that chooses its set, with the one before: the last one that all kinds have. */
const SET_AT = 15;
/** Slots that one call of `forgetOld` looks at. */
const SWEEP_SLOTS = 64;

/**
 * Remembers that chirps were heard, for some minutes after the last hearing. Of a chirp's 224 bits it keeps 24 at most: too
 * few to match anything, enough that one chirp in 8,000 is mistaken for a known one at worst. Where a set is full the one
 * not heard for longest makes room. Unlike the listener's WrittenIds it remembers for longer after every hearing, and for
 * more minutes than that one's stamps can count.
 */
export class SeenChirps {
  private readonly slots: Buffer;
  private readonly sets: number;
  private readonly memoryMinutes: number;
  private swept: number;

  /**
   * @param sets a power of two up to 256; each holds 8 chirps in 24 bytes
   * @param memoryMinutes less than 240
   */
  constructor(sets: number, memoryMinutes: number) {
    this.slots = Buffer.alloc(sets * SET_BYTES);
    this.sets = sets;
    this.memoryMinutes = memoryMinutes;
    this.swept = 0;
  }

  /** Whether a chirp is remembered; if so, from now on as long again. */
  renew(chirp: Buffer, nowMinute: number): boolean {
    const at = this.find(chirp, nowMinute);
    if (at >= 0) this.slots[at + 2] = stampOf(nowMinute);
    return at >= 0;
  }

  /** Overwrites what is remembered of a chirp. @returns whether it was */
  forget(chirp: Buffer, nowMinute: number): boolean {
    const at = this.find(chirp, nowMinute);
    if (at >= 0) this.overwrite(at);
    return at >= 0;
  }

  /** Takes in a chirp that is not remembered. */
  add(chirp: Buffer, nowMinute: number): void {
    const set = this.setOf(chirp);
    let oldest = set;
    for (let at = set + SLOT_BYTES; at < set + SET_BYTES; at += SLOT_BYTES)
      if (this.age(at, nowMinute) > this.age(oldest, nowMinute)) oldest = at;
    this.slots[oldest] = chirp[0];
    this.slots[oldest + 1] = chirp[1];
    this.slots[oldest + 2] = stampOf(nowMinute);
  }

  /** Overwrites what is too old in a part of the memory; called once a second it comes by everywhere every 32 s. */
  forgetOld(nowMinute: number): void {
    for (let i = 0; i < SWEEP_SLOTS; i++) {
      const age = this.age(this.swept, nowMinute);
      if (age > this.memoryMinutes && age < STAMPS) this.overwrite(this.swept);
      this.swept = (this.swept + SLOT_BYTES) % this.slots.length;
    }
  }

  /** Overwrites everything. */
  clear(): void {
    for (let at = 0; at < this.slots.length; at += SET_BYTES) this.slots.set(Buffer.alloc(SET_BYTES), at);
  }

  private find(chirp: Buffer, nowMinute: number): number {
    const slots = this.slots;
    const set = this.setOf(chirp);
    for (let at = set; at < set + SET_BYTES; at += SLOT_BYTES)
      if (slots[at] === chirp[0] && slots[at + 1] === chirp[1] && this.age(at, nowMinute) <= this.memoryMinutes)
        return at;
    return -1;
  }

  /** Minutes since the last hearing; a free slot is oldest. */
  private age(at: number, nowMinute: number): number {
    const stamp = this.slots[at + 2];
    return stamp === 0 ? STAMPS : (nowMinute - (stamp - 1) + STAMPS) % STAMPS;
  }

  private overwrite(at: number): void {
    for (let i = 0; i < SLOT_BYTES; i++) this.slots[at + i] = 0;
  }

  private setOf(chirp: Buffer): number {
    return ((chirp[SET_AT] | (chirp[SET_AT - 1] << 8)) & (this.sets - 1)) * SET_BYTES;
  }
}

function stampOf(minute: number): number {
  return (minute % STAMPS) + 1;
}
