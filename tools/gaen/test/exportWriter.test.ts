import { describe, expect, it } from "vitest";
import { readExport } from "../exportFile";
import { addressOf, parseExportIndex, pathsAfter } from "../exportIndex";
import { type ExportSigner, type ExportWindow, fillingKeys, writeExports } from "../exportWriter";
import type { Tek } from "../tek";
import { makeKeyPair } from "./makeExport";
import { readAsClient } from "./publishedClient";

const PAIR = makeKeyPair();
const NEXT = makeKeyPair();
const SIGNER: ExportSigner = { privateKey: PAIR.privateKey, id: "us-ma", version: "v1" };
const WINDOW: ExportWindow = { region: "US-MA", startTimestamp: 1_605_818_700, endTimestamp: 1_605_819_000 };
const SECRET = Buffer.alloc(32, 5);
const SPKI = PAIR.publicKey.export({ type: "spki", format: "der" });

function tek(i: number): Tek {
  const key = Buffer.alloc(16, (i * 37) & 0xff);
  key.writeUInt32BE(i, 12);
  const onsetDays = i % 3 === 0 ? undefined : (i % 20) - 10;
  return {
    key,
    start: 2_676_000 + i,
    period: i % 2 === 0 ? 144 : 100,
    risk: i % 8,
    reportType: (i % 3) + 1,
    onsetDays,
  };
}

const FEW = [tek(1), tek(2), tek(3)];

describe("an export of our own", () => {
  const teks = [...FEW, ...fillingKeys(FEW, WINDOW, SECRET)];
  const [file] = writeExports(WINDOW, teks, [], [SIGNER]);

  it("is read and verified by a client after Google's published rules", async () => {
    const read = await readAsClient(file?.bytes ?? Buffer.alloc(0), SPKI, "us-ma", "v1");
    expect(read).toMatchObject({
      start: WINDOW.startTimestamp,
      end: WINDOW.endTimestamp,
      region: "US-MA",
      batch: [1, 1],
      revised: 0,
    });
    expect(read.keys).toHaveLength(140);
    for (const { key, start, period, reportType, onsetDays } of FEW)
      expect(read.keys).toContainEqual({ key: key.toString("hex"), start, period, reportType, onset: onsetDays });
    await expect(readAsClient(file?.bytes ?? Buffer.alloc(0), SPKI, "us-ma", "v2")).rejects.toThrow("no signature");
  });

  it("is read by our own reader, with nothing refused", () => {
    const read = readExport(file?.bytes ?? Buffer.alloc(0), [
      { publicKey: PAIR.publicKey, id: "us-ma", version: "v1" },
    ]);
    expect(read.isVerified).toBe(true);
    expect(read.added.refused).toEqual([]);
    expect(read.added.keys).toEqual([...teks].sort((a, b) => a.key.compare(b.key)));
  });

  it("has at least 140 keys, sorted by their bytes, the same ones whenever it is made again", () => {
    expect(teks).toHaveLength(140);
    expect(new Set(teks.map(({ key }) => key.toString("hex"))).size).toBe(140);
    expect(fillingKeys([...FEW].reverse(), WINDOW, SECRET)).toEqual(teks.slice(3));
    expect(fillingKeys(FEW, WINDOW, Buffer.alloc(32, 6))).not.toEqual(teks.slice(3));
    expect(fillingKeys(FEW, { ...WINDOW, endTimestamp: 1_605_819_001 }, SECRET)).not.toEqual(teks.slice(3));
  });

  it("is filled with keys that are like its own in all but their bytes", () => {
    const like = new Set(FEW.map(({ key: _, ...rest }) => JSON.stringify(rest)));
    const filled = new Set(teks.slice(3).map(({ key: _, ...rest }) => JSON.stringify(rest)));
    expect(filled).toEqual(like);
  });

  it("stays empty if there is nothing to tell, and is not filled where there is enough", () => {
    expect(fillingKeys([], WINDOW, SECRET)).toEqual([]);
    const [empty, ...more] = writeExports(WINDOW, [], [], [SIGNER]);
    expect(more).toEqual([]);
    expect(readExport(empty?.bytes ?? Buffer.alloc(0), [{ publicKey: PAIR.publicKey }])).toMatchObject({
      isVerified: true,
      added: { keys: [], refused: [] },
    });
    expect(
      fillingKeys(
        Array.from({ length: 140 }, (_, i) => tek(i)),
        WINDOW,
        SECRET,
      ),
    ).toEqual([]);
  });

  it("carries the signatures of both keys while one replaces the other", async () => {
    const next = { privateKey: NEXT.privateKey, id: "us-ma", version: "v2" };
    const [both] = writeExports(WINDOW, teks, [], [SIGNER, next]);
    const nextSpki = NEXT.publicKey.export({ type: "spki", format: "der" });
    for (const [spki, version] of [
      [SPKI, "v1"],
      [nextSpki, "v2"],
    ] as const)
      expect((await readAsClient(both?.bytes ?? Buffer.alloc(0), spki, "us-ma", version)).keys).toHaveLength(140);
    await expect(readAsClient(both?.bytes ?? Buffer.alloc(0), nextSpki, "us-ma", "v1")).rejects.toThrow("forged");
  });

  it("becomes two files of different windows where there are too many keys, the revised ones in the first", async () => {
    const many = Array.from({ length: 30_001 }, (_, i) => tek(i));
    const files = writeExports(WINDOW, many, [tek(40_000)], [SIGNER]);
    expect(files.map(({ path }) => path)).toEqual([
      "US-MA/1605818700-1605819000-00001.zip",
      "US-MA/1605818700-1605819001-00002.zip",
    ]);
    const read = await Promise.all(files.map(({ bytes }) => readAsClient(bytes, SPKI, "us-ma", "v1")));
    expect(read.map(({ keys, end, batch, revised }) => [keys.length, end, batch, revised])).toEqual([
      [30_000, 1_605_819_000, [1, 1], 1],
      [1, 1_605_819_001, [1, 1], 0],
    ]);
  });
});

