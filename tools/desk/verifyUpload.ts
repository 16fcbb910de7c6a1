import { FormatError } from "../../protocol/base/formatError";
import type { UploadFile } from "../../protocol/report/uploadFile";
import { FeedError } from "../feed/feedError";
import { type FeedIndex, verifyIndex } from "../feed/feedIndex";
import { type FeedRoute, fetchIndex, fetchShard } from "../feed/feedReader";
import { checkGenuineShard, notGenuine } from "../feed/genuineShard";
import type { SocksProxy } from "../feed/proxy";
import type { Work } from "./events";

/**
 * Looks for an upload's seeds among everything that a service has published. The requests are the same whoever asks for what:
 * the whole feed is read, one shard after the other, so that no more than one is in memory.
 *
 * @returns how many of the hours were found, and in how many shards was looked @throws FeedError
 */
export async function findPublishedSeeds(
  server: URL,
  { firstHour, seeds }: Pick<UploadFile, "firstHour" | "seeds">,
  proxy: SocksProxy | undefined,
  { signal, tell }: Work,
): Promise<{ found: number; shards: number }> {
  const route: FeedRoute = { server, proxy, signal };
  const index = await fetchIndex(route);
  const keys = signersOf(index, server);
  const wanted = new Set(seeds.map((seed, i) => nameOf(firstHour + i, seed)));
  let found = 0;
  try {
    for (const [i, chunk] of index.chunks.entries()) {
      tell({ kind: "progress", task: "verify", done: i, of: index.chunks.length });
      const pieces: Buffer[] = [];
      await fetchShard(route, chunk, 0, (piece) => void pieces.push(piece));
      const { blocks } = genuine(Buffer.concat(pieces), index, chunk, keys);
      for (const block of blocks) for (const seed of block.seeds) if (wanted.delete(nameOf(block.hour, seed))) found++;
    }
  } finally {
    tell({ kind: "over", task: "verify" });
  }
  return { found, shards: index.chunks.length };
}

function genuine(file: Buffer, { region }: FeedIndex, chunk: FeedIndex["chunks"][number], keys: readonly Buffer[]) {
  try {
    return checkGenuineShard(file, chunk, region, keys);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw notGenuine(error, chunk.number, region);
  }
}

/** The keys, today's and earlier ones, that a list names which today's has signed. @throws FeedError if it has not */
function signersOf(index: FeedIndex, server: URL): readonly Buffer[] {
  try {
    verifyIndex(index, [Buffer.from(index.publicKey, "hex")]);
    return index.keys.map(({ publicKey }) => Buffer.from(publicKey, "hex"));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FeedError(
      "untrusted",
      `the list of shards from ${server.host} is not signed by the key that it names (${error.problem}): it was changed on its way, or the service is broken`,
    );
  }
}

function nameOf(hour: number, seed: Buffer): string {
  return `${hour} ${seed.toString("hex")}`;
}
