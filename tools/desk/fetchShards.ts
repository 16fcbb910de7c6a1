import type { FileHandle } from "node:fs/promises";
import { FormatError } from "../../protocol/base/formatError";
import { FeedError } from "../feed/feedError";
import { type FeedChunk, type FeedIndex, verifyIndex } from "../feed/feedIndex";
import { type FeedRoute, fetchIndex, fetchShard } from "../feed/feedReader";
import { checkGenuineShard, notGenuine } from "../feed/genuineShard";
import type { SocksProxy } from "../feed/proxy";
import { ShardStore } from "../feed/shardStore";
import { faultOf } from "./deskError";
import type { Work } from "./events";

/** More than a keyfob could import in a day, of a server that fills the disk. */
const MAX_FETCH_BYTES = 1_000_000_000;

export interface FetchChoice {
  readonly directory: string;
  /** Keys that the person gave; without any, those of the first fetch are kept and held on to. */
  readonly keys: readonly Buffer[];
  /** Only this region's shards; undefined for whatever the server offers. */
  readonly region: string | undefined;
  readonly proxy: SocksProxy | undefined;
}

/** What came of fetching from one server. */
export interface FetchReport {
  readonly region: string;
  /** Shards that were already here, and that came now. */
  readonly had: number;
  readonly fetched: number;
  readonly bytes: number;
  /** Files of all shards that the server lists, ascending. */
  readonly files: string[];
}

/** What came of fetching from several servers. */
export interface FetchOutcomes {
  readonly fetched: readonly { readonly server: URL; readonly report: FetchReport }[];
  /** The last of those that failed; earlier ones were told. */
  readonly failure: Error | undefined;
}

/**
 * Fetches from one server after the other, in an order that does not tell which of them matters to this person. One that fails
 * keeps nobody from the others.
 */
export async function fetchFromAll(servers: readonly URL[], choice: FetchChoice, work: Work): Promise<FetchOutcomes> {
  const each = [...new Map(servers.map((url) => [url.href, url])).values()].sort((a, b) => (a.href < b.href ? -1 : 1));
  const fetched: { server: URL; report: FetchReport }[] = [];
  let failed: { server: string; error: Error } | undefined;
  for (const server of each) {
    try {
      fetched.push({ server, report: await fetchShards(server, choice, work) });
    } catch (error) {
      work.signal.throwIfAborted();
      if (faultOf(error) === undefined) throw error;
      if (failed) work.tell({ kind: "serverFailed", server: failed.server, why: failed.error.message });
      failed = { server: server.host, error: error as Error };
    }
  }
  return { fetched, failure: failed?.error };
}

/**
 * Brings a folder up to date with a server's feed: fetches what is missing, goes on with what is half there, and accepts
 * nothing that fails a check.
 *
 * @throws FeedError, FileError
 */
async function fetchShards(server: URL, choice: FetchChoice, { signal, tell }: Work): Promise<FetchReport> {
  const route: FeedRoute = { server, proxy: choice.proxy, signal };
  const index = await fetchIndex(route);
  const { region } = index;
  if (choice.region !== undefined && choice.region !== region)
    throw new FeedError(
      "otherRegion",
      `${server.host} is the service of ${region}, not of ${choice.region}: ask ${choice.region}'s health service for its address`,
    );
  const store = await ShardStore.open(choice.directory, region);
  const keys = await trustedKeys(index, store, choice.keys, server, tell);
  expectSequence(index, await store.numbers(), server, tell);
  const missing: FeedChunk[] = [];
  // A file that was damaged since is fetched anew: the keyfob would refuse it.
  for (const chunk of index.chunks) if ((await store.digest(chunk.number)) !== chunk.sha256) missing.push(chunk);
  const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > MAX_FETCH_BYTES)
    throw new FeedError(
      "untrusted",
      `${server.host} lists ${total} bytes of new shards, more than any keyfob could check: nothing was fetched, so that it cannot fill this disk. Is the address right?`,
    );
  await store.sweepParts(missing.map(({ number }) => number));
  let bytes = 0;
  const onProgress = (done: number) =>
    tell({ kind: "progress", task: "fetch", done: bytes + done, of: total, server: server.host });
  try {
    for (const chunk of missing) {
      await fetchOne(route, store, region, chunk, keys, onProgress);
      bytes += chunk.bytes;
      onProgress(0);
    }
  } finally {
    tell({ kind: "over", task: "fetch" });
  }
  return {
    region,
    had: index.chunks.length - missing.length,
    fetched: missing.length,
    bytes,
    files: index.chunks.map(({ number }) => store.path(number)),
  };
}

