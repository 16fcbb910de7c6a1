import { readdir, readFile, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeShardFile } from "../../../protocol/report/shardFile";
import { encodeUploadFile, type UploadFile } from "../../../protocol/report/uploadFile";
import { hasTool } from "../../../test/tools";
import { sha256 } from "../../base/sha256";
import { TestAuthority } from "../../daemon/test/certificates";
import { parseFeedIndex } from "../../feed/feedIndex";
import { administer, publish } from "../administration";
import { ThreadedSigner } from "../feeds/signer";
import type { ExposureService } from "../service";
import { dataFolder, FakeClock, makeUpload, sendUpload, temporaryFolder, testService } from "./fixtures";

/** Alba (A), Beria (B) and Caria (C): A and B replicate partially, C reads everything from A. */
const [A, B, C] = ["AA", "BB", "CC"] as const;
type Name = typeof A | typeof B | typeof C;

const seedsOf = ({ firstHour, seeds }: UploadFile) =>
  seeds.map((seed, i) => `${firstHour + i} ${seed.toString("hex")}`);

describe.runIf(hasTool("openssl"))("Three regions", () => {
  const clock = new FakeClock();
  const servers = {} as Record<Name, ExposureService>;
  const folders = {} as Record<Name, string>;
  let authority: TestAuthority;
  let stranger: TestAuthority;
  // Who travels: an Alban who was in Beria, an Alban who stayed at home, a Berian who was in Alba.
  const traveller = makeUpload({ regions: [A, B], hours: 3 });
  const homebody = makeUpload({ regions: [A], hours: 3 });
  const visitor = makeUpload({ regions: [B, A], hours: 3, reverseFrom: 1, reverseTo: 4_000_000 });

  beforeAll(async () => {
    const folder = await temporaryFolder();
    authority = new TestAuthority(folder);
    stranger = new TestAuthority(folder, "stranger");
    for (const name of [A, B, C]) folders[name] = await dataFolder();
    // Producers first without readers' addresses: ports and keys are known only once the services run.
    servers[A] = await start(A, { consumers: [{ regionID: B }, { regionID: C, allToAll: true }] });
    servers[B] = await start(B, { consumers: [{ regionID: A }], producers: [await producer(A, B, "partial")] });
    servers[C] = await start(C, { producers: [await producer(A, C, "all-to-all")] });
    for (const upload of [traveller, homebody]) await submit(A, upload);
    await submit(B, visitor);
    await publish(servers[A].core);
    await publish(servers[B].core);
    await pullAndPublish(B);
    await pullAndPublish(C);
    await servers[A].close();
    servers[A] = await start(A, {
      consumers: [{ regionID: B }, { regionID: C, allToAll: true }],
      producers: [await producer(B, A, "partial")],
    });
    await pullAndPublish(A);
  }, 600_000);

  const start = async (name: Name, federation: object, isScheduled = false) => {
    const { certificate, key } = authority.issue(name);
    const file = join(folders[name], "federation.json");
    const listen = { host: "127.0.0.1", port: 0, certificate, key };
    await writeFile(file, JSON.stringify({ authority: authority.certificate, listen, ...federation }));
    return testService(
      { data: folders[name], region: name, federation: file },
      clock,
      new ThreadedSigner(),
      isScheduled,
    );
  };
  const producer = async (from: Name, reader: Name, replicationType: string) => {
    const { certificate, key } = authority.issue(reader);
    return {
      regionID: from,
      remoteRegionURL: servers[from].federationUrl,
      replicationType,
      format: "pact-v1",
      verificationKeys: [(await servers[from].core.keys.show()).publicKey],
      tlsConsumerCertificate: certificate,
      tlsConsumerKey: key,
    };
  };
  const submit = async (name: Name, upload: UploadFile) => {
    const { core, url } = servers[name];
    const [number = ""] = await core.permissions.issue("P", 1);
    expect((await sendUpload(url, encodeUploadFile(upload), { number })).status).toBe(201);
  };
  const pullAndPublish = async (name: Name) => {
    const { pulled } = await administer(servers[name].core, { do: "federate" });
    expect(pulled.map(({ error }) => error)).toEqual(pulled.map(() => undefined));
    await publish(servers[name].core);
    return pulled;
  };
  /** Everything in a public feed, as a keyfob's host gets it. */
  const publicSeeds = async (name: Name) => {
    const { url } = servers[name];
    const index = parseFeedIndex(await (await fetch(`${url}/v1/keys`)).text());
    const files = await Promise.all(
      index.chunks.map(async ({ number }) =>
        Buffer.from(await (await fetch(`${url}/v1/keys/${number}`)).arrayBuffer()),
      ),
    );
    return blocksOf(files);
  };
  const feedSeeds = async (name: Name, feed: string) => {
    const rows = await servers[name].core.database.query<{ file: Buffer }>("select file from chunk where feed = $1", [
      feed,
    ]);
    return blocksOf(rows.map(({ file }) => file));
  };

  it("F1: a local hears of an infected traveller from abroad, whose reverse tracing mark travels too", async () => {
    const inAlba = await publicSeeds(A);
    expect([...inAlba.keys()]).toEqual(expect.arrayContaining(seedsOf(visitor)));
    expect(seedsOf(visitor).map((seed) => inAlba.get(seed))).toEqual([true, true, true]);
    expect([...(await publicSeeds(B)).keys()]).toEqual(expect.arrayContaining(seedsOf(traveller)));
  });

  it("F2: a traveller who follows the feeds of home and of the country visited hears of infected locals there", async () => {
    const followed = new Map([...(await publicSeeds(B)), ...(await publicSeeds(A))]);
    expect([...followed.keys()]).toEqual(expect.arrayContaining(seedsOf(homebody)));
    expect((await publicSeeds(B)).has(seedsOf(homebody)[0] ?? "")).toBe(false);
  });

  it("F3: a traveller hears of an infected traveller from a third country, through the feed of the country both visited", async () => {
    // The Carian was in Alba, where the Berian visitor was: Alba's public feed has the Berian's seeds.
    const followed = new Map([...(await publicSeeds(C)), ...(await publicSeeds(A))]);
    expect([...followed.keys()]).toEqual(expect.arrayContaining(seedsOf(visitor)));
  });

  it("SP1: relayed seeds are the same bytes, and nothing in a feed says whence they came", async () => {
    const [file] = await servers[B].core.database.query<{ file: Buffer }>(
      "select file from chunk where feed = 'public' order by number desc limit 1",
    );
    const shard = decodeShardFile(sha256, file?.file ?? Buffer.alloc(0));
    expect(shard.header.region).toBe(B);
    expect(file?.file.includes(Buffer.from(`${A}\0`))).toBe(false);
    // Filling for the other region's feed is in our own as well: the common part never singles out one traveller.
    const [alba, beria] = [await publicSeeds(A), await publicSeeds(B)];
    const hours = new Map<string, number>();
    for (const seed of beria.keys())
      if (alba.has(seed)) hours.set(seed.split(" ")[0] ?? "", (hours.get(seed.split(" ")[0] ?? "") ?? 0) + 1);
    expect(hours.size).toBe(3);
    for (const count of hours.values()) expect(count).toBeGreaterThanOrEqual(12);
  });

  it("SP2: a region's feed holds the seeds of those who named it and of nobody else, and names no region but the sender", async () => {
    const forBeria = await feedSeeds(A, B);
    expect([...forBeria.keys()]).toEqual(expect.arrayContaining(seedsOf(traveller)));
    for (const seed of seedsOf(homebody)) expect(forBeria.has(seed)).toBe(false);
    const rows = await servers[A].core.database.query<{ index_json: string }>(
      "select index_json from feed where name = $1",
      [B],
    );
    const { chunks, keys: _, ...index } = parseFeedIndex(rows[0]?.index_json ?? "");
    expect([index.region, index.feed, Object.keys(chunks[0] ?? {})]).toEqual([
      A,
      B,
      ["number", "bytes", "sha256", "seeds", "published"],
    ]);
    const stored = await servers[A].core.database.query("select * from intake");
    expect(stored).toEqual([]);
  });

  it("SP5: only a region's own certificate opens its feed, and a2a only to those configured for it", async () => {
    const own = authority.issue(B);
    expect(await status(`/v1/${B}/keys`, own)).toBe(200);
    expect(await status("/v1/a2a/keys", own)).toBe(403);
    expect(await status(`/v1/${C}/keys`, own)).toBe(403);
    expect(await status("/v1/a2a/keys", authority.issue(C))).toBe(200);
    expect(await status(`/v1/DD/keys`, authority.issue("DD"))).toBe(403);
    await expect(status(`/v1/${B}/keys`, undefined)).rejects.toThrow();
    await expect(status(`/v1/${B}/keys`, stranger.issue(B))).rejects.toThrow();
    expect((await fetch(`${servers[A].url}/v1/${B}/keys`)).status).toBe(404);
  });

  it("SP4: a tampered shard is refused, nothing of it is stored, and the feed is read on once it is mended", async () => {
    const { core } = servers[A];
    await submit(A, makeUpload({ regions: [A, B], hours: 2 }));
    const { published } = await publish(core);
    const chunk = published.find(({ feed }) => feed === B)?.number ?? 0;
    const path = core.files.get(B)?.chunks.get(chunk)?.path ?? "";
    const genuine = await readFile(path);
    const tampered = Buffer.from(genuine);
    tampered[80] = (tampered[80] ?? 0) ^ 1;
    await writeFile(path, tampered);
    await restartBeria();
    clock.advance({ minutes: 1 });
    const [bad] = (await administer(servers[B].core, { do: "federate" })).pulled;
    expect(bad?.error).toMatch(/not the file that the index lists/);
    expect(bad?.chunks).toBe(0);
    expect(await servers[B].core.database.query("select * from remote_intake")).toEqual([]);
    // Not asked again every five seconds.
    expect((await servers[B].core.consumer.state(A)).recommendedNextPollTime).toBe(clock.now() + 60);
    await writeFile(path, genuine);
    const [good] = await pullAndPublish(B);
    expect(good).toMatchObject({ chunks: 1, lastBatchID: chunk });
  });

  it("resumes after a restart where it stopped, and takes nothing twice", async () => {
    await restartBeria();
    const before = await servers[B].core.consumer.state(A);
    expect(before.lastBatchID).toBeGreaterThan(0);
    expect(before.recommendedNextPollTime).toBe(clock.now() + 60);
    expect(await servers[B].core.consumer.pull(true)).toEqual([]);
    const [again] = (await administer(servers[B].core, { do: "federate" })).pulled;
    expect(again).toMatchObject({ chunks: 0, lastBatchID: before.lastBatchID });
  });

  it("never sends on what came from elsewhere: from A to B and back to A nothing returns", async () => {
    const sentBack = await feedSeeds(B, A);
    expect([...sentBack.keys()]).toEqual(expect.arrayContaining(seedsOf(visitor)));
    for (const seed of seedsOf(traveller)) expect(sentBack.has(seed)).toBe(false);
    for (const seed of seedsOf(visitor)) expect((await feedSeeds(A, "a2a")).has(seed)).toBe(false);
  });

  it("pulls by itself while it serves, when the producer's recommended time has come", async () => {
    await servers[C].close();
    clock.advance({ minutes: 2 });
    servers[C] = await start(C, { producers: [await producer(A, C, "all-to-all")] }, true);
    const lastBatch = Math.max(...(servers[A].core.files.get("a2a")?.chunks.keys() ?? []));
    expect(lastBatch).toBeGreaterThan(1);
    const taken = async () => (await servers[C].core.consumer.state(A)).lastBatchID;
    await expect.poll(taken, { timeout: 60_000 }).toBe(lastBatch);
  });

  it("SP3: a month later nothing of all this is left at any of the three, neither rows nor files", async () => {
    clock.advance({ days: 31 });
    for (const name of [A, B, C]) {
      const { core } = servers[name];
      await core.sweep();
      for (const table of ["intake", "embargoed", "remote_intake", "receipt", "permission", "chunk"])
        expect([name, table, await core.database.query(`select 1 as one from ${table}`)]).toEqual([name, table, []]);
      for (const feed of core.files.names()) expect(core.files.get(feed)?.chunks.size).toBe(0);
      const files = await readdir(core.directory.root, { recursive: true });
      expect(files.filter((file) => /keys\/\d+$/.test(file))).toEqual([]);
    }
  });

  /** Alba's service has moved to a new port: Beria is told where. */
  async function restartBeria(): Promise<void> {
    await servers[B].close();
    servers[B] = await start(B, { consumers: [{ regionID: A }], producers: [await producer(A, B, "partial")] });
  }

  function status(path: string, who: { certificate: string; key: string } | undefined): Promise<number> {
    const read = async () => ({
      ca: await readFile(authority.certificate),
      ...(who === undefined ? {} : { cert: await readFile(who.certificate), key: await readFile(who.key) }),
    });
    return read().then(
      (tls) =>
        new Promise((resolve, reject) => {
          const asked = request(`${servers[A].federationUrl}${path}`, { agent: new Agent(tls) }, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          });
          asked.on("error", reject);
          asked.end();
        }),
    );
  }
});

/** Every seed with its hour, and whether it asks for sources. */
function blocksOf(files: readonly Buffer[]): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const file of files)
    for (const { hour, seeds, reverseMask } of decodeShardFile(sha256, file).blocks)
      for (const [i, seed] of seeds.entries())
        found.set(`${hour} ${seed.toString("hex")}`, ((reverseMask >> i) & 1) === 1);
  return found;
}
