// A service's public feed, as `shards fetch` and `upload --verify` read it: the signed index, and shards checked against it.

import { createHash } from "node:crypto";
import { SlhDsaVerifier } from "../../protocol/crypto/slhDsa";
import { keyIdOf, SHARD_SIGNATURE_CONTEXT } from "../../protocol/report/shard";
import { decodeShardFile, type ShardFile } from "../../protocol/report/shardFile";
import { sha256 } from "../base/sha256";
import { type FeedChunk, type FeedIndex, parseFeedIndex } from "../exposure/feeds/feedIndex";
import { CliError, EXIT } from "./errors";
import { exchange, NetworkError } from "./net/http";
import type { SocksProxy } from "./net/proxy";
import { decodeInput } from "./parse";

const MAX_INDEX_BYTES = 16 * 1024 * 1024;
/** The answer to a shard that the server no longer has. */
const MAX_ERROR_BYTES = 64 * 1024;

/** Reads a service's index. It is parsed, not yet trusted. @throws NetworkError */
export async function fetchIndex(server: URL, proxy: SocksProxy | undefined, signal: AbortSignal): Promise<FeedIndex> {
  const { status, body } = await exchange({
    method: "GET",
    url: new URL("v1/keys", server),
    proxy,
    maxBytes: MAX_INDEX_BYTES,
    signal,
  });
  if (status !== 200)
    throw new NetworkError(`${server.host} answers ${status} where its list of shards should be: check the address`);
  try {
    return decodeInput(`the list of shards of ${server.host}`, () => parseFeedIndex(body.toString("utf8")));
  } catch (error) {
    if (error instanceof CliError) throw new NetworkError(error.message);
    throw error;
  }
}

/**
 * Downloads a shard from byte `from` on, piece by piece. @returns whether the server sent that part, rather than the whole
 * file from the start @throws NetworkError
 */
export async function fetchShard(
  server: URL,
  chunk: FeedChunk,
  from: number,
  onPiece: (piece: Buffer, isPart: boolean) => Promise<void> | void,
  proxy: SocksProxy | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { status } = await exchange({
    method: "GET",
    url: new URL(`v1/keys/${chunk.number}`, server),
    headers: from > 0 ? { range: `bytes=${from}-`, "if-range": `"${chunk.sha256}"` } : {},
    proxy,
    maxBytes: Math.max(chunk.bytes, MAX_ERROR_BYTES),
    signal,
    onBody: (got, piece) => (got === 200 || got === 206 ? onPiece(piece, got === 206) : undefined),
  });
  if (status !== 200 && status !== 206)
    throw new NetworkError(
      `${server.host} answers ${status} to shard ${chunk.number}, which its list names: try again later`,
    );
}

/**
 * Checks a shard's bytes against the index and its signer: length, digest, format, region, number, signature.
 *
 * @param keys public keys that may have signed it @throws CliError that says which check failed
 */
export function checkShard(bytes: Buffer, region: string, chunk: FeedChunk, keys: readonly Buffer[]): ShardFile {
  const what = `shard ${chunk.number} of ${region}`;
  if (bytes.length !== chunk.bytes || createHash("sha256").update(bytes).digest("hex") !== chunk.sha256)
    throw new CliError(
      EXIT.network,
      `${what} is not what the list announces (digest differs): it was damaged or changed on its way`,
    );
  const shard = decodeInput(what, () => decodeShardFile(sha256, bytes));
  const { header } = shard;
  if (header.region !== region || header.chunk !== chunk.number)
    throw new CliError(
      EXIT.network,
      `${what} says that it is shard ${header.chunk} of ${header.region}: it was not kept`,
    );
  const signer = keys.find((key) => keyIdOf(sha256, key).equals(header.keyId));
  if (!signer || !isSignedBy(signer, shard))
    throw new CliError(
      EXIT.network,
      `${what} is not signed by ${region}'s key: it was not kept. Is somebody in between?`,
    );
  return shard;
}

function isSignedBy(publicKey: Buffer, { signature, chain }: ShardFile): boolean {
  const verifier = new SlhDsaVerifier(sha256, publicKey, signature, chain, Buffer.from(SHARD_SIGNATURE_CONTEXT));
  while (verifier.step());
  return verifier.isValid();
}
