import { copyBytes, sliceCopy, writeU32 } from "../base/bytes";
import { FormatError } from "../base/formatError";
import { AES_BLOCK_BYTES, Aes } from "./aes";

// CTR_DRBG of NIST SP 800-90A (revision 1, section 10.2.1) over AES, with derivation function, without prediction
// resistance, reseeding and additional input.

/** Marks the end of the derivation function's input (section 10.3.2, step 4). */
const END_OF_INPUT = 0x80;

/** A generator in a known state; who knows the state knows all that it will put out. */
export class CtrDrbg {
  private readonly keyBytes: number;
  private readonly aes: Aes;
  /** Key, then V: a counter of 16 bytes, most significant first. */
  private readonly state: Buffer;

  /** @param state Key and V: 32 bytes for AES-128, 48 for AES-256; kept and changed */
  constructor(state: Buffer) {
    this.keyBytes = state.length - AES_BLOCK_BYTES;
    this.aes = new Aes(this.keyBytes);
    this.state = state;
    this.aes.setKey(state, 0);
  }

  /** Generate: the next `length` bytes. Each call ends with a new key, so two short calls do not give what a long one does. */
  generate(length: number): Buffer {
    const output = this.blocks(length);
    this.update(Buffer.alloc(this.state.length));
    return output;
  }

  /** CTR_DRBG_Update (section 10.2.1.2). @param data as many bytes as the state has */
  update(data: Buffer): void {
    const next = this.blocks(this.state.length);
    for (let i = 0; i < next.length; i++) this.state[i] = next[i] ^ data[i];
    this.aes.setKey(this.state, 0);
  }

  private blocks(length: number): Buffer {
    const output = Buffer.alloc(Math.ceil(length / AES_BLOCK_BYTES) * AES_BLOCK_BYTES);
    for (let at = 0; at < length; at += AES_BLOCK_BYTES) {
      this.increment();
      copyBytes(output, at, this.state, this.keyBytes, AES_BLOCK_BYTES);
      this.aes.encryptBlock(output, at);
    }
    return output.length === length ? output : sliceCopy(output, 0, length);
  }

  private increment(): void {
    for (let i = this.state.length - 1; i >= this.keyBytes; i--) {
      if (this.state[i] !== 0xff) {
        this.state[i] = this.state[i] + 1;
        return;
      }
      this.state[i] = 0;
    }
  }
}

/** Blocks that one step of an instantiation encrypts at most; in the DeviceScript VM that is well below its 131,072 steps. */
const BLOCKS_PER_STEP = 12;

/** Instantiates a CTR_DRBG in bounded steps, so that a keyfob chirps in between. */
export class CtrDrbgInstantiation {
  private readonly keyBytes: number;
  /** A block for the counter, then length of input, length of output, input and padding (section 10.3.2, step 4). */
  private readonly message: Buffer;
  private messageAt: number;
  private readonly derived: Buffer;
  private derivedAt: number;
  private readonly aes: Aes;
  /** The chaining value of BCC (section 10.3.3). */
  private chained: Buffer;
  private drbg: CtrDrbg | undefined;

  /**
   * @param keyBytes 16 or 32
   * @param entropy,nonce of any length; CX takes 16 and 8, or 32 and 16 bytes
   * @param personalization of any length, may be empty
   */
  constructor(keyBytes: number, entropy: Buffer, nonce: Buffer, personalization: Buffer) {
    this.keyBytes = keyBytes;
    this.derived = Buffer.alloc(keyBytes + AES_BLOCK_BYTES);
    this.derivedAt = 0;
    const inputBytes = entropy.length + nonce.length + personalization.length;
    const inputAt = AES_BLOCK_BYTES + 8;
    const used = inputAt + inputBytes + 1;
    this.message = Buffer.alloc(Math.ceil(used / AES_BLOCK_BYTES) * AES_BLOCK_BYTES);
    this.messageAt = 0;
    writeU32(this.message, AES_BLOCK_BYTES, inputBytes);
    writeU32(this.message, AES_BLOCK_BYTES + 4, this.derived.length);
    this.message.set(entropy, inputAt);
    this.message.set(nonce, inputAt + entropy.length);
    this.message.set(personalization, inputAt + entropy.length + nonce.length);
    this.message[used - 1] = END_OF_INPUT;
    this.chained = Buffer.alloc(AES_BLOCK_BYTES);
    this.aes = new Aes(keyBytes);
    const key = Buffer.alloc(keyBytes);
    for (let i = 0; i < keyBytes; i++) key[i] = i;
    this.aes.setKey(key, 0);
  }

  /** Does the next step; returns whether more are needed before result() may be asked. */
  step(): boolean {
    if (this.drbg) return false;
    if (this.derivedAt < this.derived.length) {
      this.chain();
      return true;
    }
    this.drbg = new CtrDrbg(Buffer.alloc(this.derived.length));
    this.drbg.update(this.spread());
    return false;
  }

  /** After the last step: the generator. */
  result(): CtrDrbg {
    if (!this.drbg) throw new FormatError("drbg", 0, "is not instantiated before its last step");
    return this.drbg;
  }

  /** BCC: the message once for each 16 bytes of key and starting value, under another counter. */
  private chain(): void {
    const value = this.chained;
    for (let n = 0; n < BLOCKS_PER_STEP && this.messageAt < this.message.length; n++) {
      for (let i = 0; i < AES_BLOCK_BYTES; i++) value[i] = value[i] ^ this.message[this.messageAt + i];
      this.aes.encryptBlock(value, 0);
      this.messageAt += AES_BLOCK_BYTES;
    }
    if (this.messageAt < this.message.length) return;
    this.derived.set(value, this.derivedAt);
    this.derivedAt += AES_BLOCK_BYTES;
    writeU32(this.message, 0, this.derivedAt >> 4);
    this.messageAt = 0;
    this.chained = Buffer.alloc(AES_BLOCK_BYTES);
  }

  /** The second half of Block_Cipher_df: the derived key encrypts the derived value again and again. */
  private spread(): Buffer {
    this.aes.setKey(this.derived, 0);
    const value = sliceCopy(this.derived, this.keyBytes, AES_BLOCK_BYTES);
    const material = Buffer.alloc(this.derived.length);
    for (let at = 0; at < material.length; at += AES_BLOCK_BYTES) {
      this.aes.encryptBlock(value, 0);
      material.set(value, at);
    }
    return material;
  }
}
