import { checkShard, fetchIndex, fetchShard } from "./feed";
import type { SocksProxy } from "./net/proxy";
import { Progress } from "./progress";

/**
 * Looks for seeds among everything that a service has published. The requests are the same whoever asks for what: the whole
 * feed is read.
 *
 * @returns how many of the hours were found, and in how many shards was looked
 */
export async function findPublishedSeeds(
  server: URL,
  firstHour: number,
  seeds: readonly Buffer[],
  proxy: SocksProxy | undefined,
  signal: AbortSignal,
): Promise<{ found: number; shards: number }> {
  const index = await fetchIndex(server, proxy, signal);
  const keys = index.keys.map(({ publicKey }) => Buffer.from(publicKey, "hex"));
  const wanted = new Set(seeds.map((seed, i) => nameOf(firstHour + i, seed)));
  const progress = new Progress("Reading shards");
  let found = 0;
  try {
    for (const [i, chunk] of index.chunks.entries()) {
      progress.update(i, index.chunks.length);
      const pieces: Buffer[] = [];
      await fetchShard(server, chunk, 0, (piece) => void pieces.push(piece), proxy, signal);
      const { blocks } = checkShard(Buffer.concat(pieces), index.region, chunk, keys);
      for (const block of blocks) for (const seed of block.seeds) if (wanted.delete(nameOf(block.hour, seed))) found++;
    }
  } finally {
    progress.finish();
  }
  return { found, shards: index.chunks.length };
}

function nameOf(hour: number, seed: Buffer): string {
  return `${hour} ${seed.toString("hex")}`;
}
