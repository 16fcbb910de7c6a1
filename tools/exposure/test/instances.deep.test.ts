import { cp } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import { decodeShardFile } from "../../../protocol/report/shardFile";
import { encodeUploadFile } from "../../../protocol/report/uploadFile";
import { sha256 } from "../../base/sha256";
import { parseFeedIndex } from "../../feed/feedIndex";
import { publish } from "../administration";
import { FakeClock, makeUpload, storage, temporaryFolder, testCore, uploadBytes } from "./fixtures";

const UPLOADS = 60;

describe("Several instances on one PostgreSQL", () => {
  it("take uploads and publish at the same time without losing, doubling or renumbering anything", async ({ skip }) => {
    const where = await storage("PostgreSQL");
    if (where === undefined) return skip("PostgreSQL is not installed");
    const clock = new FakeClock();
    const first = await testCore(where, clock);
    await first.keys.prepare();
    const cores = [first];
    for (let i = 0; i < 2; i++) {
      const data = await temporaryFolder();
      for (const key of ["signing.key", "permission.key"]) await cp(join(where.data, key), join(data, key));
      cores.push(await testCore({ ...where, data }, clock));
    }
    const numbers = (await first.permissions.issue("P", UPLOADS)).map((text) => decodePermissionNumber(text));
    const expected = new Set<string>();
    const uploading = numbers.map(async (number, i) => {
      const upload = makeUpload({ hours: 5 });
      for (const [k, seed] of upload.seeds.entries()) expected.add(`${upload.firstHour + k} ${seed.toString("hex")}`);
      await new Promise((done) => setTimeout(done, i * 20));
      return cores[i % 3]?.uploads.take(number, Buffer.alloc(16, i), encodeUploadFile(upload));
    });
    let isUploading = true;
    const publishing = cores.map(async (core) => {
      while (isUploading) await publish(core);
    });
    expect(new Set(await Promise.all(uploading))).toEqual(new Set(["accepted"]));
    isUploading = false;
    await Promise.all(publishing);
    await publish(first);
    const rows = await first.database.query<{ number: number; file: Buffer }>(
      "select number, file from chunk where feed = 'public' order by number",
    );
    expect(rows.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1));
    const found = rows.flatMap(({ file }) =>
      decodeShardFile(sha256, file).blocks.flatMap(({ hour, seeds }) =>
        seeds.map((seed) => `${hour} ${seed.toString("hex")}`),
      ),
    );
    expect(new Set(found).size).toBe(found.length);
    for (const seed of expected) expect(found.includes(seed)).toBe(true);
    for (const core of cores) {
      await core.files.sync();
      expect(parseFeedIndex(core.files.get("public")?.index.toString("utf8") ?? "").chunks).toHaveLength(rows.length);
    }
  }, 120_000);

  it("wait at their start for a database that has no connection to spare just now", async ({ skip }) => {
    const where = await storage("PostgreSQL");
    if (where?.database === undefined) return skip("PostgreSQL is not installed");
    const clients: pg.Client[] = [];
    for (let isFull = false; !isFull; ) {
      const client = new pg.Client({ connectionString: where.database });
      client.on("error", () => undefined);
      isFull = await client.connect().then(
        () => clients.push(client) > 1000,
        (error) => error.code === "53300",
      );
    }
    const starting = testCore(where);
    const sooner = await Promise.race([
      starting.then(() => "started"),
      new Promise((done) => setTimeout(() => done("waits"), 2000)),
    ]);
    await Promise.all(clients.map((client) => client.end()));
    expect(sooner).toBe("waits");
    expect((await starting).config.region).toBe("US-MA");
  });

  it("outlive a database that breaks off a transaction, and go on when it is back", async ({ skip }) => {
    const where = await storage("PostgreSQL");
    if (where === undefined) return skip("PostgreSQL is not installed");
    const { database } = await testCore(where);
    const breakingOff = database.transaction(async (session) => {
      const [mine] = await session.query<{ pid: number }>("select pg_backend_pid() as pid");
      await database.query("select pg_terminate_backend($1)", [mine?.pid ?? 0]);
      // Between two statements nobody waits for an answer that could carry the news.
      await new Promise((done) => setTimeout(done, 200));
      await session.query("select 1");
    });
    await expect(breakingOff).rejects.toThrow();
    expect(await database.transaction((session) => session.query("select 1 as one"))).toEqual([{ one: 1 }]);
  });

  it("refuse to work with keys that are not the database's", async ({ skip }) => {
    const where = await storage("PostgreSQL");
    if (where === undefined) return skip("PostgreSQL is not installed");
    const core = await testCore(where);
    await core.keys.prepare();
    await expect(testCore({ ...where, data: await temporaryFolder() })).rejects.toThrow(/permission.key is missing/);
    await expect(testCore({ ...where, region: "DE" })).rejects.toThrow(/belongs to region US-MA/);
    const other = await storage("PostgreSQL");
    const stranger = await testCore({ ...where, ...other });
    await stranger.keys.prepare();
    await expect(testCore({ ...where, data: other?.data ?? "" })).rejects.toThrow(
      /not the key this database was set up with/,
    );
    expect(await core.uploads.take(undefined, Buffer.alloc(16), uploadBytes())).toBe("refused");
  });
});
