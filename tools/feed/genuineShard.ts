import { FormatError } from "../../protocol/base/formatError";
import { keyIdOf, SHARD_SIGNATURE_CONTEXT } from "../../protocol/report/shard";
import { decodeShardFile, type ShardFile } from "../../protocol/report/shardFile";
import { nativeSha256, sha256 } from "../base/sha256";
import { FeedError } from "./feedError";
import type { FeedChunk } from "./feedIndex";
import { isSigned } from "./signature";

/**
 * Checks a shard that came from a feed: length, digest, format, region, number, signature.
 *
 * @param listed its entry in the feed's index
 * @param keys every key by which the region may sign, 32 bytes each
 * @throws FormatError unless it is the listed file, whole, and signed by the region
 */
export function checkGenuineShard(
  file: Buffer,
  listed: Pick<FeedChunk, "number" | "bytes" | "sha256">,
  region: string,
  keys: readonly Buffer[],
): ShardFile {
  if (file.length !== listed.bytes || nativeSha256(file).toString("hex") !== listed.sha256)
    throw new FormatError("shard", 0, "is not the file that the index lists (digest differs)");
  const shard = decodeShardFile(nativeSha256, file);
  const { header } = shard;
  if (header.region !== region || header.chunk !== listed.number)
    throw new FormatError("shard.region", 0, `says that it is shard ${header.chunk} of ${header.region}`);
  const key = keys.find((known) => keyIdOf(sha256, known).equals(header.keyId));
  if (key === undefined) throw new FormatError("shard.keyId", 0, "is not signed by a key of the region");
  if (!isShardSigned(shard, key)) throw new FormatError("shard.signature", 0, "does not fit");
  return shard;
}

/** In words for people, why a shard is not genuine. */
export function notGenuine({ field, problem }: FormatError, number: number, region: string): FeedError {
  const what = `shard ${number} of ${region}`;
  if (field === "shard")
    return new FeedError(
      "untrusted",
      `${what} is not what the list announces (digest differs): it was damaged or changed on its way`,
    );
  if (field === "shard.keyId" || field === "shard.signature")
    return new FeedError(
      "untrusted",
      `${what} is not signed by ${region}'s key: it was not kept. Is somebody in between?`,
    );
  return new FeedError(
    "untrusted",
    `${what} ${field === "shard.region" ? problem : `is not valid: ${problem}`}: it was not kept`,
  );
}

/** Whether the signature of a shard is that key's. */
export function isShardSigned({ signature, chain }: ShardFile, publicKey: Buffer): boolean {
  return isSigned(publicKey, signature, chain, SHARD_SIGNATURE_CONTEXT);
}
