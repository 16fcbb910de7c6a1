import { beforeEach, describe, expect, it } from "vitest";
import { SeededRandom } from "../core/random";
import { Scheduler } from "../core/scheduler";
import { HciController } from "../hci/controller";
import type { AdvertisingEvent, AdvertisingPdu } from "../hci/pdu";

let scheduler: Scheduler;
let events: string[];
let sent: AdvertisingEvent[];
let controller: HciController;

const RESET = "01030c00";
const ALL_EVENTS = "01010c08ffffffffffffff3f";
const RANDOM_ADDRESS = "01052006554433221100";
/** 100 ms, ADV_NONCONN_IND, random address, all channels. */
const ADVERTISING = "0106200fa000a0000301000000000000000700";
const DATA = `01082020${"03"}02ff01${"00".repeat(28)}`;
const [ADVERTISE, STOP_ADVERTISING] = ["010a200101", "010a200100"];
/** Passive, every 60 ms for 30 ms, public address. */
const SCANNING = "010b2007006000300000" + "00";
const [SCAN, SCAN_FILTERED, STOP_SCANNING] = ["010c20020100", "010c20020101", "010c20020000"];
const SUCCESS = 0x00;
const [UNKNOWN, DISALLOWED, UNSUPPORTED, INVALID] = [0x01, 0x0c, 0x11, 0x12];

beforeEach(() => {
  scheduler = new Scheduler();
  events = [];
  sent = [];
  controller = new HciController({
    scheduler,
    random: new SeededRandom("controller.test"),
    txPowerDbm: -4,
    onEvent: (packet) => events.push(Buffer.from(packet).toString("hex")),
    onTransmit: (event) => sent.push(event),
  });
});

/** Sends commands; returns the status of the last. */
function command(...packets: string[]): number {
  for (const packet of packets) controller.command(Uint8Array.from(Buffer.from(packet, "hex")));
  const last = Buffer.from(events.at(-1) as string, "hex");
  return last[1] === 0x0f ? (last[3] as number) : (last[6] as number);
}

const PDU: AdvertisingPdu = {
  type: 3,
  isAddressRandom: true,
  address: Uint8Array.of(1, 2, 3, 4, 5, 6),
  data: Uint8Array.of(2, 0xff, 7),
};
const reports = (): string[] => events.filter((event) => event.startsWith("043e"));

