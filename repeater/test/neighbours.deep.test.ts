import { beforeAll, describe, expect, it } from "vitest";
import { MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import { TOLERANCE_MINUTES } from "../../protocol/match/loadedRows";
import type { Proximity } from "../../tools/sim/air/proximity";
import { Visitors } from "../../tools/sim/air/visitors";
import { World } from "../../tools/sim/world/world";
import { MINUTE_US, repeaterBytecode, SECOND_US, type Sent, STARTED_US, sentFrame, WINDOWS_ONLY } from "./rig";

const REPEATERS = 5;

let image: Buffer;

beforeAll(async () => {
  image = (await repeaterBytecode()).image;
}, 120_000);

/** All of them stand side by side. */
const TOGETHER: Proximity = {
  forEachNear(radio, _atUs, _rangeM, visit) {
    for (let other = 0; other < REPEATERS; other++) if (other !== radio) visit(other, 1);
  },
};

/** A frame on the air, from a repeater or from the hostile device. */
interface OnAir {
  readonly atUs: number;
  readonly age: number;
}

/** Five repeaters hear one chirp for ten seconds. @param strip whether a hostile device sends all that it hears again as if from a wearer */
function fiveRepeaters(seed: string, strip: boolean) {
  const radios = Array.from({ length: REPEATERS }, (_, radio) => radio);
  const visitors = new Visitors(seed, radios);
  const sent: Sent[] = [];
  const onAir: OnAir[] = [];
  let nextStripUs = 0;
  const world = new World({
    seed,
    profile: WINDOWS_ONLY,
    proximity: TOGETHER,
    recorded: visitors,
    onTransmission: (transmission) => {
      const frame = sentFrame(transmission);
      sent.push(frame);
      onAir.push({ atUs: frame.atUs, age: frame.frame.age });
      if (!strip || frame.atUs < nextStripUs) return;
      nextStripUs = frame.atUs + SECOND_US;
      onAir.push({ atUs: frame.atUs + SECOND_US, age: 0 });
      visitors.visit({ chirp: frame.frame.id, fromUs: frame.atUs, toUs: frame.atUs + 2 * SECOND_US });
    },
  });
  for (const _ of radios) world.add({ image });
  world.run(STARTED_US);
  // Not all of them hear the wearer: the others can only learn the chirp from the hostile device.
  const chirp = visitors.newChirp();
  const heardUs = world.nowUs;
  const toUs = heardUs + 10 * SECOND_US;
  const near = strip ? new Set([0, 1]) : new Set(radios);
  const others = visitors.receivers as Set<number>;
  for (const radio of radios) if (!near.has(radio)) others.delete(radio);
  visitors.visit({ chirp, fromUs: heardUs, toUs });
  world.run(12 * SECOND_US);
  for (const radio of radios) others.add(radio);
  return { world, sent, onAir, heardUs, chirp };
}

/** Minutes of repeaters: which of them sent at which age. */
const minutesOf = (sent: readonly Sent[]): Set<string> =>
  new Set(sent.map(({ radio, frame }) => `${radio} ${frame.age}`));

describe("five repeaters side by side", () => {
  it("send a chirp in ten minutes each, fifty in all, and do not repeat each other", () => {
    const { world, sent, heardUs } = fiveRepeaters("five", false);
    world.run(12 * MINUTE_US);
    expect(minutesOf(sent).size).toBe(REPEATERS * MAX_AGE_MINUTES);
    expect(Math.max(...sent.map(({ atUs }) => atUs)) - heardUs).toBeLessThan(11 * MINUTE_US + 3 * SECOND_US);
    const before = sent.length;
    world.run(5 * MINUTE_US);
    expect(sent.length).toBe(before);
  }, 120_000);

  it("come to an end even if a hostile device takes the age off all that they send, and nothing matches past 12 minutes", () => {
    const { world, sent, onAir, heardUs } = fiveRepeaters("stripped", true);
    world.run(35 * MINUTE_US);
    // Each armed it at most once, and what two of them did not hear from the wearer they got from the hostile device.
    expect(minutesOf(sent).size).toBeLessThanOrEqual(REPEATERS * MAX_AGE_MINUTES);
    expect(new Set(sent.map(({ radio }) => radio)).size).toBe(REPEATERS);
    const before = sent.length;
    world.run(20 * MINUTE_US);
    expect(sent.length).toBe(before);
    // Whatever the second of the minute in which the wearer chirped: a frame matches if its origin is within two minutes.
    for (let second = 0; second < 60; second++) {
      const minuteOf = (atUs: number): number => Math.floor((atUs - heardUs) / MINUTE_US + second / 60);
      const matching = onAir.filter(({ atUs, age }) => Math.abs(minuteOf(atUs) - age) <= TOLERANCE_MINUTES);
      const latest = Math.max(...matching.map(({ atUs }) => minuteOf(atUs)));
      expect(latest).toBeLessThanOrEqual(MAX_AGE_MINUTES + TOLERANCE_MINUTES);
      expect(latest).toBeGreaterThanOrEqual(MAX_AGE_MINUTES);
    }
  }, 120_000);
});
