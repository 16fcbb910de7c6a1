import { expect, it } from "vitest";
import { hourOfSeconds } from "../../protocol/base/time";
import { Status } from "../../protocol/keyfob/codes";
import { World } from "../../tools/sim/world/world";
import { runAmong, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, TestRegion, wearableImage } from "./keyfobRig";

const NEIGHBOURS = 50;
const MINUTES = 24;
/** As many as one block of a shard holds. */
const COMPANY = 6;

it("matches an hour with twice the rows that fit its memory, chirping all the while without missing a minute", async () => {
  const world = new World({ seed: "crowded import" });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run(10 * SECOND_US);
  const hour = hourOfSeconds(keyfob.worldSeconds());
  runAmong(keyfob, NEIGHBOURS, MINUTES * 60);
  world.run(14 * MINUTE_US);
  const { rowsWritten } = keyfob.counters();
  // One new chirp in a thousand is taken for one whose row is written (firmware/listen/writtenIds.ts).
  expect(rowsWritten).toBeGreaterThanOrEqual(0.99 * NEIGHBOURS * MINUTES);

  const region = new TestRegion("IT");
  keyfob.regionKeyAdd(region.name, region.publicKey);
  const strangers = [0, 1, 2, ...Array.from({ length: 20 }, (_, i) => 1000 + i)];
  const shard = region.shard(strangers.map((index) => ({ hour, seed: strangersSeed(index), reverse: false })));
  const from = world.nowUs;
  expect(keyfob.importShard(shard)).toBe(Status.Ok);
  process.stdout.write(
    `four blocks against ${rowsWritten} rows: ${(world.nowUs - from) / 1e6} s of the keyfob's time\n`,
  );
  const found = keyfob.results().filter((record) => record.hour === hour);
  const minutes = found.reduce((sum, { direct }) => sum + direct.reduce((a, b) => a + b, 0), 0);
  expect(minutes).toBeGreaterThanOrEqual(3 * MINUTES - 3);
  expect(minutes).toBeLessThanOrEqual(3 * (MINUTES + 1));
  world.run(2 * MINUTE_US);
  expect(keyfob.counters().minutesMissed).toBe(0);
  expect(keyfob.panics).toEqual([]);
}, 240_000);

it("matches an hour spent with six infected people, each of whom has a minute of it to show for every minute", async () => {
  const world = new World({ seed: "infected company" });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run((3600 - (keyfob.worldSeconds() % 3600)) * SECOND_US);
  const hour = hourOfSeconds(keyfob.worldSeconds());
  runAmong(keyfob, COMPANY, 3600);
  world.run(14 * MINUTE_US);
  expect(keyfob.counters().rowsWritten).toBeGreaterThanOrEqual(COMPANY * 60);

  const region = new TestRegion("IT");
  keyfob.regionKeyAdd(region.name, region.publicKey);
  const company = Array.from({ length: 12 }, (_, i) => (i < COMPANY ? i : 1000 + i));
  const shard = region.shard(company.map((index) => ({ hour, seed: strangersSeed(index), reverse: false })));
  expect(keyfob.importShard(shard)).toBe(Status.Ok);
  expect(keyfob.panics).toEqual([]);
  const found = keyfob.results().filter((record) => record.hour === hour);
  expect(found.reduce((sum, { direct }) => sum + direct.reduce((a, b) => a + b, 0), 0)).toBe(COMPANY * 60);
}, 240_000);
