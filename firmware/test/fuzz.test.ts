import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../protocol/base/time";
import { Command, Status } from "../../protocol/keyfob/codes";
import { SeededRandom } from "../../tools/sim/core/random";
import { World } from "../../tools/sim/world/world";
import { KEYFOB, KeyfobRig, SECOND_US, START_SECONDS, TestRegion, wearableImage } from "./keyfobRig";

const PACKETS = 20_000;
const COMMANDS = Object.values(Command).filter((value): value is number => typeof value === "number");
/** Right lengths of the commands' payloads, so that many packets get past the first check. */
const LENGTHS = [2, 3, 4, 6, 7, 8, 16, 40, 66, 208];

describe("a keyfob under hostile USB traffic", () => {
  let keyfob: KeyfobRig;

  beforeAll(async () => {
    const world = new World({ seed: "fuzz" });
    keyfob = new KeyfobRig(world, { image: await wearableImage() });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    world.run(2 * SECOND_US);
  }, 120_000);

  it(`takes ${PACKETS} malformed, repeated, reordered and flooding packets without stopping, then syncs as ever`, () => {
    const { world, host } = keyfob;
    const random = new SeededRandom("fuzz packets");
    const below = (n: number): number => random.uint32() % n;
    let last: [number, Buffer] = [Command.Status, Buffer.from([1, 0])];
    for (let i = 0; i < PACKETS; i++) {
      const known = below(10) < 8;
      const command = known ? (COMMANDS[below(COMMANDS.length)] as number) : below(0x10000);
      const length = below(3) > 0 ? (LENGTHS[below(LENGTHS.length)] as number) : below(237);
      const data = Buffer.from(random.bytes(length));
      if (below(2) === 0 && length >= 6) data.writeUInt16LE(1, below(2) * 4);
      if (below(8) > 0) last = [command, data];
      host.command(KEYFOB, last[0], last[1]);
      host.received.length = 0;
      if (below(20) === 0) world.run(100_000);
    }
    world.run(10 * SECOND_US);
    expect(keyfob.panics).toEqual([]);
    expect(keyfob.counters().restarts).toBe(1);
    expect(keyfob.counters().packetsRefused).toBeGreaterThan(1000);

    const region = new TestRegion("DE-BE");
    const seconds = START_SECONDS + 86_400;
    const { status } = keyfob.setClock(seconds);
    expect(status).toBe(Status.Ok);
    world.run(120 * SECOND_US);
    expect(keyfob.regionKeyAdd("DE-BE", region.publicKey)).toBe(Status.Ok);
    const hour = hourOfSeconds(seconds);
    const seeds = keyfob.exportSeeds(hour - 20, 21);
    expect(seeds).toHaveLength(21);
    const shard = region.shard(seeds.map((seed, i) => ({ hour: hour - 20 + i, seed, reverse: false })));
    expect(keyfob.importShard(shard)).toBe(Status.Ok);
    expect(keyfob.results()).toEqual([]);
    expect(keyfob.panics).toEqual([]);
  }, 120_000);
});
