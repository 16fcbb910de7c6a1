// The list of a feed's shards, as `GET /v1/keys` serves it: small JSON, signed, so that a mirror or CDN cannot leave a
// shard out or slip one in unnoticed.

import { z } from "zod";
import { FormatError } from "../../protocol/base/formatError";
import { SLH_DSA_PUBLIC_KEY_BYTES, SLH_DSA_SIGNATURE_BYTES } from "../../protocol/crypto/slhDsa";
import { sha256 } from "../base/sha256";
import { isSigned } from "./signature";

/** The feed that everybody may read: what keyfobs fetch. */
export const PUBLIC_FEED = "public";

/** What an index's signature is bound to, so that it can never pass for a shard's. */
export const INDEX_SIGNATURE_CONTEXT = "PACT-INDEX-v1";

/** What a key's endorsement by its predecessor is bound to. */
export const KEY_SIGNATURE_CONTEXT = "PACT-KEY-v1";

/** A key a year for longer than anybody will read it; each may cost the reader a signature to check. */
const MAX_KEYS = 64;

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `must be ${bytes} bytes`);
const whole = z.int().min(0).max(0xffffffff);

const feedChunk = z.object({
  number: whole,
  bytes: whole,
  /** Of the whole file, hexadecimal. */
  sha256: hex(32),
  /** Filling included. */
  seeds: whole,
  /** Unix seconds. */
  published: whole,
});

const feedKey = z
  .object({
    publicKey: hex(SLH_DSA_PUBLIC_KEY_BYTES),
    endorsedBy: hex(SLH_DSA_PUBLIC_KEY_BYTES).optional(),
    endorsement: hex(SLH_DSA_SIGNATURE_BYTES).optional(),
  })
  .refine((key) => (key.endorsedBy === undefined) === (key.endorsement === undefined), {
    message: "an endorsement names who endorses",
  });

const feedIndex = z.object({
  /** The publishing service's home region. */
  region: z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, "must be a region"),
  /** "public", "a2a", or the region whose service may read this feed. */
  feed: z.string().regex(/^[A-Za-z0-9-]{2,6}$/, "must be a feed's name"),
  /** Hexadecimal; signs this index and every new shard. */
  publicKey: hex(SLH_DSA_PUBLIC_KEY_BYTES),
  /** All keys so far, oldest first. */
  keys: z.array(feedKey).max(MAX_KEYS, `must be at most ${MAX_KEYS}`),
  /** Ascending by number; old ones leave after the retention time. */
  chunks: z
    .array(feedChunk)
    .refine((chunks) => chunks.every(({ number }, i) => number > (chunks[i - 1]?.number ?? 0)), {
      message: "numbers must ascend from 1",
    }),
  /** SLH-DSA-SHA2-128s over indexDigest, hexadecimal. */
  signature: hex(SLH_DSA_SIGNATURE_BYTES),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** One shard of a feed. */
export type FeedChunk = DeepReadonly<z.infer<typeof feedChunk>>;

/** A key that has signed this region's shards; each but the first carries a signature by the one before it. */
export type FeedKey = DeepReadonly<z.infer<typeof feedKey>>;

export type FeedIndex = DeepReadonly<z.infer<typeof feedIndex>>;

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
  const parsed = feedIndex.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(["index", ...(issue?.path ?? [])].join("."), 0, issue?.message ?? "is no index");
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
      hasSigned(endorsedBy, endorsement, Buffer.from(publicKey, "hex"), KEY_SIGNATURE_CONTEXT)
    )
      valid.push(publicKey);
  }
  if (!valid.includes(index.publicKey))
    throw new FormatError("index.publicKey", 0, "is no key that you trust, nor endorsed by one");
  if (!hasSigned(index.publicKey, index.signature, indexDigest(index), INDEX_SIGNATURE_CONTEXT))
    throw new FormatError("index.signature", 0, "does not fit: the index was changed or damaged on its way");
  return valid.map((key) => Buffer.from(key, "hex"));
}

function hasSigned(publicKey: string, signature: string, message: Buffer, context: string): boolean {
  return isSigned(Buffer.from(publicKey, "hex"), Buffer.from(signature, "hex"), message, context);
}
