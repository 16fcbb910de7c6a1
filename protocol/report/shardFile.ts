import { compareBytes, sliceCopy } from "../base/bytes";
import { FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { SLH_DSA_SIGNATURE_BYTES } from "../crypto/slhDsa";
import {
  BLOCK_SEEDS,
  decodeShardHeader,
  encodeShardBlock,
  encodeShardHeader,
  SHARD_BLOCK_BYTES,
  SHARD_HEADER_BYTES,
  type ShardBlock,
  type ShardHeader,
  ShardReader,
} from "./shard";

/** A whole shard in memory, as hosts and services handle it; a keyfob streams it through ShardReader instead. */
export interface ShardFile {
  readonly header: ShardHeader;
  readonly blocks: ShardBlock[];
  /** 32 bytes: the end of the hash chain, which the signature signs. */
  readonly chain: Buffer;
  /** 7,856 bytes, not verified by decoding. */
  readonly signature: Buffer;
}

/** One seed that a publisher releases. */
export interface ReleasedSeed {
  readonly hour: number;
  /** 32 bytes. */
  readonly seed: Buffer;
  /** Whether possible sources are asked for. */
  readonly reverse: boolean;
}

/** The parts of a header that do not follow from the seeds. */
export interface ShardIdentity {
  readonly region: string;
  readonly chunk: number;
  /** Unix seconds. */
  readonly published: number;
  /** 8 bytes. */
  readonly keyId: Buffer;
}

/** Bytes of a shard file with `blocks` blocks. */
export function shardFileBytes(blocks: number): number {
  return SHARD_HEADER_BYTES + blocks * SHARD_BLOCK_BYTES + SLH_DSA_SIGNATURE_BYTES;
}

/**
 * Sorts seeds by hour and bytes, drops doubles (a double keeps the reverse mark if either has it) and packs them into
 * blocks. The order of the input leaves no trace: nothing links one person's hours.
 */
export function packBlocks(released: readonly ReleasedSeed[]): ShardBlock[] {
  const sorted = released.slice(0).sort((a, b) => a.hour - b.hour || compareBytes(a.seed, 0, b.seed, 0, a.seed.length));
  const blocks: ShardBlock[] = [];
  let seeds: Buffer[] = [];
  let reverseMask = 0;
  for (let i = 0; i < sorted.length; i++) {
    const { hour, seed, reverse } = sorted[i];
    if (
      seeds.length > 0 &&
      compareBytes(seeds[seeds.length - 1], 0, seed, 0, seed.length) === 0 &&
      sorted[i - 1].hour === hour
    ) {
      if (reverse) reverseMask |= 1 << (seeds.length - 1);
    } else {
      if (seeds.length > 0 && (sorted[i - 1].hour !== hour || seeds.length === BLOCK_SEEDS)) {
        blocks.push({ hour: sorted[i - 1].hour, seeds, reverseMask });
        seeds = [];
        reverseMask = 0;
      }
      if (reverse) reverseMask |= 1 << seeds.length;
      seeds.push(seed);
    }
  }
  if (seeds.length > 0) blocks.push({ hour: sorted[sorted.length - 1].hour, seeds, reverseMask });
  return blocks;
}

/**
 * Lays out everything of a shard but its signature, and computes the 32-byte chain value that must be signed with
 * SHARD_SIGNATURE_CONTEXT. The file is `unsigned` followed by the 7,856-byte signature.
 */
export function layOutShard(
  sha256: Sha256,
  identity: ShardIdentity,
  blocks: readonly ShardBlock[],
): { unsigned: Buffer; chain: Buffer } {
  let seeds = 0;
  for (const block of blocks) seeds += block.seeds.length;
  const header = encodeShardHeader({
    region: identity.region,
    chunk: identity.chunk,
    published: identity.published,
    firstHour: blocks.length > 0 ? blocks[0].hour : 0,
    lastHour: blocks.length > 0 ? blocks[blocks.length - 1].hour : 0,
    blocks: blocks.length,
    seeds,
    keyId: identity.keyId,
  });
  const unsigned = Buffer.alloc(SHARD_HEADER_BYTES + blocks.length * SHARD_BLOCK_BYTES);
  unsigned.set(header, 0);
  const reader = new ShardReader(sha256, header);
  for (let i = 0; i < blocks.length; i++) {
    const block = encodeShardBlock(blocks[i]);
    reader.accept(block);
    unsigned.set(block, SHARD_HEADER_BYTES + i * SHARD_BLOCK_BYTES);
  }
  return { unsigned, chain: reader.chain() };
}

/** Reads and checks a whole shard file, all but the signature's validity. @throws FormatError */
export function decodeShardFile(sha256: Sha256, file: Buffer): ShardFile {
  if (file.length < SHARD_HEADER_BYTES)
    throw new FormatError("shard", file.length, `${file.length} bytes, shorter than the 64-byte header`);
  const headerBytes = sliceCopy(file, 0, SHARD_HEADER_BYTES);
  const header = decodeShardHeader(headerBytes);
  if (file.length !== shardFileBytes(header.blocks))
    throw new FormatError(
      "shard",
      file.length,
      `${file.length} bytes, but ${header.blocks} blocks make ${shardFileBytes(header.blocks)}`,
    );
  const reader = new ShardReader(sha256, headerBytes);
  const blocks: ShardBlock[] = [];
  for (let i = 0; i < header.blocks; i++) {
    const at = SHARD_HEADER_BYTES + i * SHARD_BLOCK_BYTES;
    blocks.push(acceptAt(reader, file, at));
  }
  const signatureAt = SHARD_HEADER_BYTES + header.blocks * SHARD_BLOCK_BYTES;
  return { header, blocks, chain: reader.chain(), signature: sliceCopy(file, signatureAt, SLH_DSA_SIGNATURE_BYTES) };
}

/** Accepts the block at `at`, and lets an error name its place in the file rather than in the block. */
function acceptAt(reader: ShardReader, file: Buffer, at: number): ShardBlock {
  try {
    return reader.accept(sliceCopy(file, at, SHARD_BLOCK_BYTES));
  } catch (error) {
    if (error instanceof FormatError && error.field.startsWith("block")) throw error.movedBy(at);
    throw error;
  }
}
