import { describe, expect, it } from "vitest";
import { hourOfSeconds } from "../../protocol/time";
import { World } from "../../tools/sim/world";
import { StateFlag } from "../keyfob/codes";
import { KeyfobRig, MINUTE_US, SECOND_US, wearableImage } from "./keyfobRig";

const DAY_US = 86_400e6;
const DAYS = 90;
/** What is simulated of every day; over the rest the keyfob's clock jumps, in pieces of half an hour. */
const LIVE_US = 12 * MINUTE_US;
/** Uptime at which the program restarts in a quiet minute. A jump must end before: it would tear the restart apart. */
const RESTART_SECONDS = 38 * 86_400;

describe("ninety days", () => {
  it("keep the clock through the restarts that timers need, without a crash and without a fault", async () => {
    const world = new World({ seed: "ninety days" });
    const keyfob = new KeyfobRig(world, { image: await wearableImage(), clock: { driftPpm: 0 } });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    let skippedUs = 0;
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
    const hour = hourOfSeconds(trueSeconds);
    expect(keyfob.exportSeeds(hour - 100, 101)).toHaveLength(101);
  }, 480_000);
});
