import { expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame } from "../../protocol/beacon/pact";
import { Command, StateFlag, Status } from "../../protocol/keyfob/codes";
import { TAG_BYTES } from "../../protocol/log/contactRow";
import { openLogs } from "../../tools/sim/oracle/encounters";
import type { World } from "../../tools/sim/world/world";
import { hear, strangersSeed } from "./crowd";
import { type KeyfobRig, MINUTE_US, SECOND_US, settledKeyfob, sha256, TestRegion } from "./keyfobRig";

/** A keyfob with a seed, a row and a region key, and a look at which of their bytes its flash still holds. */
async function usedKeyfob(seed: string) {
  const keyfob = await settledKeyfob(seed);
  const { world } = keyfob;
  const hour = hourOfSeconds(keyfob.worldSeconds());
  const region = new TestRegion("DE");
  expect(keyfob.regionKeyAdd(region.name, region.publicKey)).toBe(Status.Ok);
  const chirp = chirpOf(sha256, strangersSeed(9), minuteOfSeconds(keyfob.worldSeconds()));
  hear(keyfob, encodeChirpFrame(chirp, -8, 0, 0xffff), -60);
  world.run(4 * MINUTE_US);
  const ownSeed = (await (await openLogs(structuredClone(keyfob.device.flash.log))).seeds.get(hour)) as Buffer;
  const secrets = [ownSeed, chirp.subarray(0, TAG_BYTES), region.publicKey];
  const { log, settings } = keyfob.device.flash;
  const kept = () =>
    secrets.filter((bytes) => [log.bytes, settings].some((image) => Buffer.from(image).includes(bytes)));
  expect(kept()).toEqual(secrets);
  return { world, keyfob, kept };
}

function erase(keyfob: KeyfobRig, token: number, request: number): Buffer {
  const data = Buffer.alloc(6);
  data.writeUInt32LE(token, 0);
  data.writeUInt16LE(request, 4);
  return keyfob.call(Command.Erase, data);
}

/** Asks twice and presses the button: the keyfob begins. */
function beginErase(world: World, keyfob: KeyfobRig): void {
  const request = keyfob.newRequest();
  const asked = erase(keyfob, 0, request);
  const token = asked.readUInt32LE(0);
  expect(asked[6]).toBe(Status.WaitingForButton);
  expect(erase(keyfob, (token ^ 1) >>> 0, request)[6]).toBe(Status.NotBegun);
  expect(erase(keyfob, token, request)[6]).toBe(Status.WaitingForButton);
  world.run(SECOND_US);
  keyfob.device.button.press();
  world.run(SECOND_US);
  expect([Status.Busy, Status.Ok]).toContain(erase(keyfob, token, request)[6]);
}

function expectAsNew(keyfob: KeyfobRig): void {
  expect(keyfob.status().now).toBe(0);
  expect(keyfob.status().flags & (StateFlag.ClockSet | StateFlag.Fault)).toBe(0);
  expect(keyfob.panics).toEqual([]);
}

it("a wearable erases everything only after token and button, and is then as new", async () => {
  const { world, keyfob, kept } = await usedKeyfob("erase");
  beginErase(world, keyfob);
  world.run(40 * SECOND_US);
  expectAsNew(keyfob);
  expect(kept()).toEqual([]);
});

it.each([50, 400, 1500, 4000, 12_000])(
  "a wearable whose power fails %i ms into the erasure finishes it at its next start, settings and all",
  async (ms) => {
    const { world, keyfob, kept } = await usedKeyfob(`erase ${ms}`);
    beginErase(world, keyfob);
    world.run(ms * 1000);
    keyfob.device.powerOn();
    world.run(60 * SECOND_US);
    expectAsNew(keyfob);
    expect(kept()).toEqual([]);
  },
);
