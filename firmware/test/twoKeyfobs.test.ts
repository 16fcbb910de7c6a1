import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../protocol/base/time";
import { Status } from "../../protocol/keyfob/codes";
import type { Proximity } from "../../tools/sim/air/proximity";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, MINUTE_US, SECOND_US, START_SECONDS, TestRegion, wearableImage } from "./keyfobRig";

/** Two radios a metre apart, from the start of minute 1 for 15 minutes. */
const TOGETHER_FROM_US = 10 * SECOND_US;
const TOGETHER_UNTIL_US = TOGETHER_FROM_US + 15 * MINUTE_US;
const fifteenMinutes: Proximity = {
  forEachNear(radio, atUs, _range, visit) {
    if (atUs >= TOGETHER_FROM_US && atUs < TOGETHER_UNTIL_US) visit(1 - radio, 1);
  },
};

describe("two keyfobs at one metre for 15 minutes", () => {
  let alice: KeyfobRig;
  let bob: KeyfobRig;
  const region = new TestRegion("US-MA");
  const hour = hourOfSeconds(START_SECONDS + 60);

  beforeAll(async () => {
    const image = await wearableImage();
    const world = new World({ seed: "two keyfobs", proximity: fifteenMinutes });
    alice = new KeyfobRig(world, { image });
    bob = new KeyfobRig(world, { image });
    world.run(2 * SECOND_US);
    alice.setClock();
    bob.setClock();
    world.run(20 * MINUTE_US);
  }, 120_000);

  it("leave 15 rows in each, give or take one at the edges", () => {
    for (const keyfob of [alice, bob]) {
      expect(keyfob.panics).toEqual([]);
      expect(keyfob.counters().rowsWritten).toBeGreaterThanOrEqual(14);
      expect(keyfob.counters().rowsWritten).toBeLessThanOrEqual(16);
      expect(keyfob.counters().minutesMissed).toBe(0);
    }
  });

  it("are found by each of them, and nothing else, in the other's seeds in a signed shard", () => {
    for (const [reader, infected] of [
      [bob, alice],
      [alice, bob],
    ] as const) {
      const rows = reader.counters().rowsWritten;
      const seeds = infected.exportSeeds(hour - 23, 24);
      expect(seeds).toHaveLength(24);
      const shard = region.shard(seeds.map((seed, i) => ({ hour: hour - 23 + i, seed, reverse: false })));
      expect(reader.regionKeyAdd(region.name, region.publicKey)).toBe(Status.Ok);
      expect(reader.importShard(shard)).toBe(Status.Ok);
      const results = reader.results();
      expect(results.every((found) => found.hour === hour || found.hour === hour - 1)).toBe(true);
      expect(results.reduce((sum, found) => sum + (found.direct[0] as number), 0)).toBe(rows);
      for (const { direct, shared, reverse } of results)
        expect([direct.slice(1), shared, reverse]).toEqual([[0, 0, 0], [0, 0, 0, 0], false]);
    }
  });
});
