import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeChirpFrame } from "../../protocol/beacon/pact";
import type { Timer } from "../base/timer";
import type { HciTransport } from "../board/hciTransport";
import { type AdvertisingReport, type EventReceiver, readEvents } from "../hci/events";
import { HciHost } from "../hci/host";

const SETTINGS = { chirpIntervalMs: 1000, scanIntervalMs: 10000, scanWindowMs: 1100 };
const START_UP = ["01010c08" + "0080000000000020", "01012008" + "0200000000000000", "01011000", "01022000", "01032000"];

/** A controller that answers as told, and time that passes only while somebody sleeps. */
class FakeController implements HciTransport, Timer {
  readonly sent: string[] = [];
  readonly transfers: number[] = [];
  now = 0;
  hardwareResets = 0;
  /** Status for an opcode, undefined for no answer at all. */
  answer: (opcode: number) => number | undefined = () => 0;
  private handler: (packets: Buffer) => void = () => undefined;

  millis(): number {
    return this.now;
  }

  async sleep(ms: number): Promise<void> {
    this.now += ms;
  }

  async send(packets: Buffer): Promise<void> {
    let count = 0;
    for (let at = 0; at < packets.length; count++) {
      const end = at + 4 + (packets[at + 3] as number);
      this.sent.push(packets.subarray(at, end).toString("hex"));
      const opcode = packets.readUInt16LE(at + 1);
      const status = this.answer(opcode);
      if (status !== undefined) this.event(Buffer.from([4, 0x0e, 4, 1, opcode & 0xff, opcode >> 8, status]));
      at = end;
    }
    this.transfers.push(count);
  }

  onEvents(handler: (packets: Buffer) => void): void {
    this.handler = handler;
  }

  async resetHardware(): Promise<void> {
    this.hardwareResets++;
  }

  event(packets: Buffer): void {
    this.handler(packets);
  }
}

function advertisement(fill: number) {
  return encodeChirpFrame(Buffer.alloc(28, fill), -8, 0, 0xffff);
}

async function running(): Promise<{ controller: FakeController; host: HciHost; heard: AdvertisingReport[] }> {
  const controller = new FakeController();
  const heard: AdvertisingReport[] = [];
  const host = new HciHost(controller, controller, SETTINGS, (report) => heard.push(report));
  await host.supervise();
  return { controller, host, heard };
}

