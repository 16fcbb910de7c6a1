import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import { type Bytecode, buildBytecode } from "../../build/bytecode";
import type { Link } from "../../keyfob/link";
import { openLink } from "../../keyfob/openLink";
import { UsbFrameDecoder, wrapFrame } from "../../keyfob/usbFraming";
import { SeededRandom } from "../core/random";
import { Scheduler } from "../core/scheduler";
import { crc16, encodeFrame } from "../jacdac/frame";
import { BoardDecoder, UsbBridge } from "../usb/bridge";
import { LineFaults } from "../usb/lineFaults";
import { openPty, openTcpPort, type Port } from "../usb/ports";
import { LiveWorld } from "../world/live";
import { World } from "../world/world";

let radio: Bytecode;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  radio = await buildBytecode("sim-radio", "tools/sim/test/programs/radio.ts");
}, 60_000);

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const PACKETS_ON = bridgeCommand(0x81);

/** A frame for the bridge itself, as hosts send it. */
function bridgeCommand(command: number): Uint8Array {
  const frame = Buffer.alloc(16);
  frame[2] = 4;
  frame[3] = 0x45;
  frame.writeUInt32LE(0x18f61a4a, 4);
  frame.writeUInt32LE(0xaaaaaaaa, 8);
  frame[13] = 0x3d;
  frame.writeUInt16LE(command, 14);
  frame.writeUInt16LE(crc16(frame, 2), 0);
  return frame;
}

const ping = (deviceId: bigint): Uint8Array =>
  encodeFrame({ deviceId, isCommand: true, serviceIndex: 0, command: 0x1180, data: new Uint8Array(0) });