describe("the index of a feed of exports", () => {
  it("lists paths, oldest first, whatever ends its lines", () => {
    const paths = ["us/1-2-00001.zip", "us/2-3-00001.zip"];
    expect(parseExportIndex(Buffer.from("us/1-2-00001.zip\nus/2-3-00001.zip\n"))).toEqual(paths);
    expect(parseExportIndex(Buffer.from("us/1-2-00001.zip\r\n\r\nus/2-3-00001.zip"))).toEqual(paths);
    expect(parseExportIndex(Buffer.alloc(0))).toEqual([]);
  });

  it.each([
    "../secret.zip",
    "us/../../secret.zip",
    "./x.zip",
    "/etc/passwd.zip",
    "https://elsewhere.example/x.zip",
    "//elsewhere.example/x.zip",
    "us/x.exe",
    "us/x.zip?y",
    "us\\x.zip",
    "us/ü.zip",
    "<html>",
  ])("is refused with a line such as %s", (line) => {
    expect(() => parseExportIndex(Buffer.from(`us/1.zip\n${line}\n`))).toThrow("index.path at offset 9");
  });

  it("is refused if it is endless", () => {
    expect(() => parseExportIndex(Buffer.alloc(1024 * 1024 + 1))).toThrow("must be at most 1048576");
    expect(() => parseExportIndex(Buffer.from("a.zip\n".repeat(10_001)))).toThrow("more than 10000 files");
  });

  it("is read on behind the file seen last, and from the start if that is gone", () => {
    const paths = ["a.zip", "b.zip", "c.zip"];
    expect(pathsAfter(paths, undefined)).toEqual(paths);
    expect(pathsAfter(paths, "a.zip")).toEqual(["b.zip", "c.zip"]);
    expect(pathsAfter(paths, "c.zip")).toEqual([]);
    expect(pathsAfter(paths, "gone.zip")).toEqual(paths);
  });

  it("names files below the feed's root, which is the folder above its region's", () => {
    const index = new URL("https://cdn.example/exports/us/index.txt");
    expect(addressOf(index, "us/1.zip").href).toBe("https://cdn.example/exports/us/1.zip");
    expect(addressOf(index, "1.zip").href).toBe("https://cdn.example/exports/us/1.zip");
    expect(addressOf(new URL("https://cdn.example/index.txt"), "us/1.zip").href).toBe("https://cdn.example/us/1.zip");
  });
});
