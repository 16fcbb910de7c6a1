import { decodeShardBlock, decodeShardHeader, SHARD_BLOCK_BYTES, SHARD_HEADER_BYTES } from "../../../protocol/shard";
import type { ReleasedSeed } from "../../../protocol/shardFile";
import type { FeedFiles } from "./feedFiles";

const BLOCKS_WITHOUT_PAUSE = 2000;

/**
 * Drops seeds that a shard of the feed carries already. Someone who uploads twice would otherwise stand out: the seeds
 * that two shards have in common would be theirs alone, hour by hour.
 */
export async function withoutPublished(files: FeedFiles, feed: string, seeds: ReleasedSeed[]): Promise<ReleasedSeed[]> {
  const chunks = files.get(feed)?.chunks;
  if (chunks === undefined || chunks.size === 0 || seeds.length === 0) return seeds;
  const wanted = new Map<number, Set<string>>();
  for (const { hour, seed } of seeds) {
    const ofHour = wanted.get(hour) ?? new Set();
    wanted.set(hour, ofHour.add(seed.toString("latin1")));
  }
  const found = new Set<string>();
  for (const number of chunks.keys()) await search(await files.read(feed, number), wanted, found);
  return found.size === 0 ? seeds : seeds.filter(({ hour, seed }) => !found.has(`${hour} ${seed.toString("latin1")}`));
}

async function search(
  file: Buffer,
  wanted: ReadonlyMap<number, ReadonlySet<string>>,
  found: Set<string>,
): Promise<void> {
  const { blocks } = decodeShardHeader(file.subarray(0, SHARD_HEADER_BYTES));
  for (let i = 0; i < blocks; i++) {
    if (i % BLOCKS_WITHOUT_PAUSE === 0) await new Promise((resolve) => setImmediate(resolve));
    const at = SHARD_HEADER_BYTES + i * SHARD_BLOCK_BYTES;
    const { hour, seeds } = decodeShardBlock(file.subarray(at, at + SHARD_BLOCK_BYTES));
    const ofHour = wanted.get(hour);
    if (ofHour === undefined) continue;
    for (const seed of seeds) {
      const bytes = seed.toString("latin1");
      if (ofHour.has(bytes)) found.add(`${hour} ${bytes}`);
    }
  }
}
