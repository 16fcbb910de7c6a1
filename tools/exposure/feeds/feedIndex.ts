// The list of a feed's shards, as `GET /v1/keys` serves it: small JSON, signed, so that a mirror or CDN cannot leave a
// shard out or slip one in unnoticed.

import { FormatError } from "../../../protocol/base/formatError";
import { SLH_DSA_PUBLIC_KEY_BYTES, SLH_DSA_SIGNATURE_BYTES, SlhDsaVerifier } from "../../../protocol/crypto/slhDsa";
import { sha256 } from "../../base/sha256";

/** What an index's signature is bound to, so that it can never pass for a shard's. */
export const INDEX_SIGNATURE_CONTEXT = "PACT-INDEX-v1";

/** What a key's endorsement by its predecessor is bound to. */
export const KEY_SIGNATURE_CONTEXT = "PACT-KEY-v1";

/** One shard of a feed. */
export interface FeedChunk {
  readonly number: number;
  readonly bytes: number;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  /** Filling included. */
  readonly seeds: number;
  /** Unix seconds. */
  readonly published: number;
}

/** A key that has signed this region's shards; each but the first carries a signature by the one before it. */
export interface FeedKey {
  readonly publicKey: string;
  readonly endorsedBy?: string;
  readonly endorsement?: string;
}

export interface FeedIndex {
  /** The publishing service's home region. */
  readonly region: string;
  /** "public", "a2a", or the region whose service may read this feed. */
  readonly feed: string;
  /** Hexadecimal; signs this index and every new shard. */
  readonly publicKey: string;
  /** All keys so far, oldest first. */
  readonly keys: readonly FeedKey[];
  /** Ascending by number; old ones leave after the retention time. */
  readonly chunks: readonly FeedChunk[];
  /** SLH-DSA-SHA2-128s over indexDigest, hexadecimal. */
  readonly signature: string;
}

/**
 * The 32 bytes that an index's signature signs: SHA-256 over one line each for region, feed, current key, every key
 * with its endorsement and every chunk, fields separated by a space, "-" for what is absent.
 */
export function indexDigest(index: Omit<FeedIndex, "signature">): Buffer {
  const lines = [
    `region ${index.region}`,
    `feed ${index.feed}`,
    `publicKey ${index.publicKey}`,
    ...index.keys.map((key) => `key ${key.publicKey} ${key.endorsedBy ?? "-"} ${key.endorsement ?? "-"}`),
    ...index.chunks.map(({ number, bytes, sha256: digest, seeds, published }) =>
      ["chunk", number, bytes, digest, seeds, published].join(" "),
    ),
  ];
  return sha256(Buffer.from(lines.map((line) => `${line}\n`).join(""), "utf8"));
}

/**
 * Reads an index that came over the network. Its signature is not checked: see verifyIndex.
 * @throws FormatError
 */
export function parseFeedIndex(text: string): FeedIndex {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError("index", 0, "is not JSON");
  }
  const index = record("index", value);
  return {
    region: word("index.region", index.region, /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/),
    feed: word("index.feed", index.feed, /^[A-Za-z0-9-]{2,6}$/),
    publicKey: hex("index.publicKey", index.publicKey, SLH_DSA_PUBLIC_KEY_BYTES),
    keys: list("index.keys", index.keys).map(parseKey),
    chunks: list("index.chunks", index.chunks).map(parseChunk),
    signature: hex("index.signature", index.signature, SLH_DSA_SIGNATURE_BYTES),
  };
}

/**
 * Checks an index against the keys that the reader trusts. A key that a trusted key has endorsed is trusted too, so a
 * region can rotate its key without a word to its readers.
 *
 * @param trusted public keys, 32 bytes each
 * @returns every key by which this index's shards may be signed
 * @throws FormatError if no trusted key vouches for the index
 */
export function verifyIndex(index: FeedIndex, trusted: readonly Buffer[]): Buffer[] {
  const valid = trusted.map((key) => key.toString("hex"));
  for (const { publicKey, endorsedBy, endorsement } of index.keys) {
    if (valid.includes(publicKey) || endorsedBy === undefined || endorsement === undefined) continue;
    if (
      valid.includes(endorsedBy) &&
      isSigned(endorsedBy, endorsement, Buffer.from(publicKey, "hex"), KEY_SIGNATURE_CONTEXT)
    )
      valid.push(publicKey);
  }
  if (!valid.includes(index.publicKey))
    throw new FormatError("index.publicKey", 0, "is no key that you trust, nor endorsed by one");
  if (!isSigned(index.publicKey, index.signature, indexDigest(index), INDEX_SIGNATURE_CONTEXT))
    throw new FormatError("index.signature", 0, "does not fit: the index was changed or damaged on its way");
  return valid.map((key) => Buffer.from(key, "hex"));
}

/** Whether `signature` is `publicKey`'s over `message`; all hexadecimal but the message. */
export function isSigned(publicKey: string, signature: string, message: Buffer, context: string): boolean {
  const verifier = new SlhDsaVerifier(
    sha256,
    Buffer.from(publicKey, "hex"),
    Buffer.from(signature, "hex"),
    message,
    Buffer.from(context, "utf8"),
  );
  while (verifier.step());
  return verifier.isValid();
}

function parseKey(value: unknown): FeedKey {
  const key = record("index.keys", value);
  const publicKey = hex("index.keys.publicKey", key.publicKey, SLH_DSA_PUBLIC_KEY_BYTES);
  if (key.endorsedBy === undefined) return { publicKey };
  return {
    publicKey,
    endorsedBy: hex("index.keys.endorsedBy", key.endorsedBy, SLH_DSA_PUBLIC_KEY_BYTES),
    endorsement: hex("index.keys.endorsement", key.endorsement, SLH_DSA_SIGNATURE_BYTES),
  };
}

function parseChunk(value: unknown, position: number, all: unknown[]): FeedChunk {
  const chunk = record("index.chunks", value);
  const parsed = {
    number: whole("index.chunks.number", chunk.number),
    bytes: whole("index.chunks.bytes", chunk.bytes),
    sha256: hex("index.chunks.sha256", chunk.sha256, 32),
    seeds: whole("index.chunks.seeds", chunk.seeds),
    published: whole("index.chunks.published", chunk.published),
  };
  const before = position > 0 ? (all[position - 1] as FeedChunk).number : 0;
  if (parsed.number <= before) throw new FormatError("index.chunks.number", 0, "must ascend from 1");
  return parsed;
}

function record(field: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(field, 0, "must be an object");
  return value as Record<string, unknown>;
}

function list(field: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new FormatError(field, 0, "must be a list");
  return value;
}

function word(field: string, value: unknown, shape: RegExp): string {
  if (typeof value !== "string" || !shape.test(value))
    throw new FormatError(field, 0, `must look like ${shape.source}`);
  return value;
}

function hex(field: string, value: unknown, bytes: number): string {
  return word(field, value, new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
}

function whole(field: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0xffffffff)
    throw new FormatError(field, 0, "must be a whole number of 32 bits");
  return value as number;
}
