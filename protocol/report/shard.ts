import { compareBytes, copyBytes, isZero, readU16, readU32, sliceCopy, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import { decodeRegion, encodeRegion } from "../base/region";
import type { Sha256 } from "../base/sha256";
import { SEED_BYTES } from "../beacon/chirp";

/** Bytes of a shard's header. */
export const SHARD_HEADER_BYTES = 64;

/** Bytes of a shard's block. */
export const SHARD_BLOCK_BYTES = 200;

/** Most seeds in a block. */
export const BLOCK_SEEDS = 6;

/** Bytes of a key id: the start of SHA-256(public key). */
export const KEY_ID_BYTES = 8;

/** What the publisher signs is bound to this context (FIPS 205, pure mode). */
export const SHARD_SIGNATURE_CONTEXT = "PACT-SHARD-v1";

/** A shard's first 64 bytes. */
export interface ShardHeader {
  /** ISO 3166-2 code. */
  readonly region: string;
  /** Sequence number of the chunk in its region's feed. */
  readonly chunk: number;
  /** When it was published, Unix seconds. */
  readonly published: number;
  /** Hour of the first and of the last block; both 0 in an empty shard. */
  readonly firstHour: number;
  readonly lastHour: number;
  readonly blocks: number;
  readonly seeds: number;
  /** First 8 bytes of SHA-256(public key). */
  readonly keyId: Buffer;
}

/** Up to six seeds of one hour. */
export interface ShardBlock {
  readonly hour: number;
  /** 1 to 6 seeds of 32 bytes, ascending. */
  readonly seeds: Buffer[];
  /** Bit i: the owner of seed i asks possible sources to be told (reverse tracing). */
  readonly reverseMask: number;
}

const MAGIC = Buffer.from("PACTSHRD", "utf8");
const VERSION = 1;
const VERSION_AT = 8;
const FLAGS_AT = 9;
const REGION_AT = 10;
const CHUNK_AT = 16;
const PUBLISHED_AT = 20;
const FIRST_HOUR_AT = 24;
const LAST_HOUR_AT = 28;
const BLOCKS_AT = 32;
const SEEDS_AT = 36;
const KEY_ID_AT = 40;
const HEADER_ZERO_AT = 48;

/** Where a block keeps the number of its seeds. */
export const BLOCK_COUNT_AT = 4;
const REVERSE_MASK_AT = 5;
const BLOCK_ZERO_AT = 6;
/** Where a block keeps its seeds, one after the other. */
export const BLOCK_SEEDS_AT = 8;

/** The key id of a public key: first 8 bytes of its SHA-256. */
export function keyIdOf(sha256: Sha256, publicKey: Buffer): Buffer {
  return sliceCopy(sha256(publicKey), 0, KEY_ID_BYTES);
}

/** Lays out a header (docs/protocol.md, "Exposure shard"). @throws FormatError */
export function encodeShardHeader(header: ShardHeader): Buffer {
  expectLength("shard.keyId", header.keyId, KEY_ID_BYTES);
  const bytes = Buffer.alloc(SHARD_HEADER_BYTES);
  bytes.set(MAGIC, 0);
  bytes[VERSION_AT] = VERSION;
  bytes.set(encodeRegion(header.region), REGION_AT);
  writeU32(bytes, CHUNK_AT, header.chunk);
  writeU32(bytes, PUBLISHED_AT, header.published);
  writeU32(bytes, FIRST_HOUR_AT, header.firstHour);
  writeU32(bytes, LAST_HOUR_AT, header.lastHour);
  writeU32(bytes, BLOCKS_AT, header.blocks);
  writeU32(bytes, SEEDS_AT, header.seeds);
  bytes.set(header.keyId, KEY_ID_AT);
  expectPlausibleTotals(header);
  return bytes;
}

/** Reads a 64-byte header. @throws FormatError */
export function decodeShardHeader(bytes: Buffer): ShardHeader {
  expectLength("shard.header", bytes, SHARD_HEADER_BYTES);
  for (let i = 0; i < MAGIC.length; i++)
    if (bytes[i] !== MAGIC[i]) throw new FormatError("shard.magic", 0, 'must be "PACTSHRD"');
  if (bytes[VERSION_AT] !== VERSION)
    throw new FormatError("shard.version", VERSION_AT, `${bytes[VERSION_AT]}, must be 1`);
  if (bytes[FLAGS_AT] !== 0) throw new FormatError("shard.flags", FLAGS_AT, `${bytes[FLAGS_AT]}, must be 0`);
  if (!isZero(bytes, HEADER_ZERO_AT, SHARD_HEADER_BYTES - HEADER_ZERO_AT))
    throw new FormatError("shard.reserved", HEADER_ZERO_AT, "must be zero");
  const header: ShardHeader = {
    region: decodeRegion(bytes, REGION_AT),
    chunk: readU32(bytes, CHUNK_AT),
    published: readU32(bytes, PUBLISHED_AT),
    firstHour: readU32(bytes, FIRST_HOUR_AT),
    lastHour: readU32(bytes, LAST_HOUR_AT),
    blocks: readU32(bytes, BLOCKS_AT),
    seeds: readU32(bytes, SEEDS_AT),
    keyId: sliceCopy(bytes, KEY_ID_AT, KEY_ID_BYTES),
  };
  expectPlausibleTotals(header);
  return header;
}

/** Lays out a 200-byte block. @throws FormatError */
export function encodeShardBlock(block: ShardBlock): Buffer {
  const count = block.seeds.length;
  expectBlockFields(count, block.reverseMask);
  const bytes = Buffer.alloc(SHARD_BLOCK_BYTES);
  writeU32(bytes, 0, block.hour);
  bytes[BLOCK_COUNT_AT] = count;
  bytes[REVERSE_MASK_AT] = block.reverseMask;
  for (let i = 0; i < count; i++) {
    expectLength("block.seed", block.seeds[i], SEED_BYTES);
    copyBytes(bytes, BLOCK_SEEDS_AT + i * SEED_BYTES, block.seeds[i], 0, SEED_BYTES);
  }
  expectAscendingSeeds(bytes, count);
  return bytes;
}

/** Reads a 200-byte block. @throws FormatError */
export function decodeShardBlock(bytes: Buffer): ShardBlock {
  expectLength("block", bytes, SHARD_BLOCK_BYTES);
  const count = bytes[BLOCK_COUNT_AT];
  expectBlockFields(count, bytes[REVERSE_MASK_AT]);
  if (readU16(bytes, BLOCK_ZERO_AT) !== 0) throw new FormatError("block.reserved", BLOCK_ZERO_AT, "must be zero");
  const end = BLOCK_SEEDS_AT + count * SEED_BYTES;
  if (!isZero(bytes, end, SHARD_BLOCK_BYTES - end))
    throw new FormatError("block.seeds", end, "unused seeds must be zero");
  expectAscendingSeeds(bytes, count);
  const seeds: Buffer[] = [];
  for (let i = 0; i < count; i++) seeds.push(sliceCopy(bytes, BLOCK_SEEDS_AT + i * SEED_BYTES, SEED_BYTES));
  return { hour: readU32(bytes, 0), seeds, reverseMask: bytes[REVERSE_MASK_AT] };
}

/**
 * Reads a shard block by block as it streams in: checks what spans blocks (order, totals, hours) and computes the hash
 * chain c_0 = SHA-256(header), c_i = SHA-256(c_(i-1) || block_i) whose end is signed. Constant memory.
 */
export class ShardReader {
  readonly header: ShardHeader;
  /** Blocks accepted so far. */
  accepted: number;
  private readonly sha256: Sha256;
  private readonly link: Buffer;
  private readonly last: Buffer;
  private seeds: number;

  /** @throws FormatError if the 64-byte header is not valid */
  constructor(sha256: Sha256, header: Buffer) {
    this.header = decodeShardHeader(header);
    this.sha256 = sha256;
    this.accepted = 0;
    this.seeds = 0;
    this.link = Buffer.alloc(32 + SHARD_BLOCK_BYTES);
    this.link.set(sha256(header), 0);
    this.last = Buffer.alloc(SHARD_BLOCK_BYTES);
  }

  /**
   * Takes the next 200-byte block and returns it decoded. After an error nothing has changed, so the right block may
   * still follow. @throws FormatError
   */
  accept(bytes: Buffer): ShardBlock {
    if (this.accepted >= this.header.blocks)
      throw new FormatError("shard.blocks", BLOCKS_AT, "more blocks than the header says");
    const block = decodeShardBlock(bytes);
    if (this.accepted === 0) {
      if (block.hour !== this.header.firstHour)
        throw new FormatError("block.hour", 0, "first block is not of the first hour");
    } else this.expectOrder(bytes, block);
    const isLast = this.accepted === this.header.blocks - 1;
    if (isLast && block.hour !== this.header.lastHour)
      throw new FormatError("block.hour", 0, "last block is not of the last hour");
    const seeds = this.seeds + block.seeds.length;
    if (isLast ? seeds !== this.header.seeds : seeds >= this.header.seeds)
      throw new FormatError("shard.seeds", SEEDS_AT, "blocks do not hold as many seeds as the header says");
    this.seeds = seeds;
    this.last.set(bytes, 0);
    this.link.set(bytes, 32);
    this.link.set(this.sha256(this.link), 0);
    this.accepted++;
    return block;
  }

  /**
   * Whether every block that the header announces has been accepted.
   *
   * @devsWhenUsed
   */
  isComplete(): boolean {
    return this.accepted === this.header.blocks;
  }

  /** The 32-byte chain value over what was accepted so far; that of a complete shard is what the signature signs. */
  chain(): Buffer {
    return sliceCopy(this.link, 0, 32);
  }

  private expectOrder(bytes: Buffer, block: ShardBlock): void {
    const lastHour = readU32(this.last, 0);
    if (block.hour > lastHour) return;
    if (block.hour < lastHour) throw new FormatError("block.hour", 0, "hours must not descend");
    const lastCount = this.last[BLOCK_COUNT_AT];
    if (lastCount !== BLOCK_SEEDS)
      throw new FormatError("block.count", BLOCK_COUNT_AT, "only the last block of an hour may be partly filled");
    const lastSeedAt = BLOCK_SEEDS_AT + (lastCount - 1) * SEED_BYTES;
    if (compareBytes(this.last, lastSeedAt, bytes, BLOCK_SEEDS_AT, SEED_BYTES) >= 0)
      throw new FormatError("block.seeds", BLOCK_SEEDS_AT, "seeds of an hour must ascend");
  }
}

function expectBlockFields(count: number, reverseMask: number): void {
  if (count < 1 || count > BLOCK_SEEDS)
    throw new FormatError("block.count", BLOCK_COUNT_AT, `${count} seeds, must be 1 to 6`);
  if (reverseMask >> count !== 0)
    throw new FormatError("block.reverseMask", REVERSE_MASK_AT, "marks a seed that is not there");
}

function expectAscendingSeeds(bytes: Buffer, count: number): void {
  for (let i = 1; i < count; i++) {
    const at = BLOCK_SEEDS_AT + i * SEED_BYTES;
    if (compareBytes(bytes, at - SEED_BYTES, bytes, at, SEED_BYTES) >= 0)
      throw new FormatError("block.seeds", at, "seeds must ascend and differ");
  }
}

function expectPlausibleTotals(header: ShardHeader): void {
  if (header.blocks === 0) {
    if (header.seeds !== 0) throw new FormatError("shard.seeds", SEEDS_AT, "seeds without a block");
    if (header.firstHour !== 0 || header.lastHour !== 0)
      throw new FormatError("shard.firstHour", FIRST_HOUR_AT, "an empty shard covers no hour");
    return;
  }
  if (header.seeds < header.blocks || header.seeds > header.blocks * BLOCK_SEEDS)
    throw new FormatError("shard.seeds", SEEDS_AT, `${header.seeds} seeds do not fit ${header.blocks} blocks`);
  if (header.firstHour > header.lastHour)
    throw new FormatError("shard.firstHour", FIRST_HOUR_AT, "after the last hour");
}
