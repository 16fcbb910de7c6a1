import { SEED_BYTES } from "../../../protocol/beacon/chirp";
import {
  BLOCK_COUNT_AT,
  BLOCK_SEEDS_AT,
  decodeShardHeader,
  SHARD_BLOCK_BYTES,
  SHARD_HEADER_BYTES,
} from "../../../protocol/report/shard";
import type { ReleasedSeed } from "../../../protocol/report/shardFile";
import type { FeedFiles } from "./feedFiles";

const BLOCKS_WITHOUT_PAUSE = 10_000;

/**
 * Drops seeds that a shard of the feed carries already. Someone who uploads twice would otherwise stand out: the seeds
 * that two shards have in common would be theirs alone, hour by hour.
 */
export async function withoutPublished<T extends ReleasedSeed>(
  files: FeedFiles,
  feed: string,
  seeds: T[],
): Promise<T[]> {
  const chunks = files.get(feed)?.chunks;
  if (chunks === undefined || chunks.size === 0 || seeds.length === 0) return seeds;
  const wanted = new Map<number, WantedSeeds>();
  for (const { hour, seed } of seeds) {
    const ofHour = wanted.get(hour) ?? new WantedSeeds();
    ofHour.add(seed);
    wanted.set(hour, ofHour);
  }
  const found = new Set<Buffer>();
  for (const number of chunks.keys()) await search(await files.read(feed, number), wanted, found);
  return found.size === 0 ? seeds : seeds.filter(({ seed }) => !found.has(seed));
}

/** The seeds of an hour that are looked for. Nearly all that they are compared with are others, which cost one look at a bit. */
class WantedSeeds {
  private readonly seeds: Buffer[] = [];
  /** One bit for each of the 65,536 beginnings of two bytes. */
  private readonly beginnings = new Uint8Array(0x10000 / 8);

  add(seed: Buffer): void {
    this.seeds.push(seed);
    const beginning = seed.readUInt16BE(0);
    this.beginnings[beginning >> 3] = (this.beginnings[beginning >> 3] ?? 0) | (1 << (beginning & 7));
  }

  /** Notes those that equal the 32 bytes at `at`, each as the very buffer that was added. */
  find(file: Buffer, at: number, found: Set<Buffer>): void {
    const beginning = file.readUInt16BE(at);
    if ((((this.beginnings[beginning >> 3] ?? 0) >> (beginning & 7)) & 1) === 0) return;
    for (const seed of this.seeds) if (seed.compare(file, at, at + SEED_BYTES) === 0) found.add(seed);
  }
}

/** Looks through a shard that we have signed ourselves, so without decoding it: a month of shards is searched each time. */
async function search(file: Buffer, wanted: ReadonlyMap<number, WantedSeeds>, found: Set<Buffer>): Promise<void> {
  const { blocks } = decodeShardHeader(file.subarray(0, SHARD_HEADER_BYTES));
  for (let i = 0; i < blocks; i++) {
    if (i % BLOCKS_WITHOUT_PAUSE === 0) await new Promise((resolve) => setImmediate(resolve));
    const at = SHARD_HEADER_BYTES + i * SHARD_BLOCK_BYTES;
    const ofHour = wanted.get(file.readUInt32BE(at));
    if (ofHour === undefined) continue;
    const count = file.readUInt8(at + BLOCK_COUNT_AT);
    for (let k = 0; k < count; k++) ofHour.find(file, at + BLOCK_SEEDS_AT + k * SEED_BYTES, found);
  }
}
