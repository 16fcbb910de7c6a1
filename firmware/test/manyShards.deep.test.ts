import { expect, it } from "vitest";
import { hourOfSeconds } from "../../protocol/base/time";
import { Status } from "../../protocol/keyfob/codes";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, SECOND_US, TestRegion, wearableImage } from "./keyfobRig";

const SHARDS = 8;
const SEEDS = 24;

it("checks one small shard right after the other without running out of memory", async () => {
  const world = new World({ seed: "many shards" });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run(10 * SECOND_US);
  const region = new TestRegion("IT");
  keyfob.regionKeyAdd(region.name, region.publicKey);
  const hour = hourOfSeconds(keyfob.worldSeconds()) - 3;
  for (let shard = 0; shard < SHARDS; shard++) {
    const seeds = Array.from({ length: SEEDS }, (_, i) => ({
      hour,
      seed: Buffer.alloc(32, shard * SEEDS + i),
      reverse: false,
    }));
    const file = region.shard(seeds);
    let status: number = keyfob.importShard(file);
    while (status === Status.Busy) {
      world.run(SECOND_US / 4);
      status = keyfob.importShard(file);
    }
    expect(status).toBe(Status.Ok);
  }
  expect(keyfob.panics).toEqual([]);
}, 120_000);
