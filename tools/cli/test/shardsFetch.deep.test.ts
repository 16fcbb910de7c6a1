import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { slh_dsa_sha2_128s } from "@noble/post-quantum/slh-dsa.js";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../base/sha256";
import { temporaryFolder } from "../../exposure/test/fixtures";
import { type FeedChunk, type FeedIndex, INDEX_SIGNATURE_CONTEXT, indexDigest } from "../../feed/feedIndex";
import { CHIRPFOB, start } from "./processes";
import { runCli } from "./runCli";
import { makeKey, makeShard, randomSeeds, type TestKey } from "./shardFixture";
import { startTap, type Tap } from "./wire";

let key: TestKey;
let stranger: TestKey;
let shards: Buffer[];
beforeAll(() => {
  key = makeKey();
  stranger = makeKey();
  shards = [1, 2, 3].map((chunk) => makeShard(key, "US-MA", chunk, randomSeeds(480_000, 12, 144)));
}, 60_000);

const closers: (() => Promise<unknown>)[] = [];
let folder: string;
beforeEach(async () => {
  folder = join(await temporaryFolder(), "shards");
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const signatures = new Map<string, string>();

/** Signing takes over a second, so that the same list is signed once. */
function signIndex(unsigned: Omit<FeedIndex, "signature">, signer: TestKey): string {
  const digest = indexDigest(unsigned);
  const known = signatures.get(digest.toString("hex"));
  if (known !== undefined) return known;
  const context = Buffer.from(INDEX_SIGNATURE_CONTEXT);
  const signature = Buffer.from(slh_dsa_sha2_128s.sign(digest, signer.secretKey, { context })).toString("hex");
  signatures.set(digest.toString("hex"), signature);
  return signature;
}

/** A static file host with a signed list: what a service publishes may stand anywhere. */
class Host {
  readonly requests: string[] = [];
  chunks: { number: number; file: Buffer }[];
  signer: TestKey;
  spoil: (index: FeedIndex) => FeedIndex = (index) => index;

  constructor(
    files: readonly Buffer[],
    private readonly region = "US-MA",
  ) {
    this.chunks = files.map((file, i) => ({ number: i + 1, file }));
    this.signer = key;
  }

  index(): FeedIndex {
    const chunks: FeedChunk[] = this.chunks.map(({ number, file }) => ({
      number,
      bytes: file.length,
      sha256: sha256(file).toString("hex"),
      seeds: 144,
      published: 1_728_000_000,
    }));
    const publicKey = this.signer.publicKey.toString("hex");
    const unsigned = { region: this.region, feed: "public", publicKey, keys: [{ publicKey }], chunks };
    return this.spoil({ ...unsigned, signature: signIndex(unsigned, this.signer) });
  }

  async start(): Promise<string> {
    const list = JSON.stringify(this.index());
    const server = createServer((request, response) => this.answer(request, response, list));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  private answer(request: IncomingMessage, response: ServerResponse, list: string): void {
    this.requests.push(`${request.url}${request.headers.range ? ` ${request.headers.range}` : ""}`);
    if (request.url === "/v1/keys") {
      response.end(list);
      return;
    }
    const chunk = this.chunks.find(({ number }) => request.url === `/v1/keys/${number}`);
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (!chunk) response.writeHead(404).end();
    else response.writeHead(start > 0 ? 206 : 200).end(chunk.file.subarray(start));
  }
}

async function tapOf(host: Host): Promise<Tap> {
  const tap = await startTap(await host.start());
  closers.push(() => tap.close());
  return tap;
}

const fetchFrom = (url: string, ...more: string[]) =>
  runCli(["shards", "fetch", "--server", url, "--region", "US-MA", "-o", folder, ...more]);
const names = async () =>
  (await readdir(join(folder, "US-MA")).catch(() => [])).filter((name) => /shard/.test(name)).sort();
const nameOf = (number: number) => `${String(number).padStart(10, "0")}.shard`;

describe("chirpfob shards fetch", () => {
  it("fetches everything, then only what is new", async () => {
    const host = new Host(shards.slice(0, 2));
    const first = await fetchFrom(await host.start());
    expect([first.exitCode, first.stdout]).toEqual([0, expect.stringMatching(/2 new shards/)]);
    expect(first.stderr).toMatch(/First time from US-MA: its key is [0-9a-f]{64}/);
    expect(await readFile(join(folder, "US-MA", nameOf(2)))).toEqual(shards[1]);
    const grown = new Host(shards);
    const second = await fetchFrom(await grown.start(), "--json");
    expect(second.json()).toMatchObject([{ region: "US-MA", had: 2, fetched: 1 }]);
    expect(grown.requests).toEqual(["/v1/keys", "/v1/keys/3"]);
    const third = new Host(shards);
    expect((await fetchFrom(await third.start())).stdout).toMatch(/up to date/);
    expect(third.requests).toEqual(["/v1/keys"]);
  });

  it("goes on where a broken connection or a killed run left off, wherever that was", async () => {
    const size = (shards[0] as Buffer).length;
    for (const kept of [1, 63, 64, 5000, size - 1, size]) {
      await rm(folder, { recursive: true, force: true });
      const host = new Host(shards.slice(0, 1));
      const url = await host.start();
      expect((await fetchFrom(url)).exitCode).toBe(0);
      const part = join(folder, "US-MA", `${nameOf(1)}.part`);
      await writeFile(part, (shards[0] as Buffer).subarray(0, kept));
      await rm(join(folder, "US-MA", nameOf(1)));
      host.requests.length = 0;
      expect((await fetchFrom(url)).exitCode).toBe(0);
      expect(host.requests).toEqual(kept === size ? ["/v1/keys"] : ["/v1/keys", `/v1/keys/1 bytes=${kept}-`]);
      expect(await readFile(join(folder, "US-MA", nameOf(1)))).toEqual(shards[0]);
    }
  });

  it("keeps what came before the line broke, and gives it no final name", async () => {
    const tap = await tapOf(new Host(shards.slice(0, 1)));
    tap.cutShardsAfter(4000);
    const cut = await fetchFrom(tap.url);
    expect(cut.exitCode).toBe(5);
    expect(await names()).toEqual([`${nameOf(1)}.part`]);
    expect((await stat(join(folder, "US-MA", `${nameOf(1)}.part`))).size).toBeGreaterThan(1000);
    tap.cutShardsAfter(undefined);
    expect((await fetchFrom(tap.url)).exitCode).toBe(0);
    expect(await names()).toEqual([nameOf(1)]);
  });

  it("fetches anew what was damaged since, which a keyfob would refuse", async () => {
    const url = await new Host(shards.slice(0, 2)).start();
    await fetchFrom(url);
    const file = join(folder, "US-MA", nameOf(1));
    for (const damaged of [
      (shards[0] as Buffer).subarray(0, 5000),
      Buffer.from(shards[0] as Buffer).fill(0, 900, 901),
    ]) {
      await writeFile(file, damaged);
      expect((await fetchFrom(url, "--json")).json()).toMatchObject([{ had: 1, fetched: 1 }]);
      expect(await readFile(file)).toEqual(shards[0]);
    }
  });

  it("blames the disk, not the server, for a shard that cannot be written, and goes on where there is room", async () => {
    const url = await new Host(shards.slice(0, 1)).start();
    const line = [process.execPath, CHIRPFOB, "shards", "fetch", "--server", url, "--region", "US-MA", "-o", folder];
    // No file may grow beyond 8 blocks of 512 or 1024 bytes, depending on the shell.
    const limited = start(["sh", "-c", `ulimit -f 8; exec "$@"`, "sh", ...line], {});
    expect(await limited.ended).toBe(1);
    expect(limited.stderr()).toMatch(/cannot write .*0000000001\.shard: EFBIG/);
    expect(await names()).toEqual([`${nameOf(1)}.part`]);
    expect((await fetchFrom(url)).exitCode).toBe(0);
    expect(await readFile(join(folder, "US-MA", nameOf(1)))).toEqual(shards[0]);
  });

  it("throws away a half shard that turns out to be of other content", async () => {
    const host = new Host(shards.slice(0, 1));
    const url = await host.start();
    await fetchFrom(url);
    await rm(join(folder, "US-MA", nameOf(1)));
    await writeFile(join(folder, "US-MA", `${nameOf(1)}.part`), randomBytes(3000));
    expect((await fetchFrom(url)).exitCode).toBe(5);
    expect(await names()).toEqual([]);
    expect((await fetchFrom(url)).exitCode).toBe(0);
  });

  it.each([
    [
      "a shard that is not what the list announces",
      (host: Host) => {
        const other = makeShard(key, "US-MA", 1, randomSeeds(480_000, 12, 144));
        const list = host.index();
        host.index = () => list;
        host.chunks = [{ number: 1, file: other }];
      },
      /digest differs/,
    ],
    [
      "a shard that a stranger signed",
      (host: Host) => {
        host.chunks = [{ number: 1, file: makeShard(stranger, "US-MA", 1, randomSeeds(480_000, 12, 144)) }];
      },
      /not signed by US-MA's key/,
    ],
    [
      "a shard of another region",
      (host: Host) => {
        host.chunks = [{ number: 1, file: makeShard(key, "US-NH", 1, randomSeeds(480_000, 12, 144)) }];
      },
      /shard 1 of US-NH/,
    ],
    [
      "a shard with another number",
      (host: Host) => {
        host.chunks = [{ number: 1, file: shards[1] as Buffer }];
      },
      /says that it is shard 2/,
    ],
    [
      "a list that was changed on its way",
      (host: Host) => {
        host.spoil = (index) => ({ ...index, chunks: index.chunks.map((chunk) => ({ ...chunk, seeds: 12 })) });
      },
      /list of shards .* not signed/,
    ],
    [
      "a list that leaves a shard out",
      (host: Host) => {
        host.chunks = host.chunks.filter(({ number }) => number !== 2);
      },
      /leaves out 2/,
    ],
    [
      "a list that is no JSON",
      (host: Host) => {
        host.index = () => "<html>" as unknown as FeedIndex;
      },
      /list of shards/,
    ],
  ] as [string, (host: Host) => void, RegExp][])("accepts nothing from %s", async (_what, change, message) => {
    const host = new Host(shards);
    change(host);
    const result = await fetchFrom(await host.start());
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toMatch(message);
    const accepted = (await names()).filter((name) => !name.endsWith(".part"));
    for (const name of accepted) expect(shards.some((shard, i) => nameOf(i + 1) === name && shard)).toBe(true);
    expect(accepted).not.toContain(nameOf(3));
  });

  it("holds on to the key it saw first, and refuses an old list", async () => {
    await fetchFrom(await new Host(shards).start());
    const impostor = new Host(shards);
    impostor.signer = stranger;
    expect((await fetchFrom(await impostor.start())).stderr).toMatch(/not signed by a key of US-MA that you trust/);
    expect((await fetchFrom(await new Host(shards.slice(0, 2)).start())).stderr).toMatch(/an old list/);
  });

  it("believes only the key that was given", async () => {
    const url = await new Host(shards.slice(0, 1)).start();
    expect((await fetchFrom(url, "--key", stranger.publicKey.toString("hex"))).exitCode).toBe(5);
    expect((await fetchFrom(url, "--key", key.publicKey.toString("hex"))).exitCode).toBe(0);
  });

  it("says which region a server is of, when another was asked for", async () => {
    const result = await runCli([
      "shards",
      "fetch",
      "--server",
      await new Host(shards).start(),
      "--region",
      "DE",
      "-o",
      folder,
    ]);
    expect([result.exitCode, result.stderr]).toEqual([1, expect.stringMatching(/service of US-MA, not of DE/)]);
  });

  it("fetches from the other servers when one cannot be reached, and fails all the same", async () => {
    const url = await new Host(shards.slice(0, 1)).start();
    const result = await runCli(
      `shards fetch --server http://127.0.0.1:9 --server ${url} --all-regions -o ${folder}`.split(" "),
    );
    expect([result.exitCode, result.stdout]).toEqual([5, expect.stringMatching(/^US-MA: 1 new shard \(/)]);
    expect(result.stderr).toMatch(/127\.0\.0\.1:9 takes no connections/);
    expect(await names()).toEqual([nameOf(1)]);
  });

  it("makes the same requests with --all-regions, whichever server the person cares about", async () => {
    const logs: string[][] = [];
    const hosts = [
      new Host(shards.slice(0, 1)),
      new Host([makeShard(key, "US-NH", 1, randomSeeds(480_000, 12, 144))], "US-NH"),
    ];
    const taps = [await tapOf(hosts[0] as Host), await tapOf(hosts[1] as Host)];
    for (const order of [taps, taps.slice().reverse()]) {
      for (const tap of taps) tap.sent.length = 0;
      const servers = order.flatMap(({ url }) => ["--server", url]);
      const result = await runCli([
        "shards",
        "fetch",
        ...servers,
        "--all-regions",
        "-o",
        join(folder, String(logs.length)),
      ]);
      expect(result.exitCode).toBe(0);
      logs.push(taps.flatMap(({ sent }) => sent));
    }
    expect(logs[0]).toEqual(logs[1]);
    expect(logs[0]).toHaveLength(4);
    expect(await readdir(join(folder, "0"))).toEqual(["US-MA", "US-NH"]);
    const both = await runCli(["shards", "fetch", "--server", "https://x.example", "-o", folder]);
    expect(both.exitCode).toBe(2);
  });
});

describe("chirpfob shards import", () => {
  it("says which file is cut off, which is no shard, and where there are none, before it looks for a keyfob", async () => {
    await fetchFrom(await new Host(shards.slice(0, 1)).start());
    const file = join(folder, "US-MA", nameOf(1));
    await truncate(file, 5000);
    const run = (path: string) => runCli(["shards", "import", path, "--port", "tcp://127.0.0.1:9"]);
    expect((await run(folder)).stderr).toMatch(/cut off or damaged/);
    await writeFile(file, randomBytes(500));
    expect((await run(file)).stderr).toMatch(/is not valid/);
    expect((await run(join(folder, "nowhere"))).stderr).toMatch(/no such file/);
    await rm(file);
    expect((await run(folder)).stderr).toMatch(/no shards in/);
  });
});
