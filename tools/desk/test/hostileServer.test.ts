// A server that means harm: to fill the disk, the memory, or to pass another feed off as the public one.

import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { slh_dsa_sha2_128s } from "@noble/post-quantum/slh-dsa.js";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nativeSha256 } from "../../base/sha256";
import { makeKey, makeShard, randomSeeds, type TestKey } from "../../cli/test/shardFixture";
import { temporaryFolder } from "../../exposure/test/fixtures";
import { type FeedIndex, INDEX_SIGNATURE_CONTEXT, indexDigest } from "../../feed/feedIndex";
import { fetchFromAll } from "../fetchShards";
import { findPublishedSeeds } from "../verifyUpload";

/** A signature takes a second or two, on a busy machine much longer. */
const SIGNING_MS = 120_000;
const GIGABYTES_4 = 4 * 1024 ** 3 - 1;
const work = { signal: new AbortController().signal, tell: () => undefined, now: Date.now };
const chunk = { number: 1, bytes: 9000, sha256: "ab".repeat(32), seeds: 12, published: 1_728_000_000 };

let key: TestKey;
let shard: Buffer;
let folder: string;
beforeAll(() => {
  key = makeKey();
  shard = makeShard(key, "US-MA", 1, randomSeeds(480_000, 2, 24));
}, SIGNING_MS);
beforeEach(async () => {
  folder = join(await temporaryFolder(), "shards");
});
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** An index of a hostile server, which signs what it likes. */
function indexOf(more: Partial<FeedIndex>, isSigned: boolean): FeedIndex {
  const publicKey = key.publicKey.toString("hex");
  const index = { region: "US-MA", feed: "public", publicKey, keys: [{ publicKey }], chunks: [chunk], ...more };
  const signature = isSigned
    ? slh_dsa_sha2_128s.sign(indexDigest(index), key.secretKey, { context: Buffer.from(INDEX_SIGNATURE_CONTEXT) })
    : Buffer.alloc(7856);
  return { ...index, signature: Buffer.from(signature).toString("hex") };
}

/** Serves an index, and the same bytes for every shard. */
async function serve(index: FeedIndex, shards: () => Buffer): Promise<{ url: URL; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    requests.push(url);
    response.end(url === "/v1/keys" ? JSON.stringify(index) : shards());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), requests };
}

const fetchFrom = (url: URL) =>
  fetchFromAll([url], { directory: folder, keys: [], region: undefined, proxy: undefined }, work);

describe("a hostile server", () => {
  it.each([
    ["a shard of 4 GB", { chunks: [{ ...chunk, bytes: GIGABYTES_4 }] }, /shard 1 with 4294967295 bytes/],
    ["the feed that other regions' services read", { feed: "a2a" }, /its feed "a2a"/],
    ["the feed for one region's service", { feed: "US-NH" }, /its feed "US-NH"/],
  ])("gets no shard fetched, and none read, that lists %s", async (_what, more, message) => {
    const { url, requests } = await serve(indexOf(more, false), () => Buffer.alloc(0));
    expect((await fetchFrom(url)).failure?.message).toMatch(message);
    await expect(findPublishedSeeds(url, { firstHour: 1, seeds: [] }, undefined, work)).rejects.toThrow(message);
    expect(requests).toEqual(["/v1/keys", "/v1/keys"]);
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  });

  it(
    "cannot fill a disk with many shards that are each small enough",
    async () => {
      const chunks = Array.from({ length: 40 }, (_, i) => ({ ...chunk, number: i + 1, bytes: 32_000_000 }));
      const { url, requests } = await serve(indexOf({ chunks }, true), () => Buffer.alloc(0));
      expect((await fetchFrom(url)).failure?.message).toMatch(/lists 1280000000 bytes of new shards/);
      expect(requests).toEqual(["/v1/keys"]);
    },
    SIGNING_MS,
  );

  it(
    "leaves nothing behind: neither what is longer than it said, nor parts of shards that it no longer lists",
    async () => {
      const listed = { ...chunk, bytes: shard.length, sha256: nativeSha256(shard).toString("hex"), seeds: 24 };
      const index = indexOf({ chunks: [listed] }, true);
      let answer = Buffer.concat([shard, randomBytes(1_000_000)]);
      const { url } = await serve(index, () => answer);
      await mkdir(join(folder, "US-MA"), { recursive: true });
      await writeFile(join(folder, "US-MA", "0000000099.shard.part"), randomBytes(1000));
      expect((await fetchFrom(url)).failure?.message).toMatch(/sen(t|ds) more than the \d+ bytes/);
      answer = Buffer.from(shard);
      expect((await fetchFrom(url)).failure).toBeUndefined();
      expect((await readdir(join(folder, "US-MA"))).sort()).toEqual(["0000000001.shard", "trusted-keys"]);
    },
    SIGNING_MS,
  );
});