/** Checks the list's signature with the keys that are trusted, and remembers those that they vouch for. */
async function trustedKeys(
  index: FeedIndex,
  store: ShardStore,
  given: readonly Buffer[],
  server: URL,
  tell: Work["tell"],
): Promise<readonly Buffer[]> {
  const known = given.length > 0 ? given : await store.trustedKeys();
  const isFirst = known.length === 0;
  try {
    const keys = verifyIndex(index, isFirst ? [Buffer.from(index.publicKey, "hex")] : known);
    await store.trust(keys);
    if (isFirst) tell({ kind: "firstKey", region: index.region, publicKey: index.publicKey });
    return isFirst ? index.keys.map(({ publicKey }) => Buffer.from(publicKey, "hex")) : keys;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FeedError(
      "untrusted",
      `the list of shards from ${server.host} is not signed by a key of ${index.region} that you trust (${error.problem}). Nothing was fetched. If ${index.region}'s health service announced a new key, give it with --key`,
    );
  }
}

/** A list must have no holes, and must not go back behind what was fetched before. */
function expectSequence(index: FeedIndex, here: readonly number[], server: URL, tell: Work["tell"]): void {
  const numbers = index.chunks.map(({ number }) => number);
  for (const [i, number] of numbers.entries()) {
    const before = numbers[i - 1];
    if (before !== undefined && number !== before + 1)
      throw new FeedError(
        "untrusted",
        `the list of shards from ${server.host} leaves out ${before + 1}: somebody holds shards back, or the service is broken`,
      );
  }
  const newestHere = here.at(-1) ?? 0;
  const newest = numbers.at(-1) ?? 0;
  if (newest < newestHere)
    throw new FeedError(
      "untrusted",
      `${server.host} lists shards up to ${newest}, but ${newestHere} was fetched before: somebody shows you an old list; try again later`,
    );
  const oldest = numbers[0] ?? 0;
  if (here.length > 0 && oldest > newestHere + 1)
    tell({ kind: "noLongerOffered", region: index.region, first: newestHere + 1, last: oldest - 1 });
}

async function fetchOne(
  route: FeedRoute,
  store: ShardStore,
  region: string,
  chunk: FeedChunk,
  keys: readonly Buffer[],
  onProgress: (bytes: number) => void,
): Promise<void> {
  let from = await store.partBytes(chunk.number);
  if (from > chunk.bytes) from = 0;
  if (from < chunk.bytes) {
    let file: FileHandle | undefined;
    let at = 0;
    try {
      await fetchShard(route, chunk, from, async (piece, isPart) => {
        if (!file) {
          at = isPart ? from : 0;
          file = await store.openPart(chunk.number, at);
        }
        if (at + piece.length > chunk.bytes)
          throw new FeedError(
            "untrusted",
            `${route.server.host} sends more than the ${chunk.bytes} bytes of shard ${chunk.number}: it was stopped`,
          );
        await store.writePart(chunk.number, file, piece, at);
        at += piece.length;
        onProgress(at);
      });
    } finally {
      await file?.close();
    }
  }
  try {
    checkGenuineShard(await store.readPart(chunk.number), chunk, region, keys);
  } catch (error) {
    await store.discard(chunk.number);
    if (!(error instanceof FormatError)) throw error;
    throw notGenuine(error, chunk.number, region);
  }
  await store.accept(chunk.number);
}
