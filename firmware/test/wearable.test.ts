import { beforeAll, describe, expect, it } from "vitest";
import { hourOfSeconds, minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { decodeChirpFrame, encodeChirpFrame } from "../../protocol/beacon/pact";
import { Command, Purpose, StateFlag, Status } from "../../protocol/keyfob/codes";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import type { Transmission } from "../../tools/sim/air/air";
import { World } from "../../tools/sim/world/world";
import { hear, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, START_SECONDS, sha256, u16, wearableImage } from "./keyfobRig";

describe("a wearable", () => {
  const sent: Transmission[] = [];
  let keyfob: KeyfobRig;
  let world: World;

  beforeAll(async () => {
    world = new World({ seed: "wearable", onTransmission: (transmission) => sent.push(transmission) });
    keyfob = new KeyfobRig(world, { image: await wearableImage() });
  }, 120_000);

  const minutesAt = (us: number): number => minuteOfSeconds(START_SECONDS + us / 1e6);
  const hasFlag = (flag: StateFlag): boolean => (keyfob.status().flags & flag) !== 0;

  it("neither chirps, nor logs, nor makes or offers seeds before its clock is set", () => {
    world.run(MINUTE_US);
    const chirp = chirpOf(sha256, strangersSeed(1), minutesAt(world.nowUs));
    for (let i = 0; i < 5; i++) hear(keyfob, encodeChirpFrame(chirp, -8, 0, 0xffff), -60);
    world.run(4 * MINUTE_US);
    expect(sent).toHaveLength(0);
    expect(keyfob.counters()).toMatchObject({ chirpsHeard: 0, rowsWritten: 0 });
    expect(keyfob.device.flash.log.bytes.every((byte) => byte === 0xff)).toBe(true);
    expect(keyfob.status().now).toBe(0);
    const { request } = keyfob.consent(Purpose.Export);
    expect(keyfob.exportBegin(request, 400_000, 1)[2]).toBe(Status.ClockNotSet);
    keyfob.call(Command.ExportEnd, u16(request));
  });

  it("takes the clock once from a repeated command, and reports drift at the next sync", () => {
    world.run(70 * SECOND_US);
    expect(keyfob.setClock()).toMatchObject({ status: Status.Ok, previous: 0, driftMs: 0 });
    world.run(30 * SECOND_US);
    const second = keyfob.setClock(keyfob.worldSeconds() + 1.5);
    expect(second.previous).toBe(1);
    expect(second.driftMs).toBeGreaterThan(-1600);
    expect(second.driftMs).toBeLessThan(-1400);
    expect(keyfob.setClock(1000).status).toBe(Status.OutOfRange);
    keyfob.setClock();
  });

  it("sends in every minute the chirp of that minute's seed, and a new address and new data with it", () => {
    world.run(MINUTE_US);
    sent.length = 0;
    const fromUs = world.nowUs;
    world.run(5 * MINUTE_US);
    const hour = hourOfSeconds(START_SECONDS + fromUs / 1e6);
    const seeds = keyfob.exportSeeds(hour, 1);
    const chirps = new Map<number, Set<string>>();
    for (const { startUs, pdu } of sent) {
      expect(pdu.type).toBe(3);
      const frame = decodeChirpFrame(Buffer.from(pdu.address).reverse(), Buffer.from(pdu.data), 0xffff);
      const minute = minutesAt(startUs);
      if (hourOfSeconds(minute * 60) !== hour || startUs > fromUs + 5 * MINUTE_US) continue;
      const known = chirps.get(minute) ?? new Set<string>();
      chirps.set(minute, known.add(frame.id.toString("hex")));
    }
    expect(chirps.size).toBeGreaterThanOrEqual(5);
    const edge = 200e3;
    for (const { startUs, pdu } of sent) {
      const intoMinute = (startUs + START_SECONDS * 1e6) % MINUTE_US;
      if (intoMinute < edge || intoMinute > MINUTE_US - edge || startUs > fromUs + 5 * MINUTE_US) continue;
      const frame = decodeChirpFrame(Buffer.from(pdu.address).reverse(), Buffer.from(pdu.data), 0xffff);
      expect(frame.id).toEqual(chirpOf(sha256, seeds[0] as Buffer, minutesAt(startUs)));
    }
  });

  it("gives seeds only after a short press, within 30 s, and to the request that asked", () => {
    const hour = hourOfSeconds(keyfob.worldSeconds());
    expect(keyfob.exportBegin(keyfob.newRequest(), hour, 1)[2]).toBe(Status.NoConsent);
    expect(keyfob.consent(Purpose.Export, 2500).status).toBe(Status.Refused);

    const unanswered = keyfob.newRequest();
    const ask = Buffer.concat([u16(unanswered), Buffer.from([Purpose.Export])]);
    expect(keyfob.call(Command.ConsentAsk, ask)[2]).toBe(Status.WaitingForButton);
    expect(hasFlag(StateFlag.ConsentPending)).toBe(true);
    world.run(31 * SECOND_US);
    keyfob.device.button.press();
    world.run(SECOND_US);
    expect(keyfob.call(Command.ConsentAsk, ask)[2]).toBe(Status.Expired);

    const { request, status } = keyfob.consent(Purpose.Results);
    expect(status).toBe(Status.Ok);
    expect(keyfob.exportBegin(request, hour, 1)[2]).toBe(Status.NoConsent);
    expect(keyfob.exportBlock(request, 0)).toHaveLength(0);
    keyfob.call(Command.ResultsBegin, u16(request));
    keyfob.call(Command.ResultsEnd, u16(request));
  });

  it("exports the same bytes however often it is asked, hides redacted and missing hours, and then takes a new seed", () => {
    const hour = hourOfSeconds(keyfob.worldSeconds());
    const open = keyfob.exportSeeds(hour - 20, 21);
    const again = keyfob.exportSeeds(hour - 20, 21);
    expect(again.slice(0, 20)).toEqual(open.slice(0, 20));
    expect(again[20]).not.toEqual(open[20]);
    const redacted = keyfob.exportSeeds(hour - 20, 21, [[hour - 1, hour + 1]]);
    expect(redacted.slice(0, 19)).toEqual(open.slice(0, 19));
    expect(redacted[20]).not.toEqual(again[20]);
    expect(new Set([...open, ...redacted].map((seed) => seed.toString("hex"))).size).toBe(21 + 2);

    const { request } = keyfob.consent(Purpose.Export);
    keyfob.exportBegin(request, hour - 20, 21);
    expect(keyfob.exportBlock(request, 1)).toEqual(keyfob.exportBlock(request, 1));
    expect(keyfob.exportBlock(request, 3)).toHaveLength(0);
    keyfob.call(Command.ExportEnd, u16(request));
    expect(keyfob.exportBlock(request, 0)).toHaveLength(0);
    expect(keyfob.exportBegin(request, hour, 2)[2]).toBe(Status.OutOfRange);
  });

  it("is silent while snoozed by a long press, and chirps again when it is over", () => {
    keyfob.configSet(ConfigKey.SnoozeMinutes, 3);
    keyfob.device.button.press(2000);
    world.run(MINUTE_US + 5 * SECOND_US);
    expect(hasFlag(StateFlag.Snoozed)).toBe(true);
    sent.length = 0;
    world.run(MINUTE_US);
    expect(sent).toHaveLength(0);
    world.run(3 * MINUTE_US);
    expect(sent.length).toBeGreaterThan(30);
    expect(hasFlag(StateFlag.Snoozed)).toBe(false);
  });

  it("is silent for as long as a host says, too, and ends that when the host says so", () => {
    const snooze = (minutes: number): Buffer => keyfob.snooze(minutes);
    const report = snooze(2);
    expect(report[6]).toBe(Status.Ok);
    expect(Math.abs(report.readUInt32LE(0) - keyfob.worldSeconds() - 120)).toBeLessThan(2);
    world.run(MINUTE_US);
    sent.length = 0;
    world.run(MINUTE_US / 2);
    expect(sent).toHaveLength(0);
    world.run(2 * MINUTE_US);
    expect(sent.length).toBeGreaterThan(10);
    snooze(600);
    expect(hasFlag(StateFlag.Snoozed)).toBe(true);
    expect(snooze(0).readUInt32LE(0)).toBe(0);
    expect(hasFlag(StateFlag.Snoozed)).toBe(false);
    expect(snooze(0xffff)[6]).toBe(Status.OutOfRange);
  });

  it("keeps configuration within its ranges", () => {
    expect(keyfob.configSet(ConfigKey.ChirpIntervalMs, 50)).toBe(Status.OutOfRange);
    expect(keyfob.configSet(ConfigKey.ChirpIntervalMs, 2000)).toBe(Status.Ok);
    expect(keyfob.configSet(99, 1)).toBe(Status.NoSuchKey);
    expect(keyfob.configSet(ConfigKey.Quiet, 1)).toBe(Status.NoSuchKey);
  });

  it("goes on after a power cut from its last checkpoint, as approximate, with configuration and seeds", () => {
    const hour = hourOfSeconds(keyfob.worldSeconds());
    const before = keyfob.exportSeeds(hour - 5, 5);
    keyfob.device.powerOn();
    world.run(5 * SECOND_US);
    expect(hasFlag(StateFlag.ClockApproximate)).toBe(true);
    expect(Math.abs(keyfob.status().now - keyfob.worldSeconds())).toBeLessThan(70);
    world.run(2 * MINUTE_US);
    expect(keyfob.configSet(ConfigKey.ChirpIntervalMs, 1000)).toBe(Status.Ok);
    expect(keyfob.setClock().previous).toBe(2);
    expect(hasFlag(StateFlag.ClockApproximate)).toBe(false);
    expect(keyfob.exportSeeds(hour - 5, 5)).toEqual(before);
    expect(keyfob.counters().crashes).toBe(1);
  });
});
