import { sliceCopy } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import { CtrDrbgInstantiation } from "../crypto/ctrDrbg";

// CX: contact identifiers from a seed, and a seed from its preseed (architecture specification, "Generators" and "Seed
// Calculators"; docs/cx.md).

/** Bytes of a contact identifier: a UUID of version 4, in network order. */
export const CONTACT_ID_BYTES = 16;

/** The identifiers that one seed may make. */
export const MAX_CONTACT_IDS = 2048;

/** What a generator type needs; both are a CTR_DRBG with derivation function. */
interface GeneratorType {
  readonly keyBytes: number;
  /** A seed is entropy, then nonce. */
  readonly entropyBytes: number;
  readonly seedBytes: number;
}

/** Whether `type` is one of the two types that CX defines. */
export function isGeneratorType(type: number): boolean {
  return type === 1 || type === 2;
}

/** Bytes of a seed, and of a preseed, of generator type 1 or 2. @throws FormatError for other types */
export function seedBytesOf(type: number): number {
  return generatorType(type).seedBytes;
}

/** Makes the identifiers of one seed, one after the other. */
export class ContactIdGenerator {
  private readonly instantiation: CtrDrbgInstantiation;
  private count: number;

  /**
   * @param type 1 or 2
   * @param seed 24 or 48 bytes
   * @throws FormatError for other types and lengths
   */
  constructor(type: number, seed: Buffer) {
    this.instantiation = begin(type, "seed", seed, Buffer.alloc(0));
    this.count = 0;
  }

  /** Prepares in bounded steps, where a device must not be kept; returns whether more are needed. next() does the rest. */
  step(): boolean {
    return this.instantiation.step();
  }

  /** The next identifier. @throws FormatError after 2,048 of them */
  next(): Buffer {
    if (this.count === MAX_CONTACT_IDS)
      throw new FormatError("cx.id", 0, `a seed makes ${MAX_CONTACT_IDS} identifiers, and no more`);
    this.count++;
    while (this.instantiation.step());
    const id = this.instantiation.result().generate(CONTACT_ID_BYTES);
    id[6] = (id[6] & 0x0f) | 0x40;
    id[8] = (id[8] & 0x3f) | 0x80;
    return id;
  }
}

/** Calculates a seed in bounded steps, so that a keyfob chirps in between. */
export class SeedCalculation {
  private readonly type: number;
  private readonly instantiation: CtrDrbgInstantiation;

  /**
   * @param type 1 or 2
   * @param preseed 24 or 48 bytes
   * @param publicKey DER SubjectPublicKeyInfo, as its owner writes it; another encoding of the same key gives another seed
   * @throws FormatError for other types and lengths
   */
  constructor(type: number, preseed: Buffer, publicKey: Buffer) {
    this.type = type;
    this.instantiation = begin(type, "preseed", preseed, publicKey);
  }

  /** Does the next step; returns whether more are needed before seed() may be asked. */
  step(): boolean {
    return this.instantiation.step();
  }

  /** After the last step, once: the seed. */
  seed(): Buffer {
    return this.instantiation.result().generate(seedBytesOf(this.type));
  }
}

function begin(type: number, what: string, secret: Buffer, personalization: Buffer): CtrDrbgInstantiation {
  const { keyBytes, entropyBytes, seedBytes } = generatorType(type);
  expectLength(`cx.${what}`, secret, seedBytes);
  return new CtrDrbgInstantiation(
    keyBytes,
    sliceCopy(secret, 0, entropyBytes),
    sliceCopy(secret, entropyBytes, seedBytes - entropyBytes),
    personalization,
  );
}

function generatorType(type: number): GeneratorType {
  if (type === 1) return { keyBytes: 16, entropyBytes: 16, seedBytes: 24 };
  if (type === 2) return { keyBytes: 32, entropyBytes: 32, seedBytes: 48 };
  throw new FormatError("cx.generatorType", 0, `${type} is not known: CX defines types 1 and 2`);
}
