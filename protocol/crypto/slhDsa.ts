import { compareBytes, copyBytes, readU16, writeU32 } from "../base/bytes";
import { expectLength } from "../base/formatError";
import type { Sha256 } from "../base/sha256";

// Verification of SLH-DSA-SHA2-128s (FIPS 205, pure mode): hash-based and stateless, so that a keyfob can check a shard
// with nothing but the SHA-256 that it has natively. Parameters from FIPS 205 table 2.

/** Bytes of a public key: PK.seed, PK.root. */
export const SLH_DSA_PUBLIC_KEY_BYTES = 32;

/** Bytes of a signature: randomizer, FORS signature, hypertree signature. */
export const SLH_DSA_SIGNATURE_BYTES = 7856;

const N = 16;
const LAYERS = 7;
const TREE_HEIGHT = 9;
const FORS_TREES = 14;
const FORS_HEIGHT = 12;
const WOTS_W = 16;
const WOTS_MESSAGE_DIGITS = 32;
const WOTS_CHAINS = 35;
const LAYER_BYTES = WOTS_CHAINS * N + TREE_HEIGHT * N;
const FORS_TREE_BYTES = N + FORS_HEIGHT * N;
const FORS_AT = N;
const HYPERTREE_AT = N + FORS_TREES * FORS_TREE_BYTES;

// Message digest: 21 bytes of FORS indices, 7 bytes of tree (54 bits), 2 bytes of leaf (9 bits).
const TREE_INDEX_AT = 21;
const TREE_INDEX_BYTES = 7;
const LEAF_INDEX_AT = 28;
const LEAF_MASK = 0x1ff;

// Compressed address, FIPS 205 section 11.2: layer 1, tree 8, type 1, then three words.
const TYPE_WOTS_HASH = 0;
const TYPE_WOTS_KEY = 1;
const TYPE_TREE = 2;
const TYPE_FORS_TREE = 3;
const TYPE_FORS_ROOTS = 4;
const ADDRESS_AT = 64;
const ADDRESS_BYTES = 22;
const ADDRESS_TREE_AT = ADDRESS_AT + 1;
const ADDRESS_TYPE_AT = ADDRESS_AT + 9;
const ADDRESS_KEY_PAIR_AT = ADDRESS_AT + 10;
const ADDRESS_HEIGHT_AT = ADDRESS_AT + 14;
const ADDRESS_INDEX_AT = ADDRESS_AT + 18;
const INPUT_AT = ADDRESS_AT + ADDRESS_BYTES;

/** Bytes of the largest piece of memory that a verification takes besides the signature itself. */
export const SLH_DSA_SCRATCH_BYTES = INPUT_AT + WOTS_CHAINS * N;

/**
 * Verifies one signature in eight bounded steps, so that a keyfob chirps and listens in between: first the message and
 * the FORS trees, then one layer of the hypertree each. A step costs 200 to 620 SHA-256 calls.
 */
export class SlhDsaVerifier {
  private readonly sha256: Sha256;
  private readonly publicKey: Buffer;
  private readonly signature: Buffer;
  private readonly message: Buffer;
  private readonly context: Buffer;
  /** One message buffer for each number of 16-byte inputs, with PK.seed and its padding in place (one SHA-256 block). */
  private readonly oneInput: Buffer;
  private readonly twoInputs: Buffer;
  private readonly chainEnds: Buffer;
  /** What the next layer signs: the root below it. */
  private node: Buffer;
  /** Tree index as 8 bytes big-endian, and the leaf in that tree. */
  private readonly tree: Buffer;
  private leaf: number;
  private layer: number;

