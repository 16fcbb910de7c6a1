import { FormatError } from "../base/formatError";

// AES encryption (FIPS 197), for keys of 128 and 256 bits, on 32-bit words. It is written for a VM without cryptography of
// its own, and takes time that depends on its data: use it where nobody can time a single block.

/** Bytes of a block. */
export const AES_BLOCK_BYTES = 16;

const AES_128_KEY_BYTES = 16;
const AES_256_KEY_BYTES = 32;

const SBOX = Buffer.alloc(256);
/** For each byte the column that SubBytes and MixColumns make of it in row 0; the other rows are rotations of it. */
const COLUMN: number[] = [];
makeTables();

/** One cipher whose key may be set again and again: a CTR_DRBG takes a new one for each output. */
export class Aes {
  private readonly keyWords: number;
  private readonly schedule: number[];

  /**
   * The key is zero until setKey.
   * @param keyBytes 16 or 32
   */
  constructor(keyBytes: number) {
    if (keyBytes !== AES_128_KEY_BYTES && keyBytes !== AES_256_KEY_BYTES)
      throw new FormatError("aes.key", 0, `${keyBytes} bytes, must be 16 or 32`);
    this.keyWords = keyBytes >> 2;
    this.schedule = [];
    for (let i = 0; i < 4 * (this.keyWords + 7); i++) this.schedule.push(0);
    this.setKey(Buffer.alloc(keyBytes), 0);
  }

  /** Expands the key that starts at `at` (FIPS 197 section 5.2). */
  setKey(bytes: Buffer, at: number): void {
    const w = this.schedule;
    const n = this.keyWords;
    for (let i = 0; i < n; i++) w[i] = readWord(bytes, at + 4 * i);
    let roundConstant = 1;
    let inKey = 0;
    for (let i = n; i < w.length; i++) {
      let word = w[i - 1];
      if (inKey === 0) {
        word = substitute((word << 8) | ((word >> 24) & 0xff)) ^ (roundConstant << 24);
        roundConstant = double(roundConstant);
      } else if (n > 6 && inKey === 4) word = substitute(word);
      w[i] = w[i - n] ^ word;
      inKey++;
      if (inKey === n) inKey = 0;
    }
  }

  /**
   * Encrypts the 16 bytes that start at `at`, in place. SubBytes, ShiftRows and MixColumns are one look-up for each byte,
   * written out: in the VM a call costs as much as three of them.
   */
  encryptBlock(bytes: Buffer, at: number): void {
    const w = this.schedule;
    const table = COLUMN;
    const last = w.length - 4;
    let a = readWord(bytes, at) ^ w[0];
    let b = readWord(bytes, at + 4) ^ w[1];
    let c = readWord(bytes, at + 8) ^ w[2];
    let d = readWord(bytes, at + 12) ^ w[3];
    for (let k = 4; k < last; k += 4) {
      let t1 = table[(b >> 16) & 0xff];
      let t2 = table[(c >> 8) & 0xff];
      let t3 = table[d & 0xff];
      const nextA =
        table[(a >> 24) & 0xff] ^
        (t1 << 24) ^
        ((t1 >> 8) & 0xffffff) ^
        (t2 << 16) ^
        ((t2 >> 16) & 0xffff) ^
        (t3 << 8) ^
        ((t3 >> 24) & 0xff) ^
        w[k];
      t1 = table[(c >> 16) & 0xff];
      t2 = table[(d >> 8) & 0xff];
      t3 = table[a & 0xff];
      const nextB =
        table[(b >> 24) & 0xff] ^
        (t1 << 24) ^
        ((t1 >> 8) & 0xffffff) ^
        (t2 << 16) ^
        ((t2 >> 16) & 0xffff) ^
        (t3 << 8) ^
        ((t3 >> 24) & 0xff) ^
        w[k + 1];
      t1 = table[(d >> 16) & 0xff];
      t2 = table[(a >> 8) & 0xff];
      t3 = table[b & 0xff];
      const nextC =
        table[(c >> 24) & 0xff] ^
        (t1 << 24) ^
        ((t1 >> 8) & 0xffffff) ^
        (t2 << 16) ^
        ((t2 >> 16) & 0xffff) ^
        (t3 << 8) ^
        ((t3 >> 24) & 0xff) ^
        w[k + 2];
      t1 = table[(a >> 16) & 0xff];
      t2 = table[(b >> 8) & 0xff];
      t3 = table[c & 0xff];
      d =
        table[(d >> 24) & 0xff] ^
        (t1 << 24) ^
        ((t1 >> 8) & 0xffffff) ^
        (t2 << 16) ^
        ((t2 >> 16) & 0xffff) ^
        (t3 << 8) ^
        ((t3 >> 24) & 0xff) ^
        w[k + 3];
      a = nextA;
      b = nextB;
      c = nextC;
    }
    writeWord(bytes, at, lastColumn(a, b, c, d) ^ w[last]);
    writeWord(bytes, at + 4, lastColumn(b, c, d, a) ^ w[last + 1]);
    writeWord(bytes, at + 8, lastColumn(c, d, a, b) ^ w[last + 2]);
    writeWord(bytes, at + 12, lastColumn(d, a, b, c) ^ w[last + 3]);
  }
}

/** A column of the last round, which has no MixColumns: its rows come from four columns. */
function lastColumn(row0: number, row1: number, row2: number, row3: number): number {
  return (
    (SBOX[(row0 >> 24) & 0xff] << 24) |
    (SBOX[(row1 >> 16) & 0xff] << 16) |
    (SBOX[(row2 >> 8) & 0xff] << 8) |
    SBOX[row3 & 0xff]
  );
}

function substitute(word: number): number {
  return lastColumn(word, word, word, word);
}

/** Reads 32 bits as a signed number, which is all that bit operations need. */
function readWord(bytes: Buffer, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function writeWord(bytes: Buffer, at: number, word: number): void {
  bytes[at] = (word >> 24) & 0xff;
  bytes[at + 1] = (word >> 16) & 0xff;
  bytes[at + 2] = (word >> 8) & 0xff;
  bytes[at + 3] = word & 0xff;
}

/** Multiplies by x in GF(2^8). */
function double(byte: number): number {
  return ((byte << 1) ^ ((byte & 0x80) !== 0 ? 0x1b : 0)) & 0xff;
}

/** Walks the field with the generator 3 and, the other way round, its inverse (FIPS 197 section 5.1.1). */
function makeTables(): void {
  let p = 1;
  let q = 1;
  for (let i = 0; i < 255; i++) {
    p = p ^ double(p);
    q = q ^ (q << 1);
    q = q ^ (q << 2);
    q = (q ^ (q << 4)) & 0xff;
    if ((q & 0x80) !== 0) q = q ^ 0x09;
    const spread = q ^ (q << 1) ^ (q << 2) ^ (q << 3) ^ (q << 4);
    SBOX[p] = ((spread ^ (spread >> 8)) & 0xff) ^ 0x63;
  }
  SBOX[0] = 0x63;
  for (let i = 0; i < 256; i++) {
    const s = SBOX[i];
    const s2 = double(s);
    COLUMN.push((s2 << 24) | (s << 16) | (s << 8) | (s ^ s2));
  }
}
