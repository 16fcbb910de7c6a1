import { beforeAll, describe, expect, it } from "vitest";
import { refusal } from "../../firmware/host/layouts";
import { Command, Role, Status } from "../../protocol/keyfob/codes";
import type { Transmission } from "../../tools/sim/air/air";
import { Visitors } from "../../tools/sim/air/visitors";
import type { SimDevice } from "../../tools/sim/device/device";
import type { Colour } from "../../tools/sim/device/light";
import { World } from "../../tools/sim/world/world";
import {
  MINUTE_US,
  RepeaterHost,
  repeaterBytecode,
  SECOND_US,
  type Sent,
  STARTED_US,
  sentFrame,
  WINDOWS_ONLY,
} from "./rig";

let image: Buffer;

beforeAll(async () => {
  image = (await repeaterBytecode()).image;
}, 120_000);

interface Scene {
  readonly world: World;
  readonly device: SimDevice;
  readonly visitors: Visitors;
  readonly sent: Sent[];
  readonly transmissions: Transmission[];
  readonly colours: Colour[];
  readonly resets: number[];
}

/** One repeater on a counter, started and listening. */
function counter(seed: string): Scene {
  const visitors = new Visitors(seed, [0]);
  const transmissions: Transmission[] = [];
  const colours: Colour[] = [];
  const resets: number[] = [];
  const world = new World({
    seed,
    profile: WINDOWS_ONLY,
    recorded: visitors,
    onTransmission: (transmission) => transmissions.push(transmission),
  });
  const device = world.add({
    image,
    onLight: (colour) => colours.push(colour),
    onReset: () => resets.push(world.nowUs),
    onPanic: (panic) => {
      throw new Error(panic.report.join("\n"));
    },
  });
  world.run(STARTED_US);
  return {
    world,
    device,
    visitors,
    transmissions,
    colours,
    resets,
    get sent() {
      return transmissions.map(sentFrame);
    },
  };
}

/** Somebody stands at the counter from now on for a while. @returns the chirp */
function passBy({ world, visitors }: Scene, seconds: number, rssiDbm = -50, age = 0): Buffer {
  const chirp = visitors.newChirp();
  visitors.visit({ chirp, fromUs: world.nowUs, toUs: world.nowUs + seconds * SECOND_US, rssiDbm, age });
  return chirp;
}

/** All RAM of a simulated device's program. */
function memoryOf(device: SimDevice): Buffer {
  const { vm } = device as unknown as { vm: { instance: { bytes: Uint8Array } } };
  return Buffer.from(vm.instance.bytes.buffer);
}

const colourNames = (colours: readonly Colour[]): Set<string> =>
  new Set(colours.map(({ red, green, blue }) => `${red},${green},${blue}`));