describe("the device's end of the USB framing", () => {
  /** What a decoder makes of bytes. */
  function decode(...pieces: Uint8Array[]): string[] {
    const frames: string[] = [];
    const decoder = new BoardDecoder((frame) => frames.push(Buffer.from(frame).toString("hex")));
    for (const piece of pieces) decoder.push(piece);
    return frames;
  }
  const frame = encodeFrame({
    deviceId: 0xfefefefefefefefen,
    isCommand: true,
    serviceIndex: 1,
    command: 0x80,
    data: Uint8Array.of(0xfe, 0xfc, 0xfe, 0xfd, 0),
  });
  const hex = Buffer.from(frame).toString("hex");

  it("takes the frames that the host's end makes, padding and all, however they are cut up", () => {
    const bytes = Buffer.concat([wrapFrame(frame), wrapFrame(frame)]);
    expect(decode(bytes)).toEqual([hex, hex]);
    expect(decode(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual([hex, hex]);
  });

  it("loses only the frame that was damaged", () => {
    const random = new SeededRandom("damage");
    for (let i = 0; i < 500; i++) {
      const damaged = Buffer.from(wrapFrame(frame));
      const at = random.uint32() % damaged.length;
      damaged[at] = (damaged[at] as number) ^ (1 << (random.uint32() % 8));
      const frames = decode(damaged, wrapFrame(frame), wrapFrame(frame));
      expect(frames.at(-1)).toBe(hex);
      expect(frames.every((f) => f === hex)).toBe(true);
    }
  });

  it("forwards nothing before the host asks for packets, and then what the host's end understands", () => {
    const world = new World({ seed: "bridge" });
    const device = world.add({ image: radio.image });
    const frames: string[] = [];
    const lines: string[] = [];
    const decoder = new UsbFrameDecoder({
      frame: (f) => frames.push(f.toString("hex")),
      logLine: (line) => lines.push(line),
    });
    const bridge = new UsbBridge(device, { scheduler: world.scheduler, onBytes: (bytes) => decoder.push(bytes) });
    world.run(5e6);
    expect(frames).toEqual([]);
    bridge.receive(wrapFrame(PACKETS_ON));
    world.run(5e6);
    expect(frames[0]?.slice(24)).toBe("003d8100");
    expect(frames.length).toBeGreaterThan(8);
    expect(lines).toEqual([]);
    bridge.receive(wrapFrame(bridgeCommand(0x83)));
    bridge.receive(wrapFrame(bridgeCommand(0x80)));
    world.run(1e6);
    frames.length = 0;
    world.run(20e6);
    expect(frames).toEqual([]);
    expect(lines.some((line) => line.startsWith("> heard"))).toBe(true);
    bridge.unplug();
    lines.length = 0;
    world.run(20e6);
    expect(lines).toEqual([]);
  });

  it("carries bytes no faster than the line", () => {
    const scheduler = new Scheduler();
    const arrivals: number[] = [];
    const device = { usb: undefined, usbReceive: () => arrivals.push(scheduler.nowUs) };
    const bridge = new UsbBridge(device as never, { scheduler, onBytes: () => undefined, baud: 1_000_000 });
    for (let i = 0; i < 100; i++) bridge.receive(wrapFrame(ping(5n)));
    scheduler.runUntil(1e9);
    expect(arrivals).toHaveLength(100);
    expect(arrivals.at(-1)).toBeCloseTo(100 * 64 * 10, -1);
  });
});

describe("a bad line", () => {
  it("loses the share of bytes that was asked for, and adds garbage", () => {
    const bytes = new Uint8Array(100_000);
    const lossy = new LineFaults({ lossRate: 0.05 }, new SeededRandom("loss"));
    expect(lossy.pass(bytes).length / bytes.length).toBeCloseTo(0.95, 2);
    const noisy = new LineFaults({ garbageRate: 0.01 }, new SeededRandom("noise"));
    expect(noisy.pass(bytes).length / bytes.length).toBeCloseTo(1.105, 2);
  });

  it("is pulled after the number of bytes that was asked for", () => {
    let pulled = 0;
    const line = new LineFaults({ unplugAfterBytes: 150 }, new SeededRandom("pull"), () => pulled++);
    expect(line.pass(new Uint8Array(100))).toHaveLength(100);
    expect(line.pass(new Uint8Array(100))).toHaveLength(50);
    expect(line.pass(new Uint8Array(100))).toHaveLength(0);
    expect(pulled).toBe(1);
  });
});

describe("a port for real programs", () => {
  function live(): LiveWorld {
    const world = new World({ seed: "ports" });
    world.add({ image: radio.image });
    world.run(3e6);
    const running = new LiveWorld(world);
    running.start();
    cleanups.push(() => running.stop());
    return running;
  }

  /** Opens a port as the command line does, asks for packets, and waits for some frames. */
  async function talk(port: Port, frames: number): Promise<Link> {
    let seen = 0;
    let enough: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const decoder = new UsbFrameDecoder({
      frame: () => {
        if (++seen >= frames) enough();
      },
    });
    const link = await openLink(port.address, { data: (bytes) => decoder.push(bytes), lost: () => enough() });
    await link.write(wrapFrame(PACKETS_ON));
    await done;
    expect(seen).toBeGreaterThanOrEqual(frames);
    return link;
  }

  const firstDevice = (running: LiveWorld) => [...running.world.devices.values()][0] as never;
  const random = new SeededRandom("ports");

  it("is a TCP port, for one host at a time, again and again", async () => {
    const running = live();
    const port = await openTcpPort(running, firstDevice(running), 0, { random });
    cleanups.push(() => port.close());
    for (let i = 0; i < 3; i++) {
      const link = await talk(port, 2);
      let isRefused = false;
      const second = await openLink(port.address, { data: () => undefined, lost: () => (isRefused = true) });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isRefused).toBe(true);
      await second.close();
      await link.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(port.isOpen).toBe(false);
    }
  });

  it("pulls the cable of a host", async () => {
    const running = live();
    const port = await openTcpPort(running, firstDevice(running), 0, { random });
    cleanups.push(() => port.close());
    const lost = new Promise<string>((resolve) => {
      void openLink(port.address, { data: () => undefined, lost: resolve }).then(() => port.unplug());
    });
    expect(await lost).toMatch(/connection/);
    await (await talk(port, 1)).close();
  });

  it.skipIf(!hasTool("socat"))(
    "is a pseudo terminal through socat, again and again, with the cable pulled in between",
    async () => {
      const running = live();
      const path = join(mkdtempSync(join(tmpdir(), "chirpfob-")), "tty");
      const port = await openPty(running, firstDevice(running), path, { random });
      cleanups.push(() => port.close());
      for (let i = 0; i < 2; i++) {
        await (await talk(port, 2)).close();
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(port.isOpen).toBe(false);
      }
      let pulled: (reason: string) => void = () => undefined;
      const lost = new Promise<string>((resolve) => {
        pulled = resolve;
      });
      await openLink(path, { data: () => undefined, lost: pulled });
      await new Promise((resolve) => setTimeout(resolve, 200));
      port.unplug();
      expect(await lost).toMatch(/cable/);
    },
  );
});
