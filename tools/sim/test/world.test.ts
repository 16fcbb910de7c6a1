import { beforeAll, describe, expect, it } from "vitest";
import { sharedFile } from "../../../test/tools";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import { PERFECT, REALISTIC } from "../air/profile";
import { Positions, type Waypoint } from "../air/proximity";
import { LoopedRecording, readRecording } from "../air/recorded";
import { decodeFrame, encodeFrame } from "../jacdac/frame";
import { VirtualHost } from "../world/host";
import { World } from "../world/world";

let radio: Bytecode;
let peripherals: Bytecode;

beforeAll(async () => {
  radio = await buildBytecode("sim-radio", "tools/sim/test/programs/radio.ts");
  peripherals = await buildBytecode("sim-peripherals", "tools/sim/test/programs/peripherals.ts");
}, 60_000);

/** Stands at a place on the x axis for an hour. */
const at = (x: number): Waypoint[] => [
  { atUs: 0, x, y: 0 },
  { atUs: 3600e6, x, y: 0 },
];

/** What the radio program counted last: `heard N rssi`. */
function heard(log: string[]): { reports: number; rssiDbm: number } {
  const [, reports = "0", rssi = "0"] = /heard (\d+) (\d+)/.exec(log.at(-1) ?? "") ?? [];
  return { reports: Number(reports), rssiDbm: (Number(rssi) << 24) >> 24 };
}

/** Two radio programs at a distance for five minutes: what the second heard of about 298 chirps. */
function apart(distanceM: number, profile = REALISTIC): { reports: number; rssiDbm: number } {
  const world = new World({ seed: "apart", profile, proximity: new Positions([at(0), at(distanceM)]) });
  const log: string[] = [];
  world.add({ image: radio.image });
  world.add({ image: radio.image, onLog: (line) => line.startsWith("> heard") && log.push(line) });
  world.run(302e6);
  return heard(log);
}

describe("the air", () => {
  it("carries every chirp between radios in contact under the perfect profile, at the power of their distance", () => {
    const result = apart(1, PERFECT);
    expect(result.reports).toBeGreaterThanOrEqual(290);
    expect(result.rssiDbm).toBe(-40);
    expect(apart(2, PERFECT).rssiDbm).toBe(-46);
    expect(apart(3, PERFECT).reports).toBe(0);
  });

  it("loses a few chirps to chance near by, more with distance, and all out of range, under the realistic profile", () => {
    const [near, far, outside] = [apart(1), apart(35), apart(70)];
    expect(near.reports).toBeGreaterThan(270);
    expect(near.reports).toBeLessThan(299);
    expect(far.reports).toBeLessThan(near.reports);
    expect(outside.reports).toBe(0);
  });

  it("follows people who walk", () => {
    const walk: Waypoint[] = [
      { atUs: 0, x: 100, y: 0 },
      { atUs: 100e6, x: 100, y: 0 },
      { atUs: 101e6, x: 1, y: 0 },
      { atUs: 162e6, x: 1, y: 0 },
    ];
    const world = new World({ seed: "walk", proximity: new Positions([at(0), walk]) });
    const log: string[] = [];
    world.add({ image: radio.image, onLog: (line) => line.startsWith("> heard") && log.push(line) });
    world.add({ image: radio.image });
    world.run(222e6);
    expect(heard(log).reports).toBeGreaterThanOrEqual(58);
    expect(heard(log).reports).toBeLessThanOrEqual(63);
  });

  it("loses packets to a neighbour's that overlap with them, and not to weak ones", () => {
    const crowd = 30;
    const world = new World({
      seed: "crowded",
      profile: { ...REALISTIC, lossRate: 0, fadingDb: 0, shadowingDb: 0, bodyLossMaxDb: 0 },
      proximity: new Positions(Array.from({ length: crowd }, (_, i) => at(i / 100))),
    });
    const log: string[] = [];
    world.add({ image: radio.image, onLog: (line) => line.startsWith("> heard") && log.push(line) });
    for (let i = 1; i < crowd; i++) world.scheduler.at(i * 17_003, () => world.add({ image: radio.image, radio: i }));
    world.run(62e6);
    const share = heard(log).reports / (29 * 60);
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(0.995);
  });

  it("plays recorded phones to a device, hundreds a minute, beside which it still hears its neighbour", ({ skip }) => {
    const file = sharedFile("data/ble-conference-room-000deg.csv.gz");
    if (!file) return skip("the recording is not here");
    const run = (withPhones: boolean): number => {
      let neighbours = 0;
      let phones = 0;
      const world = new World({
        seed: "phones",
        profile: REALISTIC,
        proximity: new Positions([at(0), at(1)]),
        ...(withPhones ? { recorded: new LoopedRecording(readRecording(file), new Set([0])) } : {}),
      });
      world.add({
        image: radio.image,
        onHci: (packet) => {
          if (packet[1] !== 0x3e) return;
          if (packet[14] === 0x1e && packet[15] === 0xff && packet[16] === 0xff) neighbours++;
          else phones++;
        },
      });
      world.add({ image: radio.image });
      world.run(62e6);
      expect(phones > 5_000).toBe(withPhones);
      return neighbours;
    };
    expect(run(true)).toBeGreaterThan(0.85 * run(false));
  });
});

