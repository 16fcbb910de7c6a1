import { FormatError } from "../../protocol/base/formatError";
import { type FeedIndex, verifyIndex } from "../exposure/feeds/feedIndex";
import { checkShard, fetchIndex, fetchShard } from "./feed";
import { NetworkError } from "./net/http";
import type { SocksProxy } from "./net/proxy";
import { Progress } from "./progress";

/**
 * Looks for seeds among everything that a service has published. The requests are the same whoever asks for what: the whole
 * feed is read.
 *
 * @returns how many of the hours were found, and in how many shards was looked @throws NetworkError
 */
export async function findPublishedSeeds(
  server: URL,
  firstHour: number,
  seeds: readonly Buffer[],
  proxy: SocksProxy | undefined,
  signal: AbortSignal,
): Promise<{ found: number; shards: number }> {
  const index = await fetchIndex(server, proxy, signal);
  const keys = signersOf(index, server);
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

/** The keys, today's and earlier ones, that a list names which today's has signed. @throws NetworkError if it has not */
function signersOf(index: FeedIndex, server: URL): readonly Buffer[] {
  try {
    verifyIndex(index, [Buffer.from(index.publicKey, "hex")]);
    return index.keys.map(({ publicKey }) => Buffer.from(publicKey, "hex"));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new NetworkError(
      `the list of shards from ${server.host} is not signed by the key that it names (${error.problem}): it was changed on its way, or the service is broken`,
    );
  }
}

function nameOf(hour: number, seed: Buffer): string {
  return `${hour} ${seed.toString("hex")}`;
}
