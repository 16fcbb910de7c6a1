import { createHash } from "node:crypto";

/** A time until something that happens at a rate; never, if the rate is 0. */
export function exponential(random: { unit(): number }, rate: number): number {
  return rate === 0 ? Number.POSITIVE_INFINITY : -Math.log(1 - random.unit()) / rate;
}

/**
 * Chance that depends on what it is for, not on the order in which it is asked for: the generator of the simulator (sfc32),
 * begun anew for each person and purpose. So a person who falls ill in two runs of a seed has the same illness in both.
 */
export class PersonalRandom {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 0;
  private readonly key: Int32Array;

  /** @param name of the run */
  constructor(name: string) {
    const digest = createHash("sha256").update(name).digest();
    this.key = Int32Array.from([0, 4, 8], (at) => digest.readInt32LE(at));
  }

  begin(person: number, purpose: number): void {
    this.a = (this.key[0] as number) ^ person;
    this.b = (this.key[1] as number) ^ Math.imul(purpose + 1, 0x9e3779b1);
    this.c = this.key[2] as number;
    this.counter = 1;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** At least 0, below 1. */
  unit(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  private uint32(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}

/** How many of `mean` events happen (Poisson's law). */
export function poisson(random: { unit(): number }, mean: number): number {
  // In pieces, so that exp() does not vanish.
  let count = 0;
  for (let rest = mean; rest > 0; rest -= 30) {
    const limit = Math.exp(-Math.min(rest, 30));
    for (let product = random.unit(); product > limit; product *= random.unit()) count++;
  }
  return count;
}
