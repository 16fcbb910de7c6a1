import { describe, expect, it } from "vitest";
import { readPublication } from "../../cx/publication";
import { MemoryStore } from "../../cx/publisher/memoryStore";
import type { PublisherStore } from "../../cx/publisher/store";
import { openPublication } from "../../cx/signedPublication";
import { CERTIFICATE, OWN, PublisherRig } from "../../cx/test/publisherRig";
import { SqlStore } from "../cx/sqlStore";
import { ENGINES, type Engine, FakeClock, storage, testCore } from "./fixtures";

const ROOT_ZONE = "https://root.example/publisher.json";

/** Contents of all files of a day in a publisher's life: reports, a change, a remote publication, an expiry. */
async function lifeOn(store: PublisherStore): Promise<unknown[]> {
  const rig = new PublisherRig({ upstream: [ROOT_ZONE] }, store);
  const contents: unknown[] = [];
  const publish = async () => {
    const { files, held } = await rig.publishNext();
    for (const { path, content } of files) {
      const publication = readPublication(openPublication(content, CERTIFICATE));
      // Keys are made anew in each life, and seeds follow from them; decoys do not.
      const seeds = publication.seeds
        .map(({ alertLevel, use }) => `${alertLevel} ${use?.day} ${use?.iterations}`)
        .sort();
      contents.push({ path, held, ...publication, seeds });
    }
  };
  const code = await rig.publisher.issueCode("Clinic", 4, [OWN]);
  await rig.report(code, rig.seeds(3));
  await rig.report(await rig.publisher.issueCode("Clinic", 5, [OWN, ROOT_ZONE]), rig.seeds(1, true));
  await publish();
  await rig.publisher.setCode(code, 0);
  const [file] = (await rig.publisher.publish()).files;
  await rig.publisher.takeRemote(
    "https://a.example/zone",
    readPublication(openPublication(file?.content ?? Buffer.alloc(0), CERTIFICATE)),
  );
  contents.push(
    await rig.publisher.recorded("https://a.example/zone"),
    await rig.publisher.recorded("https://b.example/"),
  );
  await publish();
  expect(await rig.report(code, rig.seeds(2))).toBe("accepted");
  rig.seconds += 22 * 86_400;
  await publish();
  rig.seconds += 10 * 86_400;
  await rig.publisher.sweep();
  await publish();
  contents.push(
    await store.transaction(async (session) => [(await session.codes()).length, (await session.seeds()).length]),
  );
  return contents;
}

describe.each(ENGINES)("A CX publisher's store in %s", (engine: Engine) => {
  it("carries a publisher through its life as the one in memory does", async ({ skip }) => {
    const where = await storage(engine);
    if (where === undefined) return skip("PostgreSQL is not installed");
    const core = await testCore(where, new FakeClock());
    const life = await lifeOn(new SqlStore(core.database));
    // Four versions of three publications, each a full file and three deltas; and what was recorded and kept.
    expect(life).toHaveLength(4 * 3 * 4 + 3);
    expect(life).toEqual(await lifeOn(new MemoryStore()));
  });

  it("keeps versions apart that two instances make at once, and nothing of a report that fails", async ({ skip }) => {
    const where = await storage(engine);
    if (where === undefined) return skip("PostgreSQL is not installed");
    const core = await testCore(where, new FakeClock());
    const store = new SqlStore(core.database);
    const rigs = [new PublisherRig({}, store), new PublisherRig({}, store, "two")];
    const versions = await Promise.all([0, 1, 0, 1].map((i) => (rigs[i] as PublisherRig).publisher.publish()));
    expect(new Set(versions.map(({ publishedAt }) => publishedAt)).size).toBe(4);
    const broken = store.transaction(async (session) => {
      await session.setCounter("serial", 99);
      throw new Error("power cut");
    });
    await expect(broken).rejects.toThrow("power cut");
    expect(await store.transaction((session) => session.counter("serial"))).toBe(0);
  });
});
