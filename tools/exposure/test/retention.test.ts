import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import { SHARD_BLOCK_BYTES } from "../../../protocol/report/shard";
import { parseFeedIndex } from "../../feed/feedIndex";
import { administer, publish } from "../administration";
import { type Core, openCore } from "../core";
import { dataFolder, FakeClock, noSigner, REGION, sendUpload, testCore, testService, uploadBytes } from "./fixtures";

describe("After the retention time", () => {
  const clock = new FakeClock();
  let core: Core;
  beforeAll(async () => {
    core = await testCore({ data: await dataFolder() }, clock);
  });
  const upload = async (lastHourOffset = 0) => {
    const [text = ""] = await core.permissions.issue("P", 1);
    const lastHour = Math.floor(clock.seconds / 3600) - 1 + lastHourOffset;
    const outcome = await core.uploads.take(
      decodePermissionNumber(text),
      Buffer.alloc(16),
      uploadBytes({ hours: 2, lastHour }),
    );
    expect(outcome).toBe("accepted");
  };
  const folder = () => join(core.directory.published, "v1", "keys");
  const listed = () =>
    parseFeedIndex(core.files.get("public")?.index.toString("utf8") ?? "").chunks.map(({ number }) => number);

  it("shards are gone, rows and files, while younger ones stay and numbers go on", async () => {
    await upload();
    await publish(core);
    clock.advance({ days: 20 });
    await upload();
    await publish(core);
    expect(listed()).toEqual([1, 2]);
    clock.advance({ days: 10 });
    await core.sweep();
    expect(listed()).toEqual([1, 2]);
    clock.advance({ minutes: 1 });
    await core.sweep();
    expect(listed()).toEqual([2]);
    expect(await readdir(folder())).toEqual(["2", "index.json"]);
    expect(await core.database.query("select number from chunk")).toEqual([{ number: 2 }]);
    await expect(access(join(folder(), "1"))).rejects.toThrow();
  });

  it("uploads that nobody published, seeds under embargo and remote blocks are gone as well", async () => {
    await upload(1);
    await publish(core);
    expect(await core.database.query("select hour from embargoed")).toHaveLength(1);
    await upload();
    await core.database.query("insert into remote_intake (id, day, blocks) values ('r', $1, $2)", [
      Math.floor(clock.seconds / 86_400),
      Buffer.alloc(200),
    ]);
    clock.advance({ days: 32 });
    await core.sweep();
    for (const table of ["intake", "embargoed", "remote_intake", "receipt", "permission", "chunk"])
      expect([table, await core.database.query(`select 1 as one from ${table}`)]).toEqual([table, []]);
    expect(await readdir(folder())).toEqual(["index.json"]);
    await upload();
    const { published } = await publish(core);
    expect(published[0]?.number).toBeGreaterThan(2);
  });
});

describe("A command that publishes while no service runs", () => {
  it("keeps shards as long as the service that was started last, and cuts them as it does", async () => {
    const clock = new FakeClock();
    const data = await dataFolder();
    const service = await testService({ data, retentionDays: 60, chunkBytes: 4 * SHARD_BLOCK_BYTES }, clock);
    const [number = ""] = await service.core.permissions.issue("P", 1);
    expect((await sendUpload(service.url, uploadBytes({ hours: 4 }), { number })).status).toBe(201);
    expect(await publish(service.core)).toMatchObject({ published: [{ number: 1 }, { number: 2 }] });
    await service.close();
    const command = async () => {
      const core = await openCore({ data }, clock.now, () => undefined, noSigner);
      const { published } = await administer(core, { do: "publish" });
      const kept = await core.database.query("select number from chunk order by number");
      await core.close();
      return [published.length, kept.length, core.config.region, core.config.chunkBytes];
    };
    clock.advance({ days: 31 });
    expect(await command()).toEqual([0, 2, REGION, 4 * SHARD_BLOCK_BYTES]);
    clock.advance({ days: 30 });
    expect((await command())[1]).toBe(0);
  });
});