  /**
   * @param publicKey 32 bytes
   * @param signature 7,856 bytes; must not change until the last step
   * @param message any length
   * @param context up to 255 bytes
   * @param scratch SLH_DSA_SCRATCH_BYTES of memory to work in, where the caller has them to spare
   * @throws FormatError for other lengths
   */
  constructor(
    sha256: Sha256,
    publicKey: Buffer,
    signature: Buffer,
    message: Buffer,
    context: Buffer,
    scratch?: Buffer,
  ) {
    expectLength("publicKey", publicKey, SLH_DSA_PUBLIC_KEY_BYTES);
    expectLength("signature", signature, SLH_DSA_SIGNATURE_BYTES);
    if (context.length > 255) expectLength("context", context, 255);
    this.sha256 = sha256;
    this.publicKey = publicKey;
    this.signature = signature;
    this.message = message;
    this.context = context;
    this.oneInput = this.inputBuffer(1);
    this.twoInputs = this.inputBuffer(2);
    this.chainEnds = scratch ? scratch : Buffer.alloc(SLH_DSA_SCRATCH_BYTES);
    copyBytes(this.chainEnds, 0, publicKey, 0, N);
    this.chainEnds.set(Buffer.alloc(INPUT_AT - N), N);
    this.node = Buffer.alloc(N);
    this.tree = Buffer.alloc(8);
    this.leaf = 0;
    this.layer = -1;
  }

  /** Does the next step; returns whether more are needed before isValid() may be asked. */
  step(): boolean {
    if (this.layer < 0) this.node = this.forsRoot();
    else if (this.layer < LAYERS) {
      this.node = this.treeRoot();
      this.climb();
    }
    if (this.layer < LAYERS) this.layer++;
    return this.layer < LAYERS;
  }

  /** After the last step: whether the signature is genuine. */
  isValid(): boolean {
    return this.layer >= LAYERS && compareBytes(this.node, 0, this.publicKey, N, N) === 0;
  }

  /** FIPS 205 algorithm 17 after the message digest of algorithm 20; leaves tree and leaf set for the lowest layer. */
  private forsRoot(): Buffer {
    const digest = this.messageDigest();
    copyBytes(this.tree, 1, digest, TREE_INDEX_AT, TREE_INDEX_BYTES);
    this.tree[1] = this.tree[1] & 0x3f;
    this.leaf = readU16(digest, LEAF_INDEX_AT) & LEAF_MASK;
    this.setTree(0);
    const roots = this.inputBuffer(FORS_TREES);
    this.setAddress(this.oneInput, TYPE_FORS_TREE, this.leaf);
    this.setAddress(this.twoInputs, TYPE_FORS_TREE, this.leaf);
    for (let i = 0; i < FORS_TREES; i++) {
      // Two indices of 12 bits in three bytes.
      const index = (readU16(digest, (i * 3) >> 1) >> (i % 2 === 0 ? 4 : 0)) & 0xfff;
      const signatureAt = FORS_AT + i * FORS_TREE_BYTES;
      const leafIndex = (i << FORS_HEIGHT) + index;
      writeU32(this.oneInput, ADDRESS_INDEX_AT, leafIndex);
      copyBytes(this.oneInput, INPUT_AT, this.signature, signatureAt, N);
      const root = this.rootFromPath(this.hash(this.oneInput), leafIndex, signatureAt + N, FORS_HEIGHT);
      roots.set(root, INPUT_AT + i * N);
    }
    this.copyTree(roots, 0);
    this.setAddress(roots, TYPE_FORS_ROOTS, this.leaf);
    return this.hash(roots);
  }

  /** FIPS 205 algorithms 8 and 11: the root of this layer's tree from its WOTS+ signature and authentication path. */
  private treeRoot(): Buffer {
    const signatureAt = HYPERTREE_AT + this.layer * LAYER_BYTES;
    this.setTree(this.layer);
    const input = this.oneInput;
    this.setAddress(input, TYPE_WOTS_HASH, this.leaf);
    const digits = wotsDigits(this.node);
    for (let i = 0; i < WOTS_CHAINS; i++) {
      input[ADDRESS_HEIGHT_AT + 3] = i;
      copyBytes(input, INPUT_AT, this.signature, signatureAt + i * N, N);
      for (let j = digits[i]; j < WOTS_W - 1; j++) {
        input[ADDRESS_INDEX_AT + 3] = j;
        input.set(this.hash(input), INPUT_AT);
      }
      copyBytes(this.chainEnds, INPUT_AT + i * N, input, INPUT_AT, N);
    }
    this.copyTree(this.chainEnds, this.layer);
    this.setAddress(this.chainEnds, TYPE_WOTS_KEY, this.leaf);
    this.setAddress(this.twoInputs, TYPE_TREE, 0);
    return this.rootFromPath(this.hash(this.chainEnds), this.leaf, signatureAt + WOTS_CHAINS * N, TREE_HEIGHT);
  }

