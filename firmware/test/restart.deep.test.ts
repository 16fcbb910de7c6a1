import { expect, it } from "vitest";
import { hourOfMinute, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { StateFlag } from "../../protocol/keyfob/codes";
import { TAG_BYTES } from "../../protocol/log/contactRow";
import { openLogs, rowsOf } from "../../tools/sim/oracle/encounters";
import { World } from "../../tools/sim/world/world";
import { hear, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, sha256, wearableImage } from "./keyfobRig";

const DAY_US = 86_400e6;

it("restarts after 39 days in a place that is never quiet, not before, and loses neither a row nor the time", async () => {
  const world = new World({ seed: "never quiet" });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  let skippedUs = 0;
  const trueSeconds = (): number => keyfob.worldSeconds() + skippedUs / 1e6;
  /** What was on the air, and its minute: each has exactly one row in the end. */
  const chirps = new Map<string, number>();
  /** Somebody is near for so long, heard every ten seconds. */
  const among = (spanUs: number): void => {
    for (let us = 0; us < spanUs; us += 10 * SECOND_US) {
      const minute = minuteOfSeconds(trueSeconds());
      const chirp = chirpOf(sha256, strangersSeed(1), minute);
      hear(keyfob, encodeChirpFrame(chirp, -8, 0, TEST_COMPANY), -60);
      chirps.set(chirp.toString("hex"), minute);
      world.run(10 * SECOND_US);
    }
  };
  world.run(2 * SECOND_US);
  keyfob.setClock();
  world.run(15 * SECOND_US);
  skippedUs = 38 * DAY_US - 5 * MINUTE_US;
  keyfob.device.jumpClock(skippedUs);
  among(DAY_US);
  expect(keyfob.status().uptime).toBeGreaterThan(38.99 * 86_400);
  expect(keyfob.counters().restarts).toBe(1);
  among(7 * MINUTE_US);
  expect(keyfob.status().uptime).toBeLessThan(300);
  const { restarts, crashes } = keyfob.counters();
  expect([restarts, crashes]).toEqual([2, 0]);
  expect(keyfob.status().flags & (StateFlag.ClockApproximate | StateFlag.Fault)).toBe(0);
  world.run(4 * MINUTE_US);

  const logs = await openLogs(keyfob.device.flash.log);
  const held = new Map<string, number>();
  for (const hour of new Set([...chirps.values()].map(hourOfMinute)))
    for (const row of await rowsOf(logs, hour)) {
      const tag = row.toString("hex", 0, TAG_BYTES);
      held.set(tag, (held.get(tag) ?? 0) + 1);
    }
  for (const chirp of chirps.keys()) expect(held.get(chirp.slice(0, 2 * TAG_BYTES))).toBe(1);
  expect(held.size).toBe(chirps.size);
  expect(Math.abs(keyfob.setClock(trueSeconds()).driftMs)).toBeLessThan(2000);
  expect(keyfob.panics).toEqual([]);
}, 300_000);