describe("a world", () => {
  it("gives the same bytes for the same seed, and others for another", () => {
    const trace = (seed: string): string[] => {
      const lines: string[] = [];
      const world = new World({
        seed,
        profile: REALISTIC,
        proximity: new Positions([at(0), at(3), at(9)]),
        onTransmission: (t) => lines.push(`${t.startUs} ${t.radio} ${Buffer.from(t.pdu.address).toString("hex")}`),
      });
      for (let i = 0; i < 3; i++) world.add({ image: radio.image, onLog: (line) => lines.push(line) });
      world.run(62e6);
      return lines;
    };
    const first = trace("one");
    expect(trace("one")).toEqual(first);
    expect(trace("two")).not.toEqual(first);
  });

  it("lets a device run fast or slow by its crystal's drift", () => {
    const uptimeMs = (driftPpm: number): number => {
      const world = new World({ seed: "drift" });
      const log: string[] = [];
      world.add({ image: peripherals.image, clock: { driftPpm }, onLog: (line) => log.push(line) });
      world.run(1000e6);
      return Number((log.filter((line) => line.startsWith("> tick")).at(-1) as string).split(" ")[2]);
    };
    const [slow, fast] = [uptimeMs(-2000), uptimeMs(2000)];
    expect(slow).toBeGreaterThan(987_000);
    expect(slow).toBeLessThanOrEqual(998_000);
    expect(fast).toBeGreaterThan(992_000);
    expect(fast - slow).toBeGreaterThan(3_000);
  });

  it("puts a device's clock forward by hours, but never back", () => {
    const world = new World({ seed: "jump" });
    const log: string[] = [];
    const device = world.add({ image: peripherals.image, onLog: (line) => log.push(line) });
    world.run(20e6);
    device.jumpClock(5 * 3600e6);
    world.run(20e6);
    const uptimeMs = Number((log.filter((line) => line.startsWith("> tick")).at(-1) as string).split(" ")[2]);
    expect(uptimeMs).toBeGreaterThan(5 * 3600e3 + 25e3);
    expect(() => device.clock.jump(-1)).toThrow(RangeError);
  });
});

describe("a program that does not restart", () => {
  it("freezes 49.7 days after power-on, as on hardware, and keeps the simulator going", async () => {
    const { image } = await buildBytecode("sim-no-restart", "tools/sim/test/programs/noRestart.ts");
    const world = new World({ seed: "freeze" });
    const log: string[] = [];
    const device = world.add({ image, onLog: (line) => line.startsWith("> hour") && log.push(line) });
    world.run(1e6);
    device.jumpClock(49.5 * 86_400e6);
    world.run(0.5 * 86_400e6);
    expect(log.at(-1)).toBe("> hour 1193");
    expect(1193 / 24).toBeCloseTo(49.7, 1);
  });
});

describe("a device's peripherals", () => {
  /** Runs the peripherals program and gives its log. */
  function start(prepare?: (world: World) => void) {
    const world = new World({ seed: "peripherals" });
    const log: string[] = [];
    const device = world.add({ image: peripherals.image, onLog: (line) => log.push(line) });
    prepare?.(world);
    world.run(10e6);
    return { world, device, log };
  }

  it("read, program and erase flash through the flash store service", () => {
    const { device, log } = start();
    expect(log).toContain("> size 2097152");
    expect(log).toContain("> program 0");
    expect(log).toContain("> again 2");
    expect(log).toContain("> read 0102ff");
    expect(log).toContain("> strided 01ffff");
    expect(log).toContain("> beyond 1");
    expect(log).toContain("> erase 0");
    expect(device.log.ruleViolations).toBe(1);
    expect(device.log.state.erases[0]).toBe(1);
  });

  it("keep flash over a power cut in the middle of an operation, and start the program again", () => {
    const world = new World({ seed: "cut" });
    let boots = 0;
    const device = world.add({
      image: peripherals.image,
      onLog: (line) => {
        if (line.startsWith("> size")) boots++;
      },
    });
    device.log.cutPowerAt(1);
    world.run(10e6);
    expect(boots).toBe(2);
    expect(device.log.operations).toBeGreaterThan(1);
  });

  it("press the button, and show the light", () => {
    const { world, device, log } = start();
    device.button.press(300);
    world.run(1e6);
    expect(log).toContain("> down");
    expect(log.find((line) => line.startsWith("> up"))).toBe("> up 300");
    expect(device.light.colour).toEqual({ red: 0, green: 255, blue: 0 });
  });

  it("are out of reach for the USB host: frames for them go to the program only", () => {
    const { world, device } = start();
    const before = Uint8Array.from(device.log.state.bytes.subarray(0, 16));
    const seen: number[] = [];
    device.usb = {
      frame: (frame) => seen.push(...decodeFrame(frame).map((packet) => packet.serviceIndex)),
      log: () => undefined,
      reset: () => undefined,
    };
    for (const serviceIndex of [1, 2, 3, 4]) {
      const deviceId = device.deviceId ^ 0x5ca1ab1e_00c0ffeen;
      const data = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0);
      device.usbReceive(encodeFrame({ deviceId, isCommand: true, serviceIndex, command: 0x81, data }));
    }
    world.run(3e6);
    expect(device.log.state.bytes.subarray(0, 16)).toEqual(before);
    expect(seen.length).toBeGreaterThan(0);
  });

  it("answer the host through the VM's own services", () => {
    const { world, device } = start();
    const host = new VirtualHost(world, device);
    const DEVICE_SCRIPT_MANAGER = 0x1134ea2b;
    expect([...host.getRegister(DEVICE_SCRIPT_MANAGER, 0x80)]).toEqual([1]);
  });
});
