import { describe, expect, it } from "vitest";
import { readZipEntries } from "../zip";
import { zipOf } from "./makeExport";

const CONTENT = Buffer.from("content of an entry, content of an entry");
const MAX = 1000;

/** An archive of one entry, with a change to a field of the directory (offset in its record) or of the file. */
function changed(change: (archive: Buffer, directoryAt: number) => void, content: Uint8Array = CONTENT): Buffer {
  const archive = zipOf({ a: content });
  change(archive, archive.lastIndexOf(Buffer.from("PK\x01\x02", "latin1")));
  return archive;
}

describe("entries of a zip archive", () => {
  it("are taken by name, others and a comment behind them passed over", () => {
    const archive = Buffer.concat([
      zipOf({ b: Buffer.from("other"), a: CONTENT, "x/a": CONTENT }),
      Buffer.from("note"),
    ]);
    archive.writeUInt16LE(4, archive.length - 4 - 2);
    expect(readZipEntries(archive, ["a"], MAX)).toEqual([CONTENT]);
    expect(readZipEntries(archive, ["b", "a"], MAX)).toEqual([Buffer.from("other"), CONTENT]);
  });

  it("may be empty", () => {
    expect(readZipEntries(zipOf({ a: Buffer.alloc(0) }), ["a"], MAX)).toEqual([Buffer.alloc(0)]);
  });

  it.each<[string, Buffer, string]>([
    ["is no archive", Buffer.from("no archive at all, but long enough for one"), "zip at offset 0: is no zip archive"],
    ["is empty", Buffer.alloc(0), "is no zip archive"],
    ["is cut off", zipOf({ a: CONTENT }).subarray(0, -1), "is no zip archive, or is cut off"],
    ["is larger than allowed", zipOf({ a: Buffer.alloc(MAX + 1, "ab") }), "a is 1001 bytes, must be at most 1000"],
    ["is encrypted", changed((z, at) => z.writeUInt16LE(1, at + 8)), "a is encrypted"],
    ["is packed in another way", changed((z, at) => z.writeUInt16LE(12, at + 10)), "method 12, must be 0 or 8"],
    ["has another CRC", changed((z, at) => z.writeUInt32LE(1, at + 16)), "zip.crc"],
    ["is longer than stated", changed((z, at) => z.writeUInt32LE(39, at + 24)), "is not 39"],
    ["is shorter than stated", changed((z, at) => z.writeUInt32LE(41, at + 24)), "not 41 as stated"],
    ["lies elsewhere", changed((z, at) => z.writeUInt32LE(1, at + 42)), "does not begin where the directory says"],
    ["begins past the end", changed((z, at) => z.writeUInt32LE(0xfffffff0, at + 42)), "does not begin where"],
    ["runs past the end", changed((z, at) => z.writeUInt32LE(99_999, at + 20)), "runs past the end"],
    ["has a name past the end", changed((z, at) => z.writeUInt16LE(9_999, at + 28)), "an entry runs past the end"],
    ["is no deflate stream", changed((z) => z.fill(0xff, 31, 40)), "cannot be inflated"],
  ])("are refused where one %s", (_, archive, message) => {
    const expected = message === "is not 39" ? /is (more than the 39|40 bytes, not 39)/ : message;
    expect(() => readZipEntries(archive, ["a"], MAX)).toThrow(expected);
  });

  it("are refused where there are two of a name, or more than a thousand", () => {
    const twice = zipOf({ a: CONTENT, b: CONTENT });
    for (let at = twice.indexOf("PK"); at >= 0; at = twice.indexOf("PK", at + 1)) {
      if (twice[at + 2] === 1 && twice[at + 46] === 0x62) twice[at + 46] = 0x61;
    }
    expect(() => readZipEntries(twice, ["a"], MAX)).toThrow("holds a twice");
    const many = zipOf(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`n${i}`, Buffer.alloc(0)])));
    expect(() => readZipEntries(many, ["n1"], MAX)).toThrow("1001 entries, must be at most 1000");
  });

  it("that would grow 1000 times are stopped before they are inflated, by what the directory says", () => {
    const bomb = zipOf({ a: Buffer.alloc(50_000_000) });
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => readZipEntries(bomb, ["a"], 64_000_000)).toThrow(/would grow from \d+ to 50000000 bytes/);
  });

  it("that lie about it are stopped at the size that they stated", () => {
    const bomb = changed((z, at) => z.writeUInt32LE(900, at + 24), Buffer.alloc(50_000_000));
    expect(() => readZipEntries(bomb, ["a"], MAX)).toThrow("a is more than the 900 bytes that the archive states");
  });
});
