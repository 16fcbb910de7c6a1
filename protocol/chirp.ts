import { writeU32 } from "./bytes";
import { expectLength } from "./formatError";
import type { Sha256 } from "./sha256";

/** Bytes in a seed: 256 random bits, one seed an hour. */
export const SEED_BYTES = 32;

/** Bytes in a chirp. */
export const CHIRP_BYTES = 28;

const DOMAIN = Buffer.from("PACT-CHIRP-v1", "utf8");
const SEED_AT = DOMAIN.length;
const MINUTE_AT = SEED_AT + SEED_BYTES;

/**
 * Derives the chirps of one seed after another: chirp(s, t) = first 28 bytes of SHA-256("PACT-CHIRP-v1" || s || u32(t))
 * (docs/protocol.md, "Chirps"). It keeps one 49-byte message, a single SHA-256 block, and rewrites only what changes;
 * matching does little else than this.
 */
export class ChirpDeriver {
  private readonly sha256: Sha256;
  private readonly message: Buffer;

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

  /** The SHA-256 digest, 32 bytes, whose first 28 bytes are the chirp of `minute`; saves the copy where a prefix is enough. */
  digest(minute: number): Buffer {
    writeU32(this.message, MINUTE_AT, minute);
    return this.sha256(this.message);
  }

  /** The 28-byte chirp of `minute`. */
  chirp(minute: number): Buffer {
    return this.digest(minute).slice(0, CHIRP_BYTES);
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