describe("the HCI host", () => {
  it("starts a controller with reset, masks that include LE Meta, and the reads, byte for byte", async () => {
    const { controller, host } = await running();
    expect(controller.sent).toEqual(["01030c00", ...START_UP]);
    expect(host.isUp()).toBe(true);
  });

  it("sets parameters, address and data and enables both in one transfer, then turns to the next chirp in one", async () => {
    const { controller, host } = await running();
    controller.sent.length = 0;
    controller.transfers.length = 0;
    const first = advertisement(0xc5);
    await host.turn(first);
    expect(controller.sent).toEqual([
      "010b2007" + "00" + "803e" + "e006" + "00" + "00",
      "0106200f" + "4006" + "4006" + "03" + "01" + "00" + "000000000000" + "07" + "00",
      "01052006" + "c5c5c5c5c505",
      `01082020${"1f"}${first.advData.toString("hex")}`,
      "010a200101",
      "010c20020100",
    ]);
    controller.sent.length = 0;
    const second = advertisement(0x11);
    await host.turn(second);
    expect(controller.sent).toEqual([
      "010c20020000",
      "010a200100",
      "01052006" + "111111111111",
      `01082020${"1f"}${second.advData.toString("hex")}`,
      "010a200101",
      "010c20020100",
    ]);
    expect(controller.transfers).toEqual([6, 6]);
  });

  it("goes on listening without advertising while there is nothing to send", async () => {
    const { controller, host } = await running();
    await host.turn(advertisement(1));
    controller.sent.length = 0;
    await host.turn(undefined);
    expect(controller.sent).toEqual(["010c20020000", "010a200100", "010c20020100"]);
  });

  it("starts over after a refused command, and sends the present chirp again", async () => {
    const { controller, host } = await running();
    controller.answer = (opcode) => (opcode === 0x2008 ? 0x0c : 0);
    await host.turn(advertisement(2));
    expect([host.isUp(), host.errors]).toEqual([false, 1]);
    controller.answer = () => 0;
    controller.sent.length = 0;
    await host.supervise();
    expect(host.isUp()).toBe(true);
    expect(host.resets).toBe(1);
    expect(controller.sent.slice(0, 6)).toEqual(["01030c00", ...START_UP]);
    expect(controller.sent).toContain("01052006" + "020202020202");
  });

  it("notices silence after 2 s and tries again with growing pauses, up to about a minute", async () => {
    const { controller, host } = await running();
    controller.answer = () => undefined;
    await host.turn(advertisement(3));
    await host.supervise();
    expect(host.isUp()).toBe(true);
    const attempts: number[] = [];
    for (let second = 0; second < 300; second++) {
      const before = controller.hardwareResets;
      const at = controller.now;
      await host.supervise();
      if (controller.hardwareResets > before) attempts.push(at);
      controller.now += 1000;
    }
    const pauses = attempts.slice(1).map((at, i) => Math.round((at - (attempts[i] as number)) / 1000));
    expect(pauses.slice(0, 5)).toEqual([3, 4, 6, 10, 18]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(67);
    controller.answer = () => 0;
    controller.now += 70_000;
    await host.supervise();
    expect(host.isUp()).toBe(true);
  });

  it("starts over when the controller says that it restarted by itself or failed", async () => {
    for (const lost of ["04ff03010001", "04ff020100", "04100105", "040e0401030c00"]) {
      const { controller, host } = await running();
      controller.event(Buffer.from(lost, "hex"));
      expect(host.isUp()).toBe(false);
      await host.supervise();
      expect(host.isUp()).toBe(true);
    }
  });

  it("bears garbage, counts it, and resets a controller that goes on with it", async () => {
    const { controller, host } = await running();
    for (let i = 0; i < 19; i++) controller.event(Buffer.from("020000", "hex"));
    expect([host.isUp(), host.garbageEvents]).toEqual([true, 19]);
    controller.event(Buffer.from("043e", "hex"));
    expect(host.isUp()).toBe(false);
  });
});

class Collector implements EventReceiver {
  readonly reports: AdvertisingReport[] = [];
  garbageCount = 0;
  commandDone(): void {}
  controllerLost(): void {}
  advertisement(report: AdvertisingReport): void {
    this.reports.push(report);
  }
  garbage(): void {
    this.garbageCount++;
  }
}

describe("the event parser", () => {
  it("finds every report of several in one event, and several events in one packet", () => {
    const report = (fill: number, rssi: number) =>
      Buffer.concat([Buffer.from([3, 1]), Buffer.alloc(6, fill), Buffer.from([2, fill, fill, rssi])]);
    const body = Buffer.concat([Buffer.from([2, 2]), report(1, 0xc4), report(2, 127)]);
    const event = Buffer.concat([Buffer.from([4, 0x3e, body.length]), body]);
    const collector = new Collector();
    readEvents(Buffer.concat([event, event]), collector);
    expect(collector.reports.map((r) => [r.type, r.addressType, r.event[r.addressAt], r.dataLength, r.rssi])).toEqual([
      [3, 1, 1, 2, -60],
      [3, 1, 2, 2, 127],
      [3, 1, 1, 2, -60],
      [3, 1, 2, 2, 127],
    ]);
    expect(collector.garbageCount).toBe(0);
  });

  it("never reads past the end, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, asReport) => {
        const event = asReport ? Buffer.concat([Buffer.from([4, 0x3e, bytes.length]), bytes]) : Buffer.from(bytes);
        const collector = new Collector();
        readEvents(event, collector);
        for (const r of collector.reports) expect(r.dataAt + r.dataLength).toBeLessThan(event.length);
      }),
      { numRuns: 5000 },
    );
  });
});
