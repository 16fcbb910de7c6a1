// What a computer at the cable can change by itself, and what only together with the wearer's button.

import { describe, expect, it } from "vitest";
import { encodeRegion } from "../../protocol/base/region";
import { Command, Purpose, StateFlag, Status } from "../../protocol/keyfob/codes";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import { At } from "../../protocol/keyfob/layouts";
import { KEY_ID_BYTES, keyIdOf } from "../../protocol/report/shard";
import { layOutShard, packBlocks } from "../../protocol/report/shardFile";
import { World } from "../../tools/sim/world/world";
import { KeyfobRig, SECOND_US, settledKeyfob, sha256, TestRegion, u16, wearableImage } from "./keyfobRig";

const DAY_SECONDS = 86_400;
const REGION = new TestRegion("DE");

/** Sends one command, without ever asking the wearer. @returns its status */
function try_(keyfob: KeyfobRig, command: number, statusAt: number, ...parts: readonly Uint8Array[]): number {
  return keyfob.call(command, Buffer.concat(parts))[statusAt] as number;
}

const set = (keyfob: KeyfobRig, key: ConfigKey, value: number): number => {
  const payload = Buffer.alloc(At.ConfigSetEnd);
  payload.writeInt32LE(value, At.ConfigSetValue);
  payload.writeUInt16LE(keyfob.newRequest(), At.ConfigSetRequest);
  payload[At.ConfigSetKey] = key;
  return try_(keyfob, Command.ConfigSet, At.ConfigSetReportStatus, payload);
};

const get = (keyfob: KeyfobRig, key: ConfigKey): number =>
  keyfob
    .call(Command.ConfigGet, Buffer.concat([u16(keyfob.newRequest()), Buffer.from([key])]))
    .readInt32LE(At.ConfigGetReportValue);

const add = (keyfob: KeyfobRig): number =>
  try_(
    keyfob,
    Command.RegionKeyAdd,
    At.RegionKeyAddReportStatus,
    u16(keyfob.newRequest()),
    encodeRegion("DE"),
    REGION.publicKey,
  );

const remove = (keyfob: KeyfobRig): number =>
  try_(
    keyfob,
    Command.RegionKeyRemove,
    At.RegionKeyRemoveReportStatus,
    u16(keyfob.newRequest()),
    encodeRegion("DE"),
    keyIdOf(sha256, REGION.publicKey).subarray(0, KEY_ID_BYTES),
  );

const snooze = (keyfob: KeyfobRig, minutes: number): number =>
  try_(keyfob, Command.Snooze, At.SnoozeReportStatus, u16(keyfob.newRequest()), u16(minutes));

const moveClock = (keyfob: KeyfobRig, bySeconds: number): number => {
  const payload = Buffer.alloc(At.ClockSetEnd);
  payload.writeUInt32LE(Math.round(keyfob.status().now + bySeconds), At.ClockSetSeconds);
  payload.writeUInt16LE(keyfob.newRequest(), At.ClockSetRequest);
  return try_(keyfob, Command.ClockSet, At.ClockSetReportStatus, payload);
};

/** Every change that could blind, silence or mislead a keyfob. */
const CHANGES: readonly [string, (keyfob: KeyfobRig) => number][] = [
  ["deafens it", (keyfob) => set(keyfob, ConfigKey.RssiFloorDbm, 20)],
  ["gives it another company id", (keyfob) => set(keyfob, ConfigKey.CompanyId, 1)],
  ["lets nothing count", (keyfob) => set(keyfob, ConfigKey.WeightNear, 0)],
  ["lets it forget after a day", (keyfob) => set(keyfob, ConfigKey.RetentionDays, 1)],
  ["adds a key of its own", add],
  ["snoozes it", (keyfob) => snooze(keyfob, 1440)],
  ["sets its clock three months ahead", (keyfob) => moveClock(keyfob, 91 * DAY_SECONDS)],
  ["sets its clock a day back", (keyfob) => moveClock(keyfob, -DAY_SECONDS)],
];

