import { writeU32 } from "../base/bytes";
import { expectLength } from "../base/formatError";
import type { Sha256 } from "../base/sha256";

/** Bytes in a seed: 256 random bits, one seed an hour. */
export const SEED_BYTES = 32;

/** Bytes in a chirp. */
export const CHIRP_BYTES = 28;

const DOMAIN = Buffer.from("PACT-CHIRP-v1", "utf8");
/** Bytes of it, as a number: the DeviceScript compiler then works out the following ones. */
const SEED_AT = 13;
const MINUTE_AT = SEED_AT + SEED_BYTES;

/** Where in a deriver's message the lowest byte of the minute lies; matching rewrites nothing else in its inner loop. */
export const MINUTE_LOW_AT = MINUTE_AT + 3;

/**
 * Derives the chirps of one seed after another: chirp(s, t) = first 28 bytes of SHA-256("PACT-CHIRP-v1" || s || u32(t))
 * (docs/protocol.md, "Chirps"). It keeps one 49-byte message, a single SHA-256 block, and rewrites only what changes;
 * matching does little else than this.
 */
export class ChirpDeriver {
  /** "PACT-CHIRP-v1", seed and minute, as hashed. */
  readonly message: Buffer;
  private readonly sha256: Sha256;

  constructor(sha256: Sha256) {
    this.sha256 = sha256;
    this.message = Buffer.alloc(MINUTE_AT + 4);
    this.message.set(DOMAIN, 0);
  }

  /** Takes the 32-byte seed whose chirps are derived from now on. */
  useSeed(seed: Buffer): void {
    expectLength("seed", seed, SEED_BYTES);
    this.message.set(seed, SEED_AT);
  }

  /** Takes the minute whose chirp is derived from now on. */
  useMinute(minute: number): void {
    writeU32(this.message, MINUTE_AT, minute);
  }

  /** The 28-byte chirp of `minute`. */
  chirp(minute: number): Buffer {
    this.useMinute(minute);
    return this.sha256(this.message).slice(0, CHIRP_BYTES);
  }

  /** Overwrites the seed. */
  forget(): void {
    this.message.set(Buffer.alloc(SEED_BYTES), SEED_AT);
  }
}

/** The 28-byte chirp of a 32-byte seed in `minute`. */
export function chirpOf(sha256: Sha256, seed: Buffer, minute: number): Buffer {
  const deriver = new ChirpDeriver(sha256);
  deriver.useSeed(seed);
  return deriver.chirp(minute);
}
