import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../daemon/database/database";
import { PUBLIC_FEED, parseFeedIndex } from "../../feed/feedIndex";
import { publish } from "../administration";
import type { Core } from "../core";
import { FeedFiles } from "../feeds/feedFiles";
import { Health } from "../health";
import { dataFolder, FakeClock, testCore, uploadBytes } from "./fixtures";

describe("The published files", () => {
  let core: Core;
  beforeAll(async () => {
    core = await testCore({ data: await dataFolder() }, new FakeClock());
    await publishOne();
  });
  const folder = () => join(core.directory.published, "v1", "keys");
  const publishOne = async () => {
    await core.database.query("insert into intake (id, day, file) values ($1, 0, $2)", [
      randomBytes(16).toString("hex"),
      uploadBytes({ hours: 2 }),
    ]);
    await publish(core);
  };
  /** What a static host would serve equals what the database holds, shard for shard. */
  const expectWhole = async () => {
    const [row] = await core.database.query<{ index_json: string }>("select index_json from feed");
    const text = await readFile(join(folder(), "index.json"), "utf8");
    expect(text).toBe(row?.index_json);
    for (const { number, sha256 } of parseFeedIndex(text).chunks) {
      const file = await readFile(join(folder(), String(number)));
      expect(createHash("sha256").update(file).digest("hex")).toBe(sha256);
    }
  };
  /** The files of another process on the same folder; `meanwhile` happens between its reading the database and its writing. */
  const otherProcess = (meanwhile: () => Promise<unknown>): FeedFiles => {
    let isFirst = true;
    const database: Database = {
      ...core.database,
      query: async (sql, values) => {
        const rows = await core.database.query(sql, values);
        if (isFirst) {
          isFirst = false;
          await meanwhile();
        }
        // biome-ignore lint/suspicious/noExplicitAny: the rows are whatever the caller asked for
        return rows as any;
      },
    };
    return new FeedFiles(core.directory, database, core.log, core.metrics);
  };

  it("stay whole when another process publishes between our reading the database and our writing", async () => {
    const other = otherProcess(publishOne);
    await other.sync();
    await expectWhole();
    expect(other.get(PUBLIC_FEED)?.chunks.size).toBe(2);
  });

  it("are mended when a process was killed after it had written an older index over a newer one", async () => {
    const old = await readFile(join(folder(), "index.json"));
    await publishOne();
    await writeFile(join(folder(), "index.json"), old);
    await core.files.sync();
    await expectWhole();
    await rm(folder(), { recursive: true });
    await core.files.sync();
    await expectWhole();
  });

  const flip = async (at: number) => {
    const path = join(folder(), "1");
    const bytes = await readFile(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };

  it("are compared with their digests, at the start and in turn, and written anew where a bit has flipped", async () => {
    for (const [at, mend] of [
      [500, () => core.files.verifySome(1e9)],
      [20, () => core.files.verifySome(1e9)],
      [500, () => new FeedFiles(core.directory, core.database, core.log, core.metrics).sync()],
    ] as const) {
      const before = core.metrics.get("chirpfob_files_repaired_total");
      await flip(at);
      await mend();
      await expectWhole();
      expect(core.metrics.get("chirpfob_files_repaired_total")).toBe(before + 1);
    }
  });

  it("do not keep a publication from happening when one of them has lost its header", async () => {
    await flip(0);
    await publishOne();
    await core.files.verifySome(1e9);
    await expectWhole();
  });

  it("are reported where the database has no good copy either", async () => {
    const [row] = await core.database.query<{ file: Buffer }>("select file from chunk where number = 1");
    await core.database.query("update chunk set file = $1 where number = 1", [Buffer.from("spoilt")]);
    await flip(500);
    await core.files.verifySome(1e9);
    expect(core.files.lost()).toEqual(["public/1"]);
    expect((await new Health(core).check()).isHealthy).toBe(false);
    await core.database.query("update chunk set file = $1 where number = 1", [row?.file ?? null]);
    await core.files.verifySome(1e9);
    expect(core.files.lost()).toEqual([]);
    const { isHealthy, lines } = await new Health(core).check();
    expect([isHealthy, lines[0]]).toEqual([true, "ok"]);
    await expectWhole();
  });

  it("lose a shard that is swept while another process writes it, and nothing else", async () => {
    const before = core.files.get(PUBLIC_FEED)?.chunks.size ?? 0;
    await rm(join(folder(), "1"));
    const other = otherProcess(() => core.publisher.sweep(core.now() + 1));
    await other.sync();
    await expectWhole();
    expect([before, other.get(PUBLIC_FEED)?.chunks.size]).toEqual([4, 0]);
    expect(await readdir(folder())).toEqual(["index.json"]);
  });
});