describe("the repeater's program in the VM", () => {
  it("sends what passed by at ages 1 to 10, evenly, from addresses and with data that change with each chirp, and then nothing", () => {
    const scene = counter("ten minutes");
    const heardFromUs = scene.world.nowUs;
    const chirps = [passBy(scene, 20), passBy(scene, 20), passBy(scene, 20)].map((chirp) => chirp.toString("hex"));
    scene.world.run(13 * MINUTE_US);
    const { sent, transmissions } = scene;
    expect(new Set(sent.map(({ chirpHex }) => chirpHex))).toEqual(new Set(chirps));
    for (const chirp of chirps) {
      const own = sent.filter(({ chirpHex }) => chirpHex === chirp);
      for (let age = 1; age <= 10; age++) {
        const times = own.filter(({ frame }) => frame.age === age).map(({ atUs }) => atUs);
        // Every 250 ms, one after the other within the 60 s of this age, counted from a first hearing in the first two seconds.
        expect(times.length).toBeGreaterThan(230);
        expect(times.length).toBeLessThan(245);
        expect(Math.min(...times) - heardFromUs).toBeGreaterThanOrEqual(age * MINUTE_US - SECOND_US);
        expect(Math.max(...times) - heardFromUs).toBeLessThan((age + 1) * MINUTE_US + 3 * SECOND_US);
        const gaps = times.slice(1).map((atUs, i) => atUs - (times[i] as number));
        expect(Math.max(...gaps)).toBeLessThan(600_000);
      }
    }
    // Nothing on the air is the repeater's own: every address is a non-resolvable one made of the chirp, and all else is constant.
    for (const { pdu } of transmissions) {
      expect(pdu.type).toBe(3);
      expect(pdu.isAddressRandom).toBe(true);
    }
    const addresses = new Set(transmissions.map(({ pdu }) => Buffer.from(pdu.address).toString("hex")));
    expect(addresses.size).toBe(chirps.length);
    const constant = transmissions.map(({ pdu }) => Buffer.from(pdu.data.subarray(0, 6)).toString("hex"));
    expect(new Set(constant).size).toBe(1);
    expect(new Set(transmissions.map(({ pdu }) => pdu.data[7])).size).toBe(1);
    const before = transmissions.length;
    scene.world.run(6 * MINUTE_US);
    expect(transmissions.length).toBe(before);
  }, 60_000);

  it("overwrites a chirp when its time is over: nothing of it is left anywhere in the VM's memory", () => {
    const scene = counter("overwritten");
    const chirp = passBy(scene, 10);
    const pieces = [0, 6, 12, 18, 22].map((at) => chirp.subarray(at, at + 6));
    const left = (): number => pieces.filter((piece) => memoryOf(scene.device).includes(piece)).length;
    scene.world.run(9 * MINUTE_US);
    expect(left()).toBe(pieces.length);
    scene.world.run(4 * MINUTE_US);
    expect(left()).toBe(0);
  }, 60_000);

  it("ignores those below its floor and those that were repeated before, and takes a new floor over at once", () => {
    const scene = counter("floor");
    const host = new RepeaterHost(scene.world, scene.device);
    passBy(scene, 10, -70);
    passBy(scene, 10, -40, 4);
    scene.world.run(80 * SECOND_US);
    expect(scene.transmissions).toEqual([]);
    expect(host.counters()).toMatchObject({ live: 0 });
    expect(host.counters().weak).toBeGreaterThan(5);
    expect(host.setConfig(4, -80)).toBe(-80);
    const chirp = passBy(scene, 10, -70);
    scene.world.run(80 * SECOND_US);
    expect(new Set(scene.sent.map(({ chirpHex }) => chirpHex))).toEqual(new Set([chirp.toString("hex")]));
    expect(host.counters()).toMatchObject({ live: 1, hciErrors: 0, hciResets: 0 });
  }, 30_000);

  it("keeps silent in quiet mode, also after a power cut, forgets what it had heard, and listens again afterwards", () => {
    const scene = counter("quiet");
    const host = new RepeaterHost(scene.world, scene.device);
    passBy(scene, 10);
    scene.world.run(90 * SECOND_US);
    expect(scene.transmissions.length).toBeGreaterThan(0);
    expect(host.setConfig(20, 1)).toBe(1);
    scene.world.run(SECOND_US);
    expect(scene.device.controller.isAdvertising).toBe(false);
    expect(scene.device.controller.scanner.isEnabled).toBe(false);
    const before = scene.transmissions.length;
    scene.device.powerOn();
    scene.world.run(STARTED_US);
    expect(scene.device.controller.scanner.isEnabled).toBe(false);
    passBy(scene, 10);
    scene.world.run(90 * SECOND_US);
    expect(host.setConfig(20, 0)).toBe(0);
    scene.world.run(90 * SECOND_US);
    expect(scene.transmissions.length).toBe(before);
    const chirp = passBy(scene, 10);
    scene.world.run(70 * SECOND_US);
    expect(new Set(scene.sent.slice(before).map(({ chirpHex }) => chirpHex))).toEqual(new Set([chirp.toString("hex")]));
  }, 30_000);

  it("knows nothing any more after a power cut, and has never written a chirp to its flash", () => {
    const scene = counter("power cut");
    const chirps = Array.from({ length: 20 }, () => passBy(scene, 30));
    scene.world.run(3 * MINUTE_US);
    expect(new Set(scene.sent.map(({ chirpHex }) => chirpHex)).size).toBe(20);
    scene.device.powerOff();
    const { settings, log } = scene.device.flash;
    for (const chirp of chirps)
      for (let at = 0; at + 4 <= chirp.length; at += 4)
        for (const bytes of [settings, log.bytes])
          expect(Buffer.from(bytes).includes(chirp.subarray(at, at + 4))).toBe(false);
    const before = scene.transmissions.length;
    scene.device.powerOn();
    scene.world.run(3 * MINUTE_US);
    expect(scene.transmissions.length).toBe(before);
  }, 30_000);

  it("answers status, counters and configuration over USB, nothing else, and never with a byte of a chirp", () => {
    const scene = counter("usb");
    const host = new RepeaterHost(scene.world, scene.device);
    const chirps = Array.from({ length: 5 }, () => passBy(scene, 30));
    scene.world.run(90 * SECOND_US);
    const status = host.status();
    expect(status.readUInt32LE(0)).toBe(0);
    expect(status[21]).toBe(Role.Repeater);
    const offered = [Command.Status, Command.Counters, Command.ConfigGet, Command.ConfigSet];
    const reports: Buffer[] = [status];
    for (let command = 0x80; command <= 0xff; command++) {
      const payload = Buffer.alloc(64, 7);
      const answers = host.answersTo(command, payload);
      reports.push(...answers);
      if (!offered.includes(command))
        expect(answers[0], `command ${command}`).toEqual(refusal(command, payload, Status.NotOffered));
    }
    reports.push(host.ask(Command.Counters), host.ask(Command.ConfigGet, Buffer.of(4)));
    for (let register = 0; register < 0x200; register++) {
      reports.push(...host.answersTo(0x1000 | register, Buffer.alloc(0)));
    }
    const said = Buffer.concat(reports);
    for (const chirp of chirps)
      for (let at = 0; at + 3 <= chirp.length; at++) expect(said.includes(chirp.subarray(at, at + 3))).toBe(false);
  }, 60_000);

  it("shows by light and flag that there are more chirps than it holds", () => {
    const scene = counter("crowd");
    const host = new RepeaterHost(scene.world, scene.device);
    expect(host.stateFlags() & 0x800).toBe(0);
    for (let i = 0; i < 1300; i++) {
      const fromUs = scene.world.nowUs + Math.floor(i / 40) * SECOND_US;
      scene.visitors.visit({ chirp: scene.visitors.newChirp(), fromUs, toUs: fromUs + 3 * SECOND_US });
    }
    scene.world.run(40 * SECOND_US);
    expect(host.stateFlags() & 0x800).toBe(0x800);
    expect(host.counters().dropped).toBe(1300 - 1120);
    scene.colours.length = 0;
    scene.world.run(12 * SECOND_US);
    expect(colourNames(scene.colours)).toContain("255,160,0");
  }, 60_000);

  it("restarts by itself after 38 days, once nothing is left to repeat", () => {
    const scene = counter("long life");
    scene.device.jumpClock(38 * 24 * 60 * MINUTE_US - 2 * MINUTE_US);
    expect(scene.resets).toEqual([]);
    passBy(scene, 10);
    scene.world.run(8 * MINUTE_US);
    expect(scene.resets).toEqual([]);
    expect(new Set(scene.sent.map(({ frame }) => frame.age))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
    scene.world.run(5 * MINUTE_US);
    expect(scene.resets.length).toBe(1);
    passBy(scene, 10);
    scene.world.run(70 * SECOND_US);
    expect(scene.sent.at(-1)?.frame.age).toBe(1);
  }, 60_000);
});
