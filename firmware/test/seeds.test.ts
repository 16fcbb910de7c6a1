import { expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { decodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import type { NorFlashState } from "../../tools/sim/device/norFlash";
import type { AdvertisingPdu } from "../../tools/sim/hci/pdu";
import { openLogs } from "../../tools/sim/oracle/encounters";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, MINUTE_US, SECOND_US, START_SECONDS, sha256, wearableImage } from "./keyfobRig";

async function seedIn(flash: NorFlashState, hour: number): Promise<Buffer | undefined> {
  return await (await openLogs(flash)).seeds.get(hour);
}

it("has each hour's seed in flash before its first chirp, and also for an hour that is snoozed", async () => {
  /** The first frame of each hour, and the flash as it was then. */
  const firsts = new Map<number, { minute: number; pdu: AdvertisingPdu; flash: NorFlashState }>();
  let frames = 0;
  let lastData = "";
  const flashNow = (): NorFlashState => structuredClone(keyfob.device.flash.log);
  const world = new World({
    seed: "seeds",
    onTransmission: ({ startUs, pdu }) => {
      frames++;
      const data = Buffer.from(pdu.data).toString("hex");
      if (data === lastData) return;
      lastData = data;
      // A new chirp: of the minute that has just begun, give or take what the two clocks differ.
      const minute = minuteOfSeconds(START_SECONDS + startUs / 1e6 + 0.1);
      const hour = hourOfSeconds(minute * 60);
      if (!firsts.has(hour)) firsts.set(hour, { minute, pdu, flash: flashNow() });
    },
  });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run(12 * MINUTE_US);
  const hour = hourOfSeconds(keyfob.worldSeconds());
  expect([...firsts.keys()]).toEqual([hour - 1, hour]);

  keyfob.device.button.press(2000);
  world.run(MINUTE_US);
  frames = 0;
  world.run(50 * MINUTE_US);
  expect(frames).toBe(0);
  expect(hourOfSeconds(keyfob.worldSeconds())).toBe(hour + 1);
  const snoozed = await seedIn(flashNow(), hour + 1);
  expect(snoozed).toHaveLength(32);
  world.run(15 * MINUTE_US);
  expect(firsts.size).toBe(3);

  const seeds = new Set<string>();
  for (const [at, { minute, pdu, flash }] of firsts) {
    const seed = (await seedIn(flash, at)) as Buffer;
    seeds.add(seed.toString("hex"));
    const { id } = decodeChirpFrame(Buffer.from(pdu.address).reverse(), Buffer.from(pdu.data), TEST_COMPANY);
    expect(id).toEqual(chirpOf(sha256, seed, minute));
  }
  expect(seeds.size).toBe(3);
  expect(seeds.has((snoozed as Buffer).toString("hex"))).toBe(true);
  expect(keyfob.panics).toEqual([]);
}, 120_000);
