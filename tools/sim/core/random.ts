import { createHash } from "node:crypto";

/**
 * A seeded generator (sfc32, keyed by SHA-256 of its name): same name, same numbers, on every machine. Each thing in a
 * scenario that needs chance has its own, so that one more draw in one place changes nothing in another. Not for secrets.
 */
export class SeededRandom {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  constructor(readonly name: string) {
    const key = createHash("sha256").update(name).digest();
    this.a = key.readInt32LE(0);
    this.b = key.readInt32LE(4);
    this.c = key.readInt32LE(8);
    this.counter = key.readInt32LE(12);
  }

  /** A generator of its own for a part of what this one is for. */
  fork(part: string): SeededRandom {
    return new SeededRandom(`${this.name}/${part}`);
  }

  /** 32 random bits, as an unsigned integer. */
  uint32(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 64 random bits. */
  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32());
  }

  /** At least 0, below 1. */
  unit(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** Normally distributed, mean 0, standard deviation 1 (Box-Muller). */
  gaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.uint32() >>> 24;
    return bytes;
  }
}