describe("a computer without the wearer", () => {
  it.each(CHANGES)("is refused when it %s, and nothing changes", async (_, change) => {
    const keyfob = await settledKeyfob("hostile-change");
    expect(change(keyfob)).toBe(Status.NoConsent);
    expect(get(keyfob, ConfigKey.RssiFloorDbm)).toBe(-127);
    expect(get(keyfob, ConfigKey.CompanyId)).toBe(0xffff);
    expect(get(keyfob, ConfigKey.WeightNear)).toBe(175);
    expect(get(keyfob, ConfigKey.RetentionDays)).toBe(90);
    const { flags, now } = keyfob.status();
    expect(flags & StateFlag.Snoozed).toBe(0);
    expect(Math.abs(now - keyfob.worldSeconds())).toBeLessThan(3);
    expect(remove(keyfob)).toBe(Status.NoConsent);
  });

  it("does the same while the wearer agrees to changes, one after the other, until it ends the consent", async () => {
    const keyfob = await settledKeyfob("agreed-change");
    const { request, status } = keyfob.consent(Purpose.Settings);
    expect(status).toBe(Status.Ok);
    for (const [what, change] of CHANGES) expect([what, change(keyfob)]).toEqual([what, Status.Ok]);
    expect(remove(keyfob)).toBe(Status.Ok);
    const end = () =>
      try_(keyfob, Command.ConsentEnd, At.ConsentEndReportStatus, u16(keyfob.newRequest()), u16(request));
    expect(end()).toBe(Status.Ok);
    expect(end()).toBe(Status.NotBegun);
    expect(set(keyfob, ConfigKey.AlertMinutes, 1440)).toBe(Status.NoConsent);
  });

  it("cannot use the consent to something else, or one that the wearer refused", async () => {
    const keyfob = await settledKeyfob("other-consent");
    expect(keyfob.consent(Purpose.Results).status).toBe(Status.Ok);
    expect(add(keyfob)).toBe(Status.NoConsent);
    keyfob.world.run(20 * SECOND_US); // the consent ends when nothing is done with it
    expect(keyfob.consent(Purpose.Settings, 2000).status).toBe(Status.Refused);
    expect(add(keyfob)).toBe(Status.NoConsent);
  });

  it("withdraws its question, and the light asks no more", async () => {
    const keyfob = await settledKeyfob("withdrawn");
    const request = keyfob.newRequest();
    keyfob.call(Command.ConsentAsk, Buffer.concat([u16(request), Buffer.from([Purpose.Settings])]));
    expect(keyfob.status().flags & StateFlag.ConsentPending).not.toBe(0);
    try_(keyfob, Command.ConsentEnd, At.ConsentEndReportStatus, u16(keyfob.newRequest()), u16(request));
    expect(keyfob.status().flags & StateFlag.ConsentPending).toBe(0);
    keyfob.device.button.press(100);
    keyfob.world.run(SECOND_US);
    expect(add(keyfob)).toBe(Status.NoConsent);
  });

  it("keeps a clock right, but moves it by 10 minutes in a day at most", async () => {
    const keyfob = await settledKeyfob("clock-moves");
    expect([30, -45, 240, -240].map((by) => moveClock(keyfob, by))).toEqual(Array(4).fill(Status.Ok));
    expect(moveClock(keyfob, 120)).toBe(Status.NoConsent);
    expect(moveClock(keyfob, 20)).toBe(Status.Ok);
    keyfob.device.jumpClock(12 * 3600 * SECOND_US);
    keyfob.world.run(SECOND_US);
    expect(moveClock(keyfob, 280)).toBe(Status.Ok);
    expect(moveClock(keyfob, 280)).toBe(Status.NoConsent);
  });

  it("loses at most some hours of what it keeps to a clock that was set wrong, and only while it is wrong", async () => {
    const keyfob = await settledKeyfob("wrong-clock");
    keyfob.world.run(1.2 * 3600 * SECOND_US);
    const hour = Math.floor(keyfob.worldSeconds() / 3600) - 1;
    const before = keyfob.exportSeeds(hour, 1);
    keyfob.setClock(keyfob.worldSeconds() + 91 * DAY_SECONDS);
    keyfob.world.run(2 * 3600 * SECOND_US);
    keyfob.setClock();
    keyfob.world.run(0.6 * 3600 * SECOND_US);
    expect(keyfob.exportSeeds(hour, 1)).toEqual(before);
  });

  it("ends a snooze", async () => {
    const keyfob = await settledKeyfob("awake");
    keyfob.device.button.press(2000);
    keyfob.world.run(3 * SECOND_US);
    expect(keyfob.status().flags & StateFlag.Snoozed).not.toBe(0);
    expect(snooze(keyfob, 0)).toBe(Status.Ok);
    expect(keyfob.status().flags & StateFlag.Snoozed).toBe(0);
  });
});

it("a new keyfob, whose clock was never set, is set up without a press", async () => {
  const world = new World({ seed: "new" });
  const keyfob = new KeyfobRig(world, { image: await wearableImage() });
  world.run(2 * SECOND_US);
  expect(set(keyfob, ConfigKey.SnoozeMinutes, 90)).toBe(Status.Ok);
  expect(add(keyfob)).toBe(Status.Ok);
  expect(keyfob.setClock().status).toBe(Status.Ok);
  expect(set(keyfob, ConfigKey.SnoozeMinutes, 60)).toBe(Status.NoConsent);
});

it("a keyfob outlives any number of imports that are begun and given up", async () => {
  const keyfob = await settledKeyfob("beginnings");
  keyfob.regionKeyAdd(REGION.name, REGION.publicKey);
  for (let i = 0; i < 40; i++) {
    const hour = Math.floor(keyfob.worldSeconds() / 3600) - 30;
    const identity = { region: "DE", chunk: 1 + i, published: 0, keyId: keyIdOf(sha256, REGION.publicKey) };
    const blocks = packBlocks([{ hour, seed: Buffer.alloc(32, i), reverse: false }]);
    expect(keyfob.importBegin(layOutShard(sha256, identity, blocks).unsigned).status).toBe(Status.Ok);
  }
  expect(keyfob.panics).toEqual([]);
  expect(keyfob.counters().crashes).toBe(0);
});
