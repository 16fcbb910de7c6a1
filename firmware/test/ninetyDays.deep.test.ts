import { describe, expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { StateFlag } from "../../protocol/keyfob/codes";
import { TAG_BYTES } from "../../protocol/log/contactRow";
import { openLogs } from "../../tools/sim/oracle/encounters";
import { World } from "../../tools/sim/world/world";
import { hear, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, sha256, wearableImage } from "./keyfobRig";

const DAY_US = 86_400e6;
/** Two more than seeds and rows are kept. */
const DAYS = 92;
/** What is simulated of every day; over the rest the keyfob's clock jumps, in pieces of half an hour. */
const LIVE_US = 12 * MINUTE_US;
/** Uptime at which the program restarts in a quiet minute. A jump must end before: it would tear the restart apart. */
const RESTART_SECONDS = 38 * 86_400;

describe("ninety days", () => {
  it("keep the clock through the restarts that timers need, without a crash or a fault, and leave no byte of older seeds and rows", async () => {
    const world = new World({ seed: "ninety days" });
    const keyfob = new KeyfobRig(world, { image: await wearableImage(), clock: { driftPpm: 0 } });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    let skippedUs = 0;
    world.run(10 * SECOND_US);
    const firstHour = hourOfSeconds(keyfob.worldSeconds());
    const met = chirpOf(sha256, strangersSeed(1), minuteOfSeconds(keyfob.worldSeconds()));
    hear(keyfob, encodeChirpFrame(met, -8, 0, TEST_COMPANY), -60);
    world.run(4 * MINUTE_US);
    const firstSeed = (await (await openLogs(keyfob.device.flash.log)).seeds.get(firstHour)) as Buffer;
    const isInFlash = (bytes: Buffer): boolean =>
      [keyfob.device.flash.log.bytes, keyfob.device.flash.settings].some((image) => Buffer.from(image).includes(bytes));
    expect([isInFlash(firstSeed), isInFlash(met.subarray(0, TAG_BYTES))]).toEqual([true, true]);
    let restartsSeen = keyfob.counters().restarts;
    const restartDays: number[] = [];
    for (let day = 0; day < DAYS; day++) {
      world.run(LIVE_US);
      const untilRestartUs = (RESTART_SECONDS - keyfob.status().uptime) * 1e6 - 2 * MINUTE_US;
      const firstUs = Math.min(DAY_US - LIVE_US, Math.max(0, untilRestartUs));
      keyfob.device.jumpClock(firstUs);
      world.run(LIVE_US);
      keyfob.device.jumpClock(DAY_US - LIVE_US - firstUs);
      skippedUs += DAY_US - LIVE_US;
      world.run(90 * SECOND_US);
      const { restarts } = keyfob.counters();
      if (restarts > restartsSeen) restartDays.push(day + 1);
      restartsSeen = restarts;
      const status = keyfob.status();
      expect(status.flags & (StateFlag.Fault | StateFlag.ClockApproximate)).toBe(0);
      expect(status.flags & StateFlag.Chirping).toBe(StateFlag.Chirping);
    }
    const trueSeconds = keyfob.worldSeconds() + skippedUs / 1e6;
    expect(restartDays.length).toBe(2);
    expect(restartDays[0]).toBeLessThanOrEqual(40);
    expect((restartDays[1] as number) - (restartDays[0] as number)).toBeLessThanOrEqual(40);
    expect(keyfob.counters().crashes).toBe(0);
    expect(keyfob.panics).toEqual([]);
    const { driftMs } = keyfob.setClock(trueSeconds);
    expect(Math.abs(driftMs)).toBeLessThan(5000);
    world.run(35 * MINUTE_US);
    for (let at = 0; at < firstSeed.length; at += 8) expect(isInFlash(firstSeed.subarray(at, at + 8))).toBe(false);
    expect(isInFlash(met.subarray(0, TAG_BYTES))).toBe(false);
    const hour = hourOfSeconds(trueSeconds);
    expect(keyfob.exportSeeds(hour - 100, 101)).toHaveLength(101);
  }, 480_000);
});
