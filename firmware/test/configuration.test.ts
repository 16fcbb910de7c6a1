import { beforeAll, describe, expect, it } from "vitest";
import { minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { Status } from "../../protocol/keyfob/codes";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import { World } from "../../tools/sim/world/world";
import { hear, strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, sha256, wearableImage } from "./keyfobRig";

/** LE Set Scan Parameters and LE Set Advertising Parameters. */
const SCAN_PARAMETERS = 0x200b;
const ADVERTISING_PARAMETERS = 0x2006;
/** HCI counts scan and advertising times in 0.625 ms. */
const TICK_MS = 0.625;

describe("a keyfob's configuration", () => {
  const commands: Buffer[] = [];
  let frames = 0;
  let world: World;
  let keyfob: KeyfobRig;

  beforeAll(async () => {
    world = new World({ seed: "configuration", onTransmission: () => frames++ });
    keyfob = new KeyfobRig(world, {
      image: await wearableImage(),
      onHci: (packet) => packet[0] === 1 && commands.push(Buffer.from(packet)),
    });
    world.run(2 * SECOND_US);
    keyfob.setClock();
    world.run(30 * SECOND_US);
  }, 120_000);

  /** The last command of this opcode: two of its u16 parameters. */
  const sentTimesMs = (opcode: number, first: number): number[] => {
    const command = commands.filter((packet) => packet.readUInt16LE(1) === opcode).at(-1) as Buffer;
    return [command.readUInt16LE(4 + first) * TICK_MS, command.readUInt16LE(6 + first) * TICK_MS];
  };
  const framesAMinute = (): number => {
    frames = 0;
    world.run(MINUTE_US);
    return frames;
  };
  const isHeard = (stranger: number, rssiDbm: number): boolean => {
    const before = keyfob.counters().chirpsHeard;
    const chirp = chirpOf(sha256, strangersSeed(stranger), minuteOfSeconds(keyfob.worldSeconds()));
    hear(keyfob, encodeChirpFrame(chirp, -8, 0, TEST_COMPANY), rssiDbm);
    world.run(SECOND_US / 5);
    return keyfob.counters().chirpsHeard > before;
  };

  it("chirps once a second, or as seldom as it is told", () => {
    expect(Math.abs(framesAMinute() - 60)).toBeLessThanOrEqual(2);
    expect(keyfob.configSet(ConfigKey.ChirpIntervalMs, 3000)).toBe(Status.Ok);
    world.run(MINUTE_US);
    expect(sentTimesMs(ADVERTISING_PARAMETERS, 0)).toEqual([3000, 3000]);
    expect(Math.abs(framesAMinute() - 20)).toBeLessThanOrEqual(2);
  });

  it("scans as long and as often as it is told", () => {
    expect(sentTimesMs(SCAN_PARAMETERS, 1)).toEqual([10_000, 1100]);
    expect(keyfob.configSet(ConfigKey.ScanIntervalMs, 5000)).toBe(Status.Ok);
    expect(keyfob.configSet(ConfigKey.ScanWindowMs, 2000)).toBe(Status.Ok);
    world.run(MINUTE_US);
    expect(sentTimesMs(SCAN_PARAMETERS, 1)).toEqual([5000, 2000]);
  });

  it("passes over what is weaker than the floor", () => {
    expect(isHeard(1, -100)).toBe(true);
    expect(keyfob.configSet(ConfigKey.RssiFloorDbm, -80)).toBe(Status.Ok);
    expect(isHeard(2, -81)).toBe(false);
    expect(isHeard(3, -80)).toBe(true);
  });

  it("hears Find My frames only when it is told to", () => {
    const address = Uint8Array.from(Buffer.from("c11122334455", "hex")).reverse();
    const data = Buffer.from(`1eff4c001219${"00".repeat(25)}`, "hex");
    const isFindMyHeard = (): boolean => {
      const before = keyfob.counters().chirpsHeard;
      keyfob.device.controller.received({ type: 3, isAddressRandom: true, address, data }, -50);
      world.run(SECOND_US / 5);
      return keyfob.counters().chirpsHeard > before;
    };
    expect(isFindMyHeard()).toBe(false);
    expect(keyfob.configSet(ConfigKey.HearFindMy, 1)).toBe(Status.Ok);
    expect(isFindMyHeard()).toBe(true);
    expect(keyfob.panics).toEqual([]);
  });
});
