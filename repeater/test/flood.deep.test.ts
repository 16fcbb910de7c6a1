import { describe, expect, it } from "vitest";
import { Visitors } from "../../tools/sim/air/visitors";
import { World } from "../../tools/sim/world/world";
import { MINUTE_US, RepeaterHost, repeaterBytecode, SECOND_US, STARTED_US, sentFrame, WINDOWS_ONLY } from "./rig";

describe("a repeater that somebody floods", () => {
  it("takes thousands of invented chirps, each stronger than the last, without a crash, and lets all of them go again", async () => {
    const { image } = await repeaterBytecode();
    const visitors = new Visitors("flood", [0]);
    const ages = new Set<number>();
    const panics: string[] = [];
    const world = new World({
      seed: "flood",
      profile: WINDOWS_ONLY,
      recorded: visitors,
      onTransmission: (transmission) => ages.add(sentFrame(transmission).frame.age),
    });
    const device = world.add({ image, onPanic: ({ report }) => panics.push(report.join("\n")) });
    const host = new RepeaterHost(world, device);
    world.run(STARTED_US);
    const floodS = 40;
    for (let i = 0; i < 4000; i++) {
      const fromUs = world.nowUs + (i / 4000) * floodS * SECOND_US;
      const rssiDbm = -54 + Math.floor((i / 4000) * 70);
      visitors.visit({ chirp: visitors.newChirp(), fromUs, toUs: fromUs + 2 * SECOND_US, rssiDbm });
    }
    world.run((floodS + 5) * SECOND_US);
    expect(panics).toEqual([]);
    expect(host.counters()).toMatchObject({ hciResets: 0, hciErrors: 0 });
    expect(host.counters().dropped).toBeGreaterThan(2000);
    world.run(10 * MINUTE_US + 30 * SECOND_US);
    expect(ages).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    world.run(2 * MINUTE_US);
    expect(panics).toEqual([]);
    expect(host.counters().live).toBe(0);
    expect(host.counters().minutesMissed).toBe(0);
    const chirp = visitors.newChirp();
    visitors.visit({ chirp, fromUs: world.nowUs, toUs: world.nowUs + 10 * SECOND_US });
    ages.clear();
    world.run(80 * SECOND_US);
    expect(ages).toEqual(new Set([1]));
  }, 240_000);
});
