import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { indexDigest, parseFeedIndex } from "../feedIndex";

const KEY = "ab".repeat(32);
const SIGNATURE = "cd".repeat(7856);
const INDEX = {
  region: "US-MA",
  feed: "public",
  publicKey: KEY,
  keys: [{ publicKey: KEY }, { publicKey: "ef".repeat(32), endorsedBy: KEY, endorsement: SIGNATURE }],
  chunks: [
    { number: 3, bytes: 8000, sha256: KEY, seeds: 12, published: 1_770_000_000 },
    { number: 4, bytes: 9000, sha256: KEY, seeds: 24, published: 1_770_003_600 },
  ],
  signature: SIGNATURE,
};

describe("A feed's index", () => {
  it("is read as it was written, and every field that it shows is signed", () => {
    const index = parseFeedIndex(JSON.stringify(INDEX));
    expect(index).toEqual(INDEX);
    const digests = new Set([indexDigest(index).toString("hex")]);
    const [first, second] = index.chunks;
    for (const changed of [
      { region: "US-NH" },
      { feed: "a2a" },
      { publicKey: "00".repeat(32) },
      { keys: index.keys.slice(1) },
      { chunks: index.chunks.slice(1) },
      { chunks: [{ ...first, bytes: 8001 }, second] },
      { chunks: [{ ...first, seeds: 13 }, second] },
      { chunks: [{ ...first, published: 1 }, second] },
      { chunks: [{ ...first, sha256: "00".repeat(32) }, second] },
    ])
      digests.add(indexDigest({ ...index, ...changed } as typeof index).toString("hex"));
    expect(digests.size).toBe(10);
  });

  it("that is hostile is refused with the field that is wrong, and never breaks the reader", () => {
    const fields = fc.constantFrom(
      ...Object.keys(INDEX),
      "keys.0",
      "keys.1.endorsement",
      "chunks.1",
      "chunks.0.number",
      "chunks.1.sha256",
    );
    fc.assert(
      fc.property(fields, fc.jsonValue(), (path, value) => {
        const index = JSON.parse(JSON.stringify(INDEX));
        const steps = path.split(".");
        const last = steps.pop() ?? "";
        const parent = steps.reduce((at, step) => at[step], index);
        parent[last] = value;
        try {
          parseFeedIndex(JSON.stringify(index));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 800 },
    );
    for (const text of ["", "[", "null", "[]", "3", '{"region":"US-MA"}'])
      expect(() => parseFeedIndex(text)).toThrow(FormatError);
    const descending = { ...INDEX, chunks: [...INDEX.chunks].reverse() };
    expect(() => parseFeedIndex(JSON.stringify(descending))).toThrow(/must ascend/);
  });
});
