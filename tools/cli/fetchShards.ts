import type { FileHandle } from "node:fs/promises";
import { FormatError } from "../../protocol/base/formatError";
import { type FeedChunk, type FeedIndex, verifyIndex } from "../exposure/feeds/feedIndex";
import { CliError, EXIT } from "./errors";
import { checkShard, fetchIndex, fetchShard } from "./feed";
import type { SocksProxy } from "./net/proxy";
import { note } from "./output";
import { ShardStore } from "./shardStore";

export interface FetchOptions {
  readonly directory: string;
  /** Keys that the person gave; without any, those of the first fetch are kept and held on to. */
  readonly keys: readonly Buffer[];
  /** Only this region's shards; undefined for whatever the server offers. */
  readonly region: string | undefined;
  readonly proxy: SocksProxy | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number, of: number) => void;
}

export interface FetchReport {
  readonly region: string;
  /** Shards that were already here, and that came now. */
  readonly had: number;
  readonly fetched: number;
  readonly bytes: number;
  /** Files of all shards that the server lists, ascending. */
  readonly files: string[];
}

/**
 * Brings a folder up to date with a server's feed: fetches what is missing, goes on with what is half there, and accepts
 * nothing that fails a check.
 */
export async function fetchShards(server: URL, options: FetchOptions): Promise<FetchReport> {
  const { proxy, signal } = options;
  const index = await fetchIndex(server, proxy, signal);
  const { region } = index;
  if (options.region !== undefined && options.region !== region)
    throw new CliError(
      EXIT.input,
      `${server.host} is the service of ${region}, not of ${options.region}: ask ${options.region}'s health service for its address`,
    );
  const store = await ShardStore.open(options.directory, region);
  const keys = await trustedKeys(index, store, options.keys, server);
  const here = await store.numbers();
  expectSequence(index, here, server);
  const missing: FeedChunk[] = [];
  // A file that was damaged since is fetched anew: the keyfob would refuse it.
  for (const chunk of index.chunks) if ((await store.digest(chunk.number)) !== chunk.sha256) missing.push(chunk);
  const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  let bytes = 0;
  for (const chunk of missing) {
    const before = bytes;
    await fetchOne(server, store, index.region, chunk, keys, proxy, signal, (done) =>
      options.onProgress(before + done, total),
    );
    bytes += chunk.bytes;
    options.onProgress(bytes, total);
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
): Promise<readonly Buffer[]> {
  const known = given.length > 0 ? given : await store.trustedKeys();
  const isFirst = known.length === 0;
  try {
    const keys = verifyIndex(index, isFirst ? [Buffer.from(index.publicKey, "hex")] : known);
    await store.trust(keys);
    if (isFirst)
      note(
        `First time from ${index.region}: its key is ${index.publicKey}. Compare it with what its health service says; from now on only it, and keys that it hands over to, are believed.`,
      );
    return isFirst ? index.keys.map(({ publicKey }) => Buffer.from(publicKey, "hex")) : keys;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new CliError(
      EXIT.network,
      `the list of shards from ${server.host} is not signed by a key of ${index.region} that you trust (${error.problem}). Nothing was fetched. If ${index.region}'s health service announced a new key, give it with --key`,
    );
  }
}

/** A list must have no holes, and must not go back behind what was fetched before. */
function expectSequence(index: FeedIndex, here: readonly number[], server: URL): void {
  const numbers = index.chunks.map(({ number }) => number);
  for (const [i, number] of numbers.entries()) {
    const before = numbers[i - 1];
    if (before !== undefined && number !== before + 1)
      throw new CliError(
        EXIT.network,
        `the list of shards from ${server.host} leaves out ${before + 1}: somebody holds shards back, or the service is broken`,
      );
  }
  const newestHere = here.at(-1) ?? 0;
  const newest = numbers.at(-1) ?? 0;
  if (newest < newestHere)
    throw new CliError(
      EXIT.network,
      `${server.host} lists shards up to ${newest}, but ${newestHere} was fetched before: somebody shows you an old list; try again later`,
    );
  const oldest = numbers[0] ?? 0;
  if (here.length > 0 && oldest > newestHere + 1)
    note(
      `Shards ${newestHere + 1} to ${oldest - 1} of ${index.region} are no longer offered: fetch more often than every few weeks.`,
    );
}

async function fetchOne(
  server: URL,
  store: ShardStore,
  region: string,
  chunk: FeedChunk,
  keys: readonly Buffer[],
  proxy: SocksProxy | undefined,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<void> {
  let from = await store.partBytes(chunk.number);
  if (from > chunk.bytes) from = 0;
  if (from < chunk.bytes) {
    let file: FileHandle | undefined;
    let at = 0;
    try {
      await fetchShard(
        server,
        chunk,
        from,
        async (piece, isPart) => {
          if (!file) {
            at = isPart ? from : 0;
            file = await store.openPart(chunk.number, at);
          }
          await store.writePart(chunk.number, file, piece, at);
          at += piece.length;
          onProgress(at);
        },
        proxy,
        signal,
      );
    } finally {
      await file?.close();
    }
  }
  try {
    checkShard(await store.readPart(chunk.number), region, chunk, keys);
  } catch (error) {
    await store.discard(chunk.number);
    throw error;
  }
  await store.accept(chunk.number);
}
