// The list of a feed's shards, as `GET /v1/keys` serves it: small JSON, signed, so that a mirror or CDN cannot leave a
// shard out or slip one in unnoticed.

import { z } from "zod";
import { FormatError } from "../../../protocol/base/formatError";
import { SLH_DSA_PUBLIC_KEY_BYTES, SLH_DSA_SIGNATURE_BYTES, SlhDsaVerifier } from "../../../protocol/crypto/slhDsa";
import { sha256 } from "../../base/sha256";

/** What an index's signature is bound to, so that it can never pass for a shard's. */
export const INDEX_SIGNATURE_CONTEXT = "PACT-INDEX-v1";

/** What a key's endorsement by its predecessor is bound to. */
export const KEY_SIGNATURE_CONTEXT = "PACT-KEY-v1";

/** A key a year for longer than anybody will read it. */
const MAX_KEYS = 64;

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

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `must be ${bytes} bytes in hexadecimal`);

const WHOLE_PROBLEM = "must be a whole number of 32 bits";
const whole = z.int(WHOLE_PROBLEM).min(0, WHOLE_PROBLEM).max(0xffffffff, WHOLE_PROBLEM);

const KEY = z
  .object({
    publicKey: hex(SLH_DSA_PUBLIC_KEY_BYTES),
    endorsedBy: hex(SLH_DSA_PUBLIC_KEY_BYTES).optional(),
    endorsement: hex(SLH_DSA_SIGNATURE_BYTES).optional(),
  })
  .refine((key) => (key.endorsedBy === undefined) === (key.endorsement === undefined), "is endorsed by half");

const CHUNK = z.object({ number: whole, bytes: whole, sha256: hex(32), seeds: whole, published: whole });

const INDEX = z.object({
  region: z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, "must be a region such as US-MA"),
  feed: z.string().regex(/^[A-Za-z0-9-]{2,6}$/, "must be a feed such as public"),
  publicKey: hex(SLH_DSA_PUBLIC_KEY_BYTES),
  // Each may cost the reader a signature to check.
  keys: z.array(KEY).max(MAX_KEYS, `must be at most ${MAX_KEYS}`),
  chunks: z
    .array(CHUNK)
    .refine((chunks) => chunks.every(({ number }, i) => number > (chunks[i - 1]?.number ?? 0)), "must ascend from 1"),
  signature: hex(SLH_DSA_SIGNATURE_BYTES),
});

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
  const result = INDEX.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FormatError(["index", ...(issue?.path ?? [])].join("."), 0, issue?.message ?? "is not valid");
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
