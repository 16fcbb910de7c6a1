import { expect, it } from "vitest";
import { hourOfSeconds } from "../../protocol/base/time";
import type { Proximity } from "../../tools/sim/air/proximity";
import { encounters, openLogs } from "../../tools/sim/oracle/encounters";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, MINUTE_US, SECOND_US, START_SECONDS, wearableImage } from "./keyfobRig";

const TOGETHER_MINUTES = 10;
const fromUs = MINUTE_US;
const tenMinutes: Proximity = {
  forEachNear(radio, atUs, _range, visit) {
    if (atUs >= fromUs && atUs < fromUs + TOGETHER_MINUTES * MINUTE_US) visit(1 - radio, 1);
  },
};

/** Minutes that each of two keyfobs finds of the other, whose computers' clocks differ. */
async function found(offsetSeconds: number): Promise<number[]> {
  const image = await wearableImage();
  const world = new World({ seed: `clocks ${offsetSeconds} s apart`, proximity: tenMinutes });
  const [right, wrong] = [new KeyfobRig(world, { image }), new KeyfobRig(world, { image })];
  world.run(2 * SECOND_US);
  right.setClock();
  wrong.setClock(wrong.worldSeconds() + offsetSeconds);
  world.run(16 * MINUTE_US);
  const logs = [await openLogs(right.device.flash.log), await openLogs(wrong.device.flash.log)] as const;
  const hour = hourOfSeconds(START_SECONDS);
  const pairs = [logs, [logs[1], logs[0]] as const];
  return Promise.all(pairs.map(async ([own, other]) => (await encounters(own, other, hour - 1, hour + 1)).length));
}

it("two keyfobs find each other although their computers' clocks are 100 seconds apart", async () => {
  for (const minutes of await found(100)) {
    expect(minutes).toBeGreaterThanOrEqual(TOGETHER_MINUTES - 1);
    expect(minutes).toBeLessThanOrEqual(TOGETHER_MINUTES + 1);
  }
}, 120_000);

it("and do not when they are 200 seconds apart: beyond two minutes a chirp counts as replayed", async () => {
  expect(await found(200)).toEqual([0, 0]);
}, 120_000);