  /** Hashes `node` upwards along the authentication path at `pathAt`; twoInputs carries the address. */
  private rootFromPath(node: Buffer, index: number, pathAt: number, height: number): Buffer {
    const input = this.twoInputs;
    for (let level = 0; level < height; level++) {
      const isRight = (index & 1) === 1;
      index = index >> 1;
      input[ADDRESS_HEIGHT_AT + 3] = level + 1;
      writeU32(input, ADDRESS_INDEX_AT, index);
      input.set(node, isRight ? INPUT_AT + N : INPUT_AT);
      copyBytes(input, isRight ? INPUT_AT : INPUT_AT + N, this.signature, pathAt + level * N, N);
      node = this.hash(input);
    }
    return node;
  }

  /** Moves to the tree above: its leaf is the low 9 bits of the tree index, which shifts right by as much. */
  private climb(): void {
    const tree = this.tree;
    this.leaf = readU16(tree, 6) & LEAF_MASK;
    for (let i = 7; i > 1; i--) tree[i] = (readU16(tree, i - 2) >> 1) & 0xff;
    tree[1] = 0;
  }

  /** FIPS 205 H_msg for SHA2 category 1: MGF1-SHA-256(R || PK.seed || SHA-256(R || PK), 30 bytes): one call. */
  private messageDigest(): Buffer {
    const head = 2 + this.context.length;
    const inner = Buffer.alloc(N + SLH_DSA_PUBLIC_KEY_BYTES + head + this.message.length);
    copyBytes(inner, 0, this.signature, 0, N);
    inner.set(this.publicKey, N);
    const at = N + SLH_DSA_PUBLIC_KEY_BYTES;
    inner[at + 1] = this.context.length;
    inner.set(this.context, at + 2);
    inner.set(this.message, at + head);
    const outer = Buffer.alloc(N + N + 32 + 4);
    copyBytes(outer, 0, inner, 0, N + N);
    outer.set(this.sha256(inner), N + N);
    return this.sha256(outer);
  }

  /** F, H and T of FIPS 205 section 11.2.1: the first 16 bytes of SHA-256 over PK.seed, padding, address and inputs. */
  private hash(input: Buffer): Buffer {
    return this.sha256(input).slice(0, N);
  }

  private inputBuffer(inputs: number): Buffer {
    const buffer = Buffer.alloc(INPUT_AT + inputs * N);
    copyBytes(buffer, 0, this.publicKey, 0, N);
    return buffer;
  }

  private setTree(layer: number): void {
    this.copyTree(this.oneInput, layer);
    this.copyTree(this.twoInputs, layer);
  }

  private copyTree(input: Buffer, layer: number): void {
    input[ADDRESS_AT] = layer;
    input.set(this.tree, ADDRESS_TREE_AT);
  }

  private setAddress(input: Buffer, type: number, keyPair: number): void {
    input[ADDRESS_TYPE_AT] = type;
    writeU32(input, ADDRESS_KEY_PAIR_AT, keyPair);
    writeU32(input, ADDRESS_HEIGHT_AT, 0);
    writeU32(input, ADDRESS_INDEX_AT, 0);
  }
}

/** Base-16 digits of the 16-byte message and of its checksum (FIPS 205 algorithm 7). */
function wotsDigits(message: Buffer): Buffer {
  const digits = Buffer.alloc(WOTS_CHAINS);
  let checksum = 0;
  for (let i = 0; i < N; i++) {
    digits[2 * i] = message[i] >> 4;
    digits[2 * i + 1] = message[i] & 15;
    checksum += 2 * (WOTS_W - 1) - digits[2 * i] - digits[2 * i + 1];
  }
  digits[WOTS_MESSAGE_DIGITS] = checksum >> 8;
  digits[WOTS_MESSAGE_DIGITS + 1] = (checksum >> 4) & 15;
  digits[WOTS_MESSAGE_DIGITS + 2] = checksum & 15;
  return digits;
}
