// The wearable's program on a board with a clock chip, through losses of power. In Node: DeviceScript's VM has no I2C.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { pactCodec } from "../../protocol/beacon/pact";
import { Command, StateFlag, Status } from "../../protocol/keyfob/codes";
import { WEARABLE_DEFAULTS } from "../../protocol/keyfob/configKeys";
import type { ClockChip } from "../board/clockChip";
import type { SettingsStore } from "../board/settingsStore";
import { Ds3231 } from "../chips/ds3231";
import { Pcf8563 } from "../chips/pcf8563";
import type { KeyfobService } from "../host/service";
import { Fault, FaultCounters } from "../state/faultCounters";
import { runWearable } from "../wearable/wearable";
import { Ds3231Model, Pcf8563Model } from "./chips/clockModels";

// SHA-256 as DeviceScript's VM offers it (firmware/base/sha256.ts).
Object.assign(Buffer, {
  digest: (_key: undefined, algorithm: string, parts: Buffer[]) =>
    createHash(algorithm).update(Buffer.concat(parts)).digest(),
});

const SET_AT_S = Date.UTC(2026, 10, 29, 21, 15, 30) / 1000;
const OFF_S = 5 * 3600 + 47;

const bcd = (value: number): number => (Math.floor(value / 10) << 4) | (value % 10);

/** What a chip shows at a moment, as its data sheet lays the registers out. */
function registersAt(kind: string, unixSeconds: number): number[] {
  const t = new Date(unixSeconds * 1000);
  const day = [bcd(t.getUTCSeconds()), bcd(t.getUTCMinutes()), bcd(t.getUTCHours())];
  const [date, weekday, month, year] = [t.getUTCDate(), t.getUTCDay(), t.getUTCMonth() + 1, t.getUTCFullYear() % 100];
  return kind === "DS3231"
    ? [...day, weekday + 1, bcd(date), bcd(month), bcd(year)]
    : [...day, bcd(date), weekday, bcd(month), bcd(year)];
}

/** A board: the chip with its coin cell, and settings in flash. Everything else is new at each start. */
class Desk {
  readonly model;
  private readonly chip: ClockChip;
  private readonly flash = new Map<string, Buffer>();
  private readonly settings: SettingsStore = {
    get: async (key) => this.flash.get(key),
    set: async (key, value) => void this.flash.set(key, Buffer.from(value)),
    remove: async (key) => void this.flash.delete(key),
  };

  constructor(readonly kind: "DS3231" | "PCF8563") {
    this.model = kind === "DS3231" ? new Ds3231Model() : new Pcf8563Model();
    this.chip = kind === "DS3231" ? new Ds3231(this.model) : new Pcf8563(this.model);
  }

  /** Gives it power; its milliseconds begin at 0. */
  async powerOn(withChip = true) {
    const faults = await FaultCounters.start(this.settings);
    const board = {
      radioJob: undefined,
      radio: { send: async () => {}, onEvents: () => {}, resetHardware: async () => {} },
      openFlash: async () => {
        throw new Error("no flash on this desk");
      },
      clockChip: withChip ? this.chip : undefined,
      onPress: () => {},
      light: { show: async () => {} },
    };
    const runtime = {
      timer: { millis: () => 0, sleep: async () => {} },
      randomBytes: (length: number) => Buffer.alloc(length),
      background: () => {},
      rest: async () => {},
      wake: () => {},
      reboot: () => {},
    };
    const service: KeyfobService[] = [];
    await runWearable(
      board,
      runtime,
      this.settings,
      WEARABLE_DEFAULTS,
      faults,
      undefined,
      [pactCodec()],
      (_agenda, _clock, started) => {
        service.push(started);
        return async () => {};
      },
    );
    const handle = async (command: Command, payload: Buffer): Promise<Buffer> =>
      (await service[0]?.handle(command, payload)) as Buffer;
    const status = async () => await handle(Command.Status, Buffer.from([1, 0]));
    return {
      clockLost: () => faults.count(Fault.ClockLost),
      now: async () => (await status()).readUInt32LE(0),
      flags: async () => (await status()).readUInt16LE(16) & (StateFlag.ClockSet | StateFlag.ClockApproximate),
      set: async (unixSeconds: number) => {
        const packet = Buffer.alloc(8);
        packet.writeUInt32LE(unixSeconds, 0);
        packet.writeUInt16LE(2, 4);
        expect((await handle(Command.ClockSet, packet))[10]).toBe(Status.Ok);
      },
    };
  }

  /** So many seconds pass for the chip. */
  pass(seconds: number): void {
    const at = this.kind === "DS3231" ? 0 : 2;
    const shown = registersAt(this.kind, SET_AT_S);
    expect(this.model.registers.slice(at, at + 3)).toEqual(shown.slice(0, 3));
    registersAt(this.kind, SET_AT_S + seconds).forEach((value, i) => {
      this.model.registers[at + i] = value;
    });
  }
}

describe.each(["DS3231", "PCF8563"] as const)("a keyfob with a %s", (kind) => {
  it("waits for a host while the chip has never been set", async () => {
    const keyfob = await new Desk(kind).powerOn();
    expect([await keyfob.now(), await keyfob.flags()]).toEqual([0, 0]);
  });

  it("knows the time again after hours without power", async () => {
    const desk = new Desk(kind);
    await (await desk.powerOn()).set(SET_AT_S);
    desk.pass(OFF_S);
    const keyfob = await desk.powerOn();
    expect(await keyfob.now()).toBe(SET_AT_S + OFF_S);
    expect(await keyfob.flags()).toBe(StateFlag.ClockSet);
  });

  it("does not believe the chip when its oscillator stopped: it goes on from the last checkpoint, says so, and counts it", async () => {
    const desk = new Desk(kind);
    const first = await desk.powerOn();
    await first.set(SET_AT_S);
    desk.pass(OFF_S);
    desk.model.loseBattery();
    const keyfob = await desk.powerOn();
    expect(await keyfob.flags()).toBe(StateFlag.ClockSet | StateFlag.ClockApproximate);
    expect((await keyfob.now()) - SET_AT_S).toBeLessThan(60);
    expect(keyfob.clockLost()).toBe(first.clockLost() + 1);
  });

  it("would be hours behind without the chip", async () => {
    const desk = new Desk(kind);
    await (await desk.powerOn()).set(SET_AT_S);
    const keyfob = await desk.powerOn(false);
    expect(await keyfob.flags()).toBe(StateFlag.ClockSet | StateFlag.ClockApproximate);
    expect(await keyfob.now()).toBeLessThan(SET_AT_S + 60);
  });
});
