// A service's public feed, as whoever has a keyfob reads it: the index, and the shards that it lists, with bounds on both.

import { FormatError } from "../../protocol/base/formatError";
import { FeedError } from "./feedError";
import { type FeedChunk, type FeedIndex, PUBLIC_FEED, parseFeedIndex } from "./feedIndex";
import { exchange, type HttpAnswer } from "./http";
import type { SocksProxy } from "./proxy";

/** A year of hourly shards has 1.6 MB, and each key that took another's place 33 kB. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;
/** The blocks of a shard have 32 MB at most (`chirpfob serve --chunk-bytes`), header and signature 8 kB. */
const MAX_SHARD_BYTES = 33_000_000;
/** The answer to a shard that the server no longer has. */
const MAX_ERROR_BYTES = 64 * 1024;

/** How the server is reached. */
export interface FeedRoute {
  readonly server: URL;
  readonly proxy?: SocksProxy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a service's index. It is parsed, not yet trusted. @throws FeedError */
export async function fetchIndex(route: FeedRoute): Promise<FeedIndex> {
  const { host } = route.server;
  const { status, body } = await get(route, "v1/keys", { maxBytes: MAX_INDEX_BYTES });
  if (status !== 200)
    throw new FeedError(
      "unreachable",
      `${host} answers ${status} where its list of shards should be: check the address`,
    );
  const index = parse(body, host);
  if (index.feed !== PUBLIC_FEED)
    throw new FeedError(
      "untrusted",
      `the list of shards of ${host} is that of its feed "${index.feed}", which is meant for other regions' services: check the address. Nothing was fetched`,
    );
  const large = index.chunks.find(({ bytes }) => bytes > MAX_SHARD_BYTES);
  if (large)
    throw new FeedError(
      "untrusted",
      `the list of shards of ${host} names shard ${large.number} with ${large.bytes} bytes; none has more than ${MAX_SHARD_BYTES}. Nothing was fetched`,
    );
  return index;
}

function parse(body: Buffer, host: string): FeedIndex {
  try {
    return parseFeedIndex(body.toString("utf8"));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FeedError("untrusted", `the list of shards of ${host} is not valid: ${error.message}`);
  }
}

/**
 * Downloads a shard from byte `from` on, piece by piece.
 *
 * @param onPiece `isPart`: whether the server sends that part, rather than the whole file from its start
 * @throws FeedError
 */
export async function fetchShard(
  route: FeedRoute,
  chunk: Pick<FeedChunk, "number" | "bytes" | "sha256">,
  from: number,
  onPiece: (piece: Buffer, isPart: boolean) => Promise<void> | void,
): Promise<void> {
  const { status } = await get(route, `v1/keys/${chunk.number}`, {
    headers: from > 0 ? { range: `bytes=${from}-`, "if-range": `"${chunk.sha256}"` } : {},
    maxBytes: Math.max(chunk.bytes, MAX_ERROR_BYTES),
    onBody: (got, piece) => (got === 200 || got === 206 ? onPiece(piece, got === 206) : undefined),
  });
  if (status !== 200 && status !== 206)
    throw new FeedError(
      "unreachable",
      `${route.server.host} answers ${status} to shard ${chunk.number}, which its list names: try again later`,
    );
}

function get(
  { server, proxy, signal }: FeedRoute,
  path: string,
  how: Pick<Parameters<typeof exchange>[0], "headers" | "maxBytes" | "onBody">,
): Promise<HttpAnswer> {
  return exchange({ method: "GET", url: new URL(path, server), proxy, signal, ...how });
}
