import { beforeEach, describe, expect, it } from "vitest";
import { minuteOfSeconds } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { encodeChirpFrame, TEST_COMPANY } from "../../protocol/beacon/pact";
import { StateFlag } from "../../protocol/keyfob/codes";
import type { Transmission } from "../../tools/sim/air/air";
import { World } from "../../tools/sim/world/world";
import { strangersSeed } from "./crowd";
import { KeyfobRig, MINUTE_US, SECOND_US, sha256, wearableImage } from "./keyfobRig";

const LE_SET_ADVERTISING_DATA = 0x2008;
const HCI_RESET = 0x0c03;

describe("a keyfob whose radio misbehaves", () => {
  const sent: Transmission[] = [];
  /** When the keyfob tried to reset its controller, in seconds. */
  const resets: number[] = [];
  let world: World;
  let keyfob: KeyfobRig;
  let command: (packet: Uint8Array) => void;

  beforeEach(async () => {
    sent.length = 0;
    resets.length = 0;
    world = new World({ seed: "radio faults", onTransmission: (transmission) => sent.push(transmission) });
    keyfob = new KeyfobRig(world, {
      image: await wearableImage(),
      onHci: (packet) => {
        if (packet[0] === 1 && opcodeOf(packet) === HCI_RESET) resets.push(world.nowUs / SECOND_US);
      },
    });
    command = keyfob.device.controller.command.bind(keyfob.device.controller);
    world.run(2 * SECOND_US);
    keyfob.setClock();
    world.run(15 * SECOND_US);
    resets.length = 0;
  }, 120_000);

  const opcodeOf = (packet: Uint8Array): number => (packet[1] as number) | ((packet[2] as number) << 8);
  const has = (flag: StateFlag): boolean => (keyfob.status().flags & flag) !== 0;
  /** An H4 packet that the controller might have sent. */
  const event = (packet: Buffer): void =>
    (keyfob.device as unknown as { hciEvent(packet: Uint8Array): void }).hciEvent(Uint8Array.from(packet));

  function expectChirpingAgain(): void {
    sent.length = 0;
    world.run(2 * MINUTE_US);
    expect(has(StateFlag.RadioUp)).toBe(true);
    expect(has(StateFlag.Fault)).toBe(false);
    expect(sent.length).toBeGreaterThan(30);
    expect(keyfob.counters()).toMatchObject({ minutesMissed: 0, restarts: 1, crashes: 0 });
    expect(keyfob.panics).toEqual([]);
  }

  it("resets a silent controller with growing pauses, says so, and chirps again when it answers", () => {
    keyfob.device.controller.command = () => undefined;
    world.run(5 * MINUTE_US);
    expect(has(StateFlag.RadioUp)).toBe(false);
    expect(has(StateFlag.Fault)).toBe(true);
    expect(keyfob.counters().hciResets).toBe(resets.length);
    expect(resets.length).toBeGreaterThanOrEqual(6);
    const pauses = resets.slice(1).map((at, i) => at - (resets[i] as number));
    for (let i = 1; i < 5; i++) expect(pauses[i]).toBeGreaterThan((pauses[i - 1] as number) * 1.2);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(70);
    keyfob.device.controller.command = command;
    expectChirpingAgain();
  });

  it("starts over after refused commands, counts them, and chirps again when none is refused", () => {
    // What the controller gets of the data is too short, so it refuses it as a command with invalid parameters.
    keyfob.device.controller.command = (packet) =>
      command(opcodeOf(packet) === LE_SET_ADVERTISING_DATA ? packet.subarray(0, 6) : packet);
    world.run(2 * MINUTE_US);
    expect(keyfob.counters().hciErrors).toBeGreaterThanOrEqual(2);
    expect(keyfob.counters().hciResets).toBeGreaterThanOrEqual(2);
    keyfob.device.controller.command = command;
    expectChirpingAgain();
  });

  it("bears garbage between events, counts it, and resets a controller that goes on with it", () => {
    const garbage = [
      "02000000",
      "04",
      "043e",
      "043e020201",
      "04ff",
      "00",
      "043e0c020103010102030405060aff",
      "ffffffff",
    ];
    for (let i = 0; i < 40; i++) {
      event(Buffer.from(garbage[i % garbage.length] as string, "hex"));
      world.run(SECOND_US / 2);
    }
    expect(keyfob.counters().hciGarbage).toBeGreaterThanOrEqual(20);
    expect(keyfob.counters().hciResets).toBeGreaterThanOrEqual(1);
    expectChirpingAgain();
  });

  it("hears every report of an event that holds several", () => {
    const before = keyfob.counters().chirpsHeard;
    const minute = minuteOfSeconds(keyfob.worldSeconds());
    const reports = Array.from({ length: 4 }, (_, i) => {
      const { advA, advData } = encodeChirpFrame(chirpOf(sha256, strangersSeed(i), minute), -8, 0, TEST_COMPANY);
      return Buffer.concat([
        Buffer.from([3, 1]),
        Buffer.from(advA).reverse(),
        Buffer.from([31]),
        advData,
        Buffer.from([-60]),
      ]);
    });
    const body = Buffer.concat([Buffer.from([2, reports.length]), ...reports]);
    event(Buffer.concat([Buffer.from([4, 0x3e, body.length]), body]));
    world.run(SECOND_US);
    expect(keyfob.counters().chirpsHeard).toBe(before + reports.length);
    world.run(4 * MINUTE_US);
    expect(keyfob.counters().rowsWritten).toBe(reports.length);
  });
});
