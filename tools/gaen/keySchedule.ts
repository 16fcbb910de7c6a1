import { type Cipher, createCipheriv, createDecipheriv } from "node:crypto";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { expectLength, FormatError } from "../../protocol/base/formatError";
import { MAX_U32 } from "../../protocol/base/time";
import {
  AEM_BYTES,
  AEMK_INFO,
  intervalOfPlaintext,
  MAX_ROLLING_PERIOD,
  RPI_BYTES,
  RPIK_INFO,
  rpiPlaintext,
  TEK_BYTES,
} from "../../protocol/beacon/gaen";

const RPIK = Buffer.from(RPIK_INFO);
const AEMK = Buffer.from(AEMK_INFO);
const BLOCK_CIPHER = "aes-128-ecb";

/** The identifiers of one TEK for consecutive intervals. */
export interface ExpandedTek {
  /** RPIs of 16 bytes, one after the other. */
  readonly rpis: Buffer;
  /** For each RPI the 16 bytes AES-128(AEMK, RPI), of which metadata uses the first 4. */
  readonly keystreams: Buffer;
}

/**
 * What is encrypted to become the RPIs of `count` intervals; the same for every key.
 *
 * @throws FormatError if an interval is no u32
 */
export function rpiPlaintexts(firstInterval: number, count: number): Buffer {
  if (firstInterval < 0 || firstInterval + count - 1 > MAX_U32)
    throw new FormatError("gaen.interval", 0, `${firstInterval} and the ${count - 1} after it are not all u32`);
  return Buffer.concat(Array.from({ length: count }, (_, i) => rpiPlaintext(firstInterval + i)));
}

/** The two keys that a TEK yields (specification v1.2, "Key schedule"), and what they make. */
export class KeySchedule {
  /** 16 bytes: makes RPIs. */
  readonly rpik: Buffer;
  /** 16 bytes: encrypts metadata. */
  readonly aemk: Buffer;

  /** @param tek 16 bytes @throws FormatError for another length */
  constructor(tek: Buffer) {
    expectLength("gaen.tek", tek, TEK_BYTES);
    const pseudorandomKey = extract(sha256, tek);
    this.rpik = Buffer.from(expand(sha256, pseudorandomKey, RPIK, TEK_BYTES));
    this.aemk = Buffer.from(expand(sha256, pseudorandomKey, AEMK, TEK_BYTES));
  }

  /**
   * RPIs and keystreams of `count` intervals from `firstInterval` on.
   *
   * @throws FormatError if an interval is no u32
   */
  expand(firstInterval: number, count: number): ExpandedTek {
    return this.encrypt(rpiPlaintexts(firstInterval, count));
  }

  /**
   * The same from what rpiPlaintexts gives for the intervals: one call of OpenSSL each, because a call for each block would
   * cost a hundred times as much.
   */
  encrypt(plaintexts: Buffer): ExpandedTek {
    const rpis = blocks(createCipheriv(BLOCK_CIPHER, this.rpik, null), plaintexts);
    return { rpis, keystreams: blocks(createCipheriv(BLOCK_CIPHER, this.aemk, null), rpis) };
  }

  /** The interval that an RPI was made for, u32; undefined if another key made it. */
  intervalOf(rpi: Buffer): number | undefined {
    expectLength("gaen.rpi", rpi, RPI_BYTES);
    const decipher = createDecipheriv(BLOCK_CIPHER, this.rpik, null);
    const interval = intervalOfPlaintext(decipher.setAutoPadding(false).update(rpi));
    return interval < 0 ? undefined : interval;
  }

  /** The 4 bytes that encrypt the metadata sent with an RPI. */
  keystreamOf(rpi: Buffer): Buffer {
    expectLength("gaen.rpi", rpi, RPI_BYTES);
    return blocks(createCipheriv(BLOCK_CIPHER, this.aemk, null), rpi).subarray(0, AEM_BYTES);
  }
}

/** All of a day's identifiers. @param start interval of the first one */
export function expandDay(tek: Buffer, start: number): ExpandedTek {
  return new KeySchedule(tek).expand(start, MAX_ROLLING_PERIOD);
}

function blocks(cipher: Cipher, plain: Buffer): Buffer {
  return cipher.setAutoPadding(false).update(plain);
}
