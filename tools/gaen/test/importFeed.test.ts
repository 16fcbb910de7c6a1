import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { readExport } from "../exportFile";
import { type FetchBytes, readFeed, releaseInterval, revisionsOf, sortByTime } from "../importFeed";
import type { Tek } from "../tek";
import { makeExport, makeKeyPair } from "./makeExport";

const PAIR = makeKeyPair();
const TRUSTED = [{ publicKey: PAIR.publicKey, id: "310", version: "v1" }];
const NOW_S = 1_605_819_600;
const NOW = NOW_S / 600;

function tek(i: number, start: number, period = 144): Tek {
  return { key: Buffer.alloc(16, i), start, period, risk: 0, reportType: 1, onsetDays: undefined };
}

describe("keys that came in", () => {
  it("are published two hours after they ended, kept back until then, and refused from the future or long ago", () => {
    const teks = [
      tek(0, NOW - 144 - 12),
      tek(1, NOW - 144 - 11),
      tek(2, NOW),
      tek(3, NOW + 1),
      tek(4, NOW - 28 * 144 - 143),
      tek(5, NOW - 28 * 144 - 144),
    ];
    const { due, early, refused } = sortByTime(teks, NOW_S, 28);
    expect(due).toEqual([teks[0], teks[4]]);
    expect(early).toEqual([teks[1], teks[2]]);
    expect(refused).toEqual([
      { index: 3, reason: `begins in the future, at interval ${NOW + 1}` },
      { index: 5, reason: "ended more than 28 days ago" },
    ]);
    for (const one of early) expect(sortByTime([one], releaseInterval(one) * 600, 28).due).toEqual([one]);
    for (const one of early) expect(sortByTime([one], releaseInterval(one) * 600 - 1, 28).due).toEqual([]);
  });

  it("are revised by the authority that published them, and by nobody else", () => {
    const revised = [
      { key: Buffer.alloc(16, 1), start: 1, reportType: 5 },
      { key: Buffer.alloc(16, 2), start: 1, reportType: 5 },
    ];
    const read = readExport(makeExport([], [{ privateKey: PAIR.privateKey }], revised), TRUSTED);
    expect(revisionsOf(read, new Set(["01".repeat(16)])).map(({ key }) => key[0])).toEqual([1]);
    expect(revisionsOf(read, new Set())).toEqual([]);
  });
});

describe("a feed of exports over HTTP", () => {
  const files = new Map<string, Buffer>();
  let server: Server;
  let index: URL;
  const asked: string[] = [];
  const fetchBytes: FetchBytes = async (url, maxBytes) => {
    asked.push(url.pathname);
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url.pathname}: ${answer.status}`);
    const body = Buffer.from(await answer.arrayBuffer());
    expect(body.length).toBeLessThanOrEqual(maxBytes);
    return body;
  };
  const read = async (lastSeen?: string) => {
    const paths: string[] = [];
    for await (const { path, export: one } of readFeed(fetchBytes, index, lastSeen, TRUSTED))
      paths.push(`${path}: ${one.added.keys.length}`);
    return paths;
  };
  const publish = (names: readonly string[]) => files.set("/feed/us/index.txt", Buffer.from(`${names.join("\n")}\n`));
  const genuine = (keys: number) =>
    makeExport(
      Array.from({ length: keys }, (_, i) => ({ key: Buffer.alloc(16, i), start: NOW - 300 })),
      [{ privateKey: PAIR.privateKey }],
    );

  beforeAll(async () => {
    server = createServer((request, response) => {
      const file = files.get(request.url ?? "");
      response.statusCode = file === undefined ? 404 : 200;
      response.end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    index = new URL(`http://127.0.0.1:${port}/feed/us/index.txt`);
    files.set("/feed/us/1.zip", genuine(3));
    files.set("/feed/us/2.zip", genuine(2));
    files.set("/feed/us/bad.zip", makeExport([], [{ privateKey: makeKeyPair().privateKey }]));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it("is read file by file, and later only what is new", async () => {
    publish(["us/1.zip"]);
    expect(await read()).toEqual(["us/1.zip: 3"]);
    publish(["us/1.zip", "us/2.zip"]);
    asked.length = 0;
    expect(await read("us/1.zip")).toEqual(["us/2.zip: 2"]);
    expect(asked).toEqual(["/feed/us/index.txt", "/feed/us/2.zip"]);
    expect(await read("us/2.zip")).toEqual([]);
    expect(await read("us/0.zip")).toEqual(["us/1.zip: 3", "us/2.zip: 2"]);
  });

  it("stops at a file that nobody trusted has signed, and does not pass over it", async () => {
    publish(["us/1.zip", "us/bad.zip", "us/2.zip"]);
    const seen: string[] = [];
    const reading = async () => {
      for await (const { path } of readFeed(fetchBytes, index, undefined, TRUSTED)) seen.push(path);
    };
    await expect(reading()).rejects.toThrow("us/bad.zip: does not fit the file and the public key");
    await expect(reading()).rejects.toThrow(FormatError);
    expect(new Set(seen)).toEqual(new Set(["us/1.zip"]));
  });

  it("fails where a file is missing, or the index is no index", async () => {
    publish(["us/3.zip"]);
    await expect(read()).rejects.toThrow("/feed/us/3.zip: 404");
    files.set("/feed/us/index.txt", Buffer.from("<html>not found</html>"));
    await expect(read()).rejects.toThrow("index.path");
  });
});
