import { createCipheriv, hkdfSync } from "node:crypto";

/** AES-CTR of node:crypto is fastest in pieces of this size; at 4 MB it is six times slower. */
const PIECE_BYTES = 128 * 1024;
const ZEROS = Buffer.alloc(PIECE_BYTES);
const AES_KEY_BYTES = 16;
/** Small draws come from a stock of so many words: a call of the cipher costs more than they do. */
const STOCK_WORDS = 2048;
const SMALL_WORDS = 256;

/** Pseudorandom words that all holders of a key draw alike: AES-128-CTR under a key derived for one purpose. */
export class KeyStream {
  private readonly cipher: ReturnType<typeof createCipheriv>;
  private stock = new Uint32Array(0);
  private used = 0;

  /** @param key 32 bytes, fresh for each attempt at a computation @param purpose a stream is never used for two */
  constructor(key: Uint8Array, purpose: string) {
    const derived = Buffer.from(hkdfSync("sha256", key, new Uint8Array(0), purpose, AES_KEY_BYTES));
    this.cipher = createCipheriv("aes-128-ctr", derived, Buffer.alloc(16));
    derived.fill(0);
  }

  /** Fresh words. Holders of a key agree as long as they draw the same counts in the same order. */
  words(count: number): Uint32Array<ArrayBuffer> {
    if (count > SMALL_WORDS) return this.draw(count);
    if (this.used + count > this.stock.length) {
      this.stock = this.draw(STOCK_WORDS);
      this.used = 0;
    }
    this.used += count;
    return this.stock.slice(this.used - count, this.used);
  }

  private draw(count: number): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array(count);
    const bytes = new Uint8Array(words.buffer);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = Math.min(PIECE_BYTES, bytes.length - at);
      bytes.set(this.cipher.update(ZEROS.subarray(0, piece)), at);
    }
    return words;
  }

  /** A uniform permutation of 0 to count - 1: Fisher and Yates, with rejection, because a remainder would be biased. */
  permutation(count: number): Uint32Array {
    const permutation = new Uint32Array(count);
    for (let i = 0; i < count; i++) permutation[i] = i;
    let pool = new Uint32Array(0);
    let used = 0;
    for (let i = count - 1; i > 0; i--) {
      const mask = 0xffffffff >>> Math.clz32(i);
      let j: number;
      do {
        if (used === pool.length) {
          pool = this.words(Math.min(8192, 2 * count));
          used = 0;
        }
        j = ((pool[used++] as number) & mask) >>> 0;
      } while (j > i);
      const moved = permutation[i] as number;
      permutation[i] = permutation[j] as number;
      permutation[j] = moved;
    }
    return permutation;
  }
}