describe("the HCI controller model", () => {
  it("completes a reset", () => {
    expect(command(RESET)).toBe(SUCCESS);
    expect(events).toEqual(["040e0401030c00"]);
  });

  it("answers an opcode it does not know with Command Status", () => {
    expect(command("01ff3f00")).toBe(UNKNOWN);
    expect(events).toEqual(["040f040101ff3f"]);
  });

  it("tells version, features, buffer sizes, address and transmit power", () => {
    for (const [opcode, length] of [
      ["0110", 9],
      ["0210", 65],
      ["0310", 9],
      ["0910", 7],
      ["0220", 4],
      ["0320", 9],
      ["1c20", 9],
    ] as const) {
      expect(command(`01${opcode}00`)).toBe(SUCCESS);
      expect((events.at(-1) as string).length / 2).toBe(6 + length);
    }
    expect(command("01072000")).toBe(SUCCESS);
    expect(events.at(-1)).toBe("040e050107" + "2000fc");
  });

  it("does not name a real device in its public address", () => {
    command("01091000");
    const firstOctet = Buffer.from(events[0] as string, "hex").at(-1) as number;
    expect(firstOctet & 3).toBe(0);
  });

  it("advertises at its interval plus 0 to 10 ms, with address, data and power", () => {
    command(RANDOM_ADDRESS, ADVERTISING, DATA, ADVERTISE);
    scheduler.runUntil(60e6);
    const gaps = sent.slice(1).map((event, i) => event.startUs - (sent[i] as AdvertisingEvent).startUs);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100_000);
    expect(Math.max(...gaps)).toBeLessThan(110_000);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(8_000);
    expect(sent[0]).toMatchObject({ channelMap: 7, txPowerDbm: -4 });
    expect(sent[0]?.pdu).toEqual({
      type: 3,
      isAddressRandom: true,
      address: Uint8Array.from(Buffer.from("554433221100", "hex")),
      data: Uint8Array.from(Buffer.from("02ff01", "hex")),
    });
  });

  it("takes new data while it advertises, and stops when told", () => {
    command(RANDOM_ADDRESS, ADVERTISING, ADVERTISE);
    scheduler.runUntil(1e6);
    expect(command(DATA)).toBe(SUCCESS);
    scheduler.runUntil(2e6);
    expect(sent.at(-1)?.pdu.data.length).toBe(3);
    expect(command(STOP_ADVERTISING)).toBe(SUCCESS);
    const before = sent.length;
    scheduler.runUntil(3e6);
    expect(sent.length).toBe(before);
  });

  it("disallows a new random address or new parameters while it advertises", () => {
    command(RANDOM_ADDRESS, ADVERTISING, ADVERTISE);
    expect(command(RANDOM_ADDRESS)).toBe(DISALLOWED);
    expect(command(ADVERTISING)).toBe(DISALLOWED);
    expect(command(STOP_ADVERTISING, RANDOM_ADDRESS)).toBe(SUCCESS);
  });

  it("disallows a new random address or new parameters while it scans", () => {
    command(SCANNING, SCAN);
    expect(command(RANDOM_ADDRESS)).toBe(DISALLOWED);
    expect(command(SCANNING)).toBe(DISALLOWED);
    expect(command(STOP_SCANNING, SCANNING)).toBe(SUCCESS);
  });

  it("does not start with a random address that was never set, or was lost in a reset", () => {
    expect(command(ADVERTISING, ADVERTISE)).toBe(INVALID);
    expect(command(RANDOM_ADDRESS, ADVERTISE)).toBe(SUCCESS);
    expect(command(RESET, ADVERTISING, ADVERTISE)).toBe(INVALID);
    expect(command(`${SCANNING.slice(0, -4)}0100`, SCAN)).toBe(INVALID);
  });

  it("accepts to be enabled twice and disabled twice", () => {
    expect(command(RANDOM_ADDRESS, ADVERTISING, ADVERTISE, ADVERTISE)).toBe(SUCCESS);
    expect(command(STOP_ADVERTISING, STOP_ADVERTISING)).toBe(SUCCESS);
    expect(command(SCANNING, SCAN, SCAN)).toBe(SUCCESS);
    expect(command(STOP_SCANNING, STOP_SCANNING)).toBe(SUCCESS);
  });

  it.each([
    ["an interval below 20 ms", "0106200f1f00a0000301000000000000000700", INVALID],
    ["an interval above 10.24 s", "0106200fa00001400301000000000000000700", INVALID],
    ["a minimum above the maximum", "0106200fa100a0000301000000000000000700", INVALID],
    ["an unknown advertising type", "0106200fa000a0000501000000000000000700", INVALID],
    ["directed advertising", "0106200fa000a0000101000000000000000700", UNSUPPORTED],
    ["an unknown own address type", "0106200fa000a0000304000000000000000700", INVALID],
    ["no channel at all", "0106200fa000a0000301000000000000000000", INVALID],
    ["a fourth channel", "0106200fa000a0000301000000000000000f00", INVALID],
    ["an unknown filter policy", "0106200fa000a0000301000000000000000704", INVALID],
    ["advertising parameters that are cut short", "0106200ea000a00003010000000000000007", INVALID],
    ["advertising data of 32 bytes", `01082020${"20"}${"00".repeat(31)}`, INVALID],
    ["advertising data that are cut short", "0108200403020100", INVALID],
    ["an enable of 2", "010a200102", INVALID],
    ["a scan window longer than the interval", "010b200700600061000000", INVALID],
    ["a scan window below 2.5 ms", "010b200700600003000000", INVALID],
    ["a scan interval above 10.24 s", "010b200700014060000000", INVALID],
    ["an unknown scan type", "010b200702600030000000", INVALID],
    ["active scanning", "010b200701600030000000", UNSUPPORTED],
    ["a scan enable of 2", "010c20020200", INVALID],
    ["an address of five bytes", "010520055544332211", INVALID],
    ["an event mask of seven bytes", "01010c07ffffffffffffff", INVALID],
  ])("refuses %s", (_what, packet, status) => {
    expect(command(packet)).toBe(status);
  });

  it("blocks reports until the host enables the LE Meta event", () => {
    command(RESET, SCANNING, SCAN);
    controller.received(PDU, -50);
    expect(reports()).toEqual([]);
    command(ALL_EVENTS);
    controller.received(PDU, -50);
    expect(reports()).toEqual(["043e0f020103010102030405060302ff07ce"]);
  });

  it("blocks reports that the LE event mask leaves out", () => {
    command(ALL_EVENTS, "010120080000000000000000", SCANNING, SCAN);
    controller.received(PDU, -50);
    expect(reports()).toEqual([]);
  });

  it("reports nothing while it does not scan", () => {
    command(ALL_EVENTS);
    controller.received(PDU, -50);
    command(SCANNING, SCAN, STOP_SCANNING);
    controller.received(PDU, -50);
    expect(reports()).toEqual([]);
  });

  it("filters duplicates by address and type, from one scan enable to the next", () => {
    command(ALL_EVENTS, SCANNING, SCAN_FILTERED);
    controller.received(PDU, -50);
    controller.received(PDU, -51);
    controller.received({ ...PDU, address: Uint8Array.of(9, 2, 3, 4, 5, 6) }, -50);
    controller.received({ ...PDU, type: 0 }, -50);
    expect(reports()).toHaveLength(3);
    command(SCAN_FILTERED);
    controller.received(PDU, -50);
    expect(reports()).toHaveLength(4);
  });

  it("says 127 where it has no RSSI that fits", () => {
    command(ALL_EVENTS, SCANNING, SCAN);
    controller.received(PDU, -140);
    expect(reports()[0]?.slice(-2)).toBe("7f");
  });

  it("listens in its windows only, to one channel in each, in turn", () => {
    command(SCANNING, SCAN);
    const heard = (channel: number, us: number): boolean => controller.scanner.heard(channel, us, us + 376);
    expect([heard(0, 0), heard(1, 0), heard(0, 29_600), heard(0, 29_700), heard(0, 59_000)]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect([heard(1, 60_000), heard(2, 120_000), heard(0, 180_000)]).toEqual([true, true, true]);
    scheduler.runUntil(200_000);
    command(STOP_SCANNING);
    expect([heard(0, 180_000), heard(0, 360_000)]).toEqual([true, false]);
  });

  it("survives any garbage that is at least a command header", () => {
    const random = new SeededRandom("garbage");
    for (let i = 0; i < 20_000; i++) {
      const length = random.uint32() % 40;
      const opcode = i % 2 ? 0x2000 + (random.uint32() % 0x30) : random.uint32() & 0xffff;
      controller.command(Uint8Array.of(1, opcode & 0xff, opcode >> 8, length, ...random.bytes(length)));
    }
    expect(events).toHaveLength(20_000);
    expect(command(RESET)).toBe(SUCCESS);
  });
});
