import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { Command, Status } from "../../protocol/keyfob/codes";
import { VirtualHost } from "../../tools/sim/world/host";
import { hear, strangersSeed } from "./crowd";
import { type KeyfobRig, SECOND_US, settledKeyfob, sha256, TestRegion, u16 } from "./keyfobRig";

const BERLIN = new TestRegion("DE-BE");
const STRANGERS = 60;

/** A keyfob that met stranger 1 for six minutes, and passed a repeater which eight minutes before had heard stranger 2. */
async function afterSomeMinutes(seed: string): Promise<{ keyfob: KeyfobRig; hour: number }> {
  const keyfob = await settledKeyfob(seed);
  const { world } = keyfob;
  const hour = hourOfSeconds(keyfob.worldSeconds());
  keyfob.regionKeyAdd(BERLIN.name, BERLIN.publicKey);
  world.run(8 * 60 * SECOND_US);
  // A few seconds into a minute, however long the wearer took to agree to the key.
  world.run((65 - (keyfob.worldSeconds() % 60)) * SECOND_US);
  for (let second = 0; second < 360; second += 10) {
    const minute = minuteOfSeconds(keyfob.worldSeconds());
    const frame = (stranger: number, made: number, age: number, rssi: number): void =>
      hear(keyfob, encodeChirpFrame(chirpOf(sha256, strangersSeed(stranger), made), -8, age, TEST_COMPANY), rssi);
    frame(1, minute, 0, -70);
    if (second >= 60 && second < 180) frame(2, minute - 8, 8, -60);
    frame(3, minute - 4, 0, -50); // a replay: four minutes old and said to be new
    frame(4, minute, 5, -50); // a lie: new and said to be old
    world.run(10 * SECOND_US);
  }
  world.run(15 * 60 * SECOND_US);
  return { keyfob, hour };
}

/** A chunk with the hour's seeds of these strangers. */
function chunkOf(hour: number, strangers: number[], reverse = false, region = BERLIN): Buffer {
  return region.shard(strangers.map((index) => ({ hour, seed: strangersSeed(index), reverse })));
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("importing shards", () => {
  let keyfob: KeyfobRig;
  let hour: number;

  beforeAll(async () => {
    ({ keyfob, hour } = await afterSomeMinutes("import"));
  }, 120_000);

  it("refuses a shard of a region whose key it does not hold, and a header that makes no sense", () => {
    const other = new TestRegion("FR");
    expect(keyfob.importBegin(chunkOf(hour, [1, 5], false, other)).status).toBe(Status.UnknownRegionKey);
    expect(keyfob.importBegin(Buffer.alloc(64)).status).toBe(Status.BadHeader);
  });

  it("believes nothing of a shard whose signature or whose blocks are wrong", () => {
    const shard = chunkOf(hour, range(1, STRANGERS));
    const forged = Buffer.from(shard);
    forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1;
    expect(keyfob.importShard(forged)).toBe(Status.BadSignature);
    const swapped = Buffer.concat([
      shard.subarray(0, 64),
      shard.subarray(264, 464),
      shard.subarray(64, 264),
      shard.subarray(464),
    ]);
    expect(keyfob.importShard(swapped)).toBe(Status.BadBlock);
    expect(keyfob.results()).toEqual([]);
  });

  it("goes on after a cable pull where it was, ignores repeated pieces, and tells of the first missing one", () => {
    const shard = chunkOf(hour, range(1, STRANGERS), true);
    const pieces = Math.ceil((shard.length - 64) / 200);
    const first = keyfob.importBegin(shard);
    keyfob.sendPieces(shard, first.request, 0, 7);
    const rig = keyfob as { host: VirtualHost };
    rig.host.unplug();
    keyfob.world.run(20 * SECOND_US);
    rig.host = new VirtualHost(keyfob.world, keyfob.device);
    const second = keyfob.importBegin(shard);
    expect(second).toMatchObject({ nextPiece: 7, status: Status.Ok });
    keyfob.sendPiece(shard, second.request, 3, false);
    keyfob.host.received.length = 0;
    keyfob.sendPiece(shard, second.request, 9, false);
    expect(keyfob.host.awaitReport(0x1c4fb003, Command.ImportProgress)[0]).toBe(7);
    expect(keyfob.call(Command.ImportVerify, u16(second.request))[2]).toBe(Status.Incomplete);
    expect(keyfob.sendPieces(shard, second.request, 7, pieces)).toBe(Status.Ok);
    expect(keyfob.importShard(shard)).toBe(Status.Ok);
  });

  it("counts direct and shared-space minutes, and neither replayed nor misdated ones", () => {
    const results = keyfob.results();
    expect(results).toHaveLength(1);
    const [found] = results;
    expect(found).toMatchObject({ hour, reverse: true });
    const direct = found?.direct as number[];
    expect(direct[1]).toBeGreaterThanOrEqual(6);
    expect(direct[1]).toBeLessThanOrEqual(7);
    expect([direct[0], direct[2], direct[3]]).toEqual([0, 0, 0]);
    expect(found?.shared).toEqual([2, 0, 0, 0]);
  });

  it("knows a chunk that it has verified, and counts a seed that comes in two chunks once", () => {
    const before = keyfob.results();
    const shard = chunkOf(hour, range(1, STRANGERS), true);
    expect(keyfob.importShard(shard)).toBe(Status.Ok);
    keyfob.world.run(10 * SECOND_US);
    expect(keyfob.importBegin(shard).status).toBe(Status.Already);
    expect(keyfob.results()).toEqual(before);
    expect(keyfob.panics).toEqual([]);
  });

  it("answers at the same moments whether or not anything matched", async () => {
    const durations: number[] = [];
    for (const strangers of [range(1, STRANGERS), range(1001, 1000 + STRANGERS)]) {
      const again = await afterSomeMinutes("timing");
      const shard = chunkOf(again.hour, strangers);
      const from = again.keyfob.world.nowUs;
      expect(again.keyfob.importShard(shard)).toBe(Status.Ok);
      durations.push(again.keyfob.world.nowUs - from);
    }
    expect(durations[0]).toBe(durations[1]);
  }, 120_000);
});
