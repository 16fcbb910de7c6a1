import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { decodeShardFile, type ShardFile } from "../../../protocol/report/shardFile";
import { encodeUploadFile, type UploadFile } from "../../../protocol/report/uploadFile";
import { sha256 } from "../../base/sha256";
import { publish } from "../administration";
import type { Core } from "../core";
import { ENGINES, FakeClock, makeUpload, REGION, START, storage, testCore } from "./fixtures";

const NOW_HOUR = hourOfSeconds(START);
const MAX_BLOCKS = 60;

/** Every seed of some shards with its hour. */
const seedsIn = (shards: readonly ShardFile[]) =>
  new Set(
    shards.flatMap(({ blocks }) =>
      blocks.flatMap(({ hour, seeds }) => seeds.map((seed) => `${hour} ${seed.toString("hex")}`)),
    ),
  );
const seedsOf = ({ firstHour, seeds }: UploadFile) =>
  seeds.map((seed, i) => `${firstHour + i} ${seed.toString("hex")}`);

describe.each(ENGINES)("The publisher on %s", (engine) => {
  const clock = new FakeClock();
  let core: Core | undefined;
  beforeAll(async () => {
    const where = await storage(engine);
    core = where && (await testCore({ ...where, chunkBytes: MAX_BLOCKS * 200 }, clock));
  });

  const first = makeUpload({ hours: 48, lastHour: NOW_HOUR, reverseFrom: NOW_HOUR - 5, reverseTo: NOW_HOUR - 3 });
  const take = async (upload: UploadFile) => {
    // Spending a number is tested elsewhere: this upload is put in by hand.
    await core?.database.query("insert into intake (id, day, file) values ($1, 0, $2)", [
      randomBytes(16).toString("hex"),
      encodeUploadFile(upload),
    ]);
  };
  const folder = () => join(core?.directory.published ?? "", "v1", "keys");
  const shards = async () => {
    const names = (await readdir(folder()))
      .filter((name) => name !== "index.json")
      .sort((a, b) => Number(a) - Number(b));
    return Promise.all(names.map(async (name) => decodeShardFile(sha256, await readFile(join(folder(), name)))));
  };

  it("publishes nothing, and no empty shard, when nothing is due", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    expect((await publish(core)).published).toEqual([]);
    expect(await readdir(folder())).toEqual(["index.json"]);
  });

  it("releases seeds twelve minutes after their hour, in filled, sorted, signed and linked chunks of bounded size", async ({
    skip,
  }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    await take(first);
    const { published } = await publish(core);
    const files = await shards();
    expect(published.map(({ number }) => number)).toEqual([1, 2]);
    expect(files.map(({ header }) => [header.region, header.chunk])).toEqual([
      [REGION, 1],
      [REGION, 2],
    ]);
    // 10:30: the hour from 10 to 11 is in use, the one from 9 to 10 is over for more than twelve minutes.
    const due = seedsOf(first).slice(0, -1);
    expect([...seedsIn(files)]).toEqual(expect.arrayContaining(due));
    expect(seedsIn(files).has(seedsOf(first).at(-1) ?? "")).toBe(false);
    expect(seedsIn(files).size).toBe(47 * 12);
    const marked = files.flatMap(({ blocks }) =>
      blocks.flatMap(({ hour, reverseMask }) => (reverseMask === 0 ? [] : [hour])),
    );
    expect(marked).toEqual([NOW_HOUR - 5, NOW_HOUR - 4]);
    for (const { blocks } of files) expect(blocks.length).toBeLessThanOrEqual(MAX_BLOCKS);
  });

  it("releases the last hour one minute after its embargo ends, never before, beside nobody's other hours", async ({
    skip,
  }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    clock.seconds = (NOW_HOUR + 1) * 3600 + 12 * 60 - 1;
    expect((await publish(core)).published).toEqual([]);
    clock.seconds += 1;
    const { published } = await publish(core);
    expect(published.map(({ number, seeds }) => [number, seeds])).toEqual([[3, 12]]);
    expect(await core.database.query("select * from embargoed")).toEqual([]);
  });

  it("publishes a seed once, however often it is uploaded, so that two shards never share one person's hours", async ({
    skip,
  }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const again = makeUpload({
      hours: 6,
      firstHour: first.firstHour - 2,
      seeds: [randomBytes(32), randomBytes(32), ...first.seeds],
    });
    await take(again);
    await take(again);
    await publish(core);
    const files = await shards();
    const count = files.reduce((sum, { header }) => sum + header.seeds, 0);
    expect(seedsIn(files).size).toBe(count);
    expect([...seedsIn(files)]).toEqual(expect.arrayContaining(seedsOf(again)));
  });
});
