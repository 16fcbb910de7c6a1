import { describe, expect, it } from "vitest";
import { hourOfMinute } from "../../protocol/base/time";
import { CHIRP_BYTES, chirpOf } from "../../protocol/beacon/chirp";
import { encodeFrame, type Frame } from "../../protocol/beacon/frame";
import { decodeRow, openMetadata, ROW_BYTES } from "../../protocol/log/contactRow";
import { HourMatcher } from "../../protocol/match/matching";
import { SeededRandom } from "../../tools/sim/core/random";
import type { AdvertisingReport } from "../hci/events";
import { FrameFilter } from "../listen/frameFilter";
import { Listener } from "../listen/listener";
import { RowWriter } from "../listen/rowWriter";
import { sha256 } from "./keyfobRig";

const NOW = 29_833_380;

interface Row {
  readonly hour: number;
  readonly bytes: Buffer;
}

function rig() {
  const random = new SeededRandom("listener");
  const rows: Row[] = [];
  const sink = { put: (hour: number, bytes: Buffer) => rows.push({ hour, bytes }) > 0 };
  const listener = new Listener(
    sha256,
    async () => undefined,
    (below) => random.uint32() % below,
    sink,
  );
  return { listener, rows, random };
}

function frame(chirp: Buffer, age = 0): Frame {
  return { kind: age === 0 ? "direct" : "repeated", chirp, txPower: -8, age };
}

const chirpAt = (index: number, minute: number): Buffer => chirpOf(sha256, sha256(Buffer.from(`${index}`)), minute);

describe("the listener", () => {
  it("makes one row of all hearings of a chirp, with the strongest of them, two minutes later", async () => {
    const { listener, rows } = rig();
    const chirp = chirpAt(1, NOW);
    for (const rssiDbm of [-70, -55, -90]) listener.hear({ frame: frame(chirp), rssiDbm }, NOW);
    await listener.turn(NOW + 1);
    expect(rows).toHaveLength(0);
    await listener.turn(NOW + 2);
    expect(rows).toHaveLength(1);
    const { hour, bytes } = rows[0] as Row;
    expect(hour).toBe(hourOfMinute(NOW));
    expect(openMetadata(sha256, decodeRow(bytes).sealed, chirp, NOW)).toEqual({
      maxRssi: -55,
      txPower: -8,
      delay: 0,
      hearings: 3,
    });
  });

  it("never gives a chirp a second row, by whatever path it comes back within 13 minutes", async () => {
    const { listener, rows } = rig();
    const chirp = chirpAt(1, NOW);
    for (let minute = 0; minute <= 13; minute++) {
      await listener.turn(NOW + minute);
      listener.hear({ frame: frame(chirp, Math.min(minute, 10)), rssiDbm: -60 }, NOW + minute);
    }
    await listener.turn(NOW + 30);
    expect(rows).toHaveLength(1);
    expect(listener.hearingsDropped).toBeGreaterThan(0);
  });

  it("dates a repeated chirp by its age, keeps its delay, and writes it at the latest 13 minutes after its minute", async () => {
    const { listener, rows } = rig();
    const chirp = chirpAt(1, NOW - 4);
    for (let minute = 0; minute < 6; minute++) {
      await listener.turn(NOW + minute);
      listener.hear({ frame: frame(chirp, 4 + minute), rssiDbm: -60 }, NOW + minute);
    }
    await listener.turn(NOW - 4 + 12);
    expect(rows).toHaveLength(1);
    const metadata = openMetadata(sha256, decodeRow((rows[0] as Row).bytes).sealed, chirp, NOW - 4);
    expect([metadata.delay, metadata.hearings]).toEqual([4, 6]);
  });

  it("believes a direct frame over those with an age, whichever came first and however strong they are", async () => {
    const hearings = [
      { frame: frame(chirpAt(1, NOW), 9), rssiDbm: -30 },
      { frame: frame(chirpAt(1, NOW)), rssiDbm: -70 },
      { frame: frame(chirpAt(1, NOW)), rssiDbm: -65 },
      { frame: frame(chirpAt(1, NOW), 1), rssiDbm: -20 },
    ];
    for (const order of [hearings, hearings.toReversed()]) {
      const { listener, rows } = rig();
      for (const hearing of order) listener.hear(hearing, NOW);
      await listener.turn(NOW + 2);
      expect(rows.map(({ hour }) => hour)).toEqual([hourOfMinute(NOW)]);
      const row = decodeRow((rows[0] as Row).bytes);
      expect(openMetadata(sha256, row.sealed, chirpAt(1, NOW), NOW)).toEqual({
        maxRssi: -65,
        txPower: -8,
        delay: 0,
        hearings: 2,
      });
    }
  });

  it("ignores its own chirps, direct and from repeaters", async () => {
    const { listener, rows } = rig();
    const chirp = chirpAt(1, NOW);
    listener.own(chirp, NOW);
    for (let minute = 0; minute <= 11; minute++) {
      await listener.turn(NOW + minute);
      listener.hear({ frame: frame(chirp, Math.min(minute, 10)), rssiDbm: -40 }, NOW + minute);
    }
    await listener.turn(NOW + 30);
    expect(rows).toHaveLength(0);
  });

  it("gives each of 250 neighbours a row every minute, some before their time", async () => {
    const { listener, rows } = rig();
    for (let minute = NOW; minute < NOW + 10; minute++) {
      await listener.turn(minute);
      for (let scan = 0; scan < 6; scan++)
        for (let i = 0; i < 250; i++)
          listener.hear({ frame: frame(chirpAt(i, minute)), rssiDbm: -60 - (i % 30) }, minute);
    }
    await listener.turn(NOW + 30);
    const tags = new Set(rows.map(({ bytes }) => bytes.toString("hex", 0, 8)));
    expect(tags.size).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(2490);
    expect(listener.rowsEarly).toBeGreaterThan(0);
  });

  it("wipes a chirp from memory when its row is written", async () => {
    const { listener } = rig();
    const chirp = chirpAt(1, NOW);
    listener.hear({ frame: frame(chirp), rssiDbm: -60 }, NOW);
    expect(holds(listener, chirp.subarray(2, CHIRP_BYTES - 2))).toBe(true);
    await listener.turn(NOW + 2);
    expect(holds(listener, chirp.subarray(2, CHIRP_BYTES - 2))).toBe(false);
  });

  it("finds the genuine contact of an hour in which 200 random chirps a second came in, and no false one", async () => {
    const { listener, rows, random } = rig();
    const first = Math.ceil(NOW / 60) * 60;
    const flood: Buffer[] = [];
    for (let second = 0; second < 3600; second++) {
      const minute = first + Math.floor(second / 60);
      if (second % 60 === 0) await listener.turn(minute);
      if (second % 10 === 0) listener.hear({ frame: frame(chirpAt(1, minute)), rssiDbm: -60 }, minute);
      for (let i = 0; i < 200; i++) {
        const chirp = Buffer.from(random.bytes(CHIRP_BYTES));
        if (flood.length < 100) flood.push(chirp);
        listener.hear({ frame: frame(chirp), rssiDbm: -60 }, minute);
      }
    }
    await listener.turn(first + 90);
    expect(rows.length).toBeLessThan(60 * 401);
    const matcher = new HourMatcher(sha256, 30_000);
    matcher.begin(first / 60);
    for (const { hour, bytes } of rows) matcher.addRow(hour, bytes);
    const seeds = [1, 2, 3].map((i) => sha256(Buffer.from(`${i}`))).sort(Buffer.compare);
    const matches = matcher.matchBlock({ hour: first / 60, seeds, reverseMask: 0 });
    const genuine = seeds.findIndex((seed) => seed.equals(sha256(Buffer.from("1"))));
    expect(matches.every((match) => match.seedIndex === genuine)).toBe(true);
    expect(matches.length).toBeGreaterThan(30);
  }, 60_000);
});

function holds(value: object, bytes: Buffer): boolean {
  return Object.values(value).some(
    (part) =>
      (Buffer.isBuffer(part) && part.includes(bytes)) ||
      (typeof part === "object" && part && !Buffer.isBuffer(part) && holds(part, bytes)),
  );
}

describe("the frame filter", () => {
  const settings = { companyId: 0xffff, rssiFloorDbm: -127, hearFindMy: false };
  const report = (advA: Buffer, advData: Buffer, change: Partial<AdvertisingReport> = {}): AdvertisingReport => {
    const event = Buffer.concat([Buffer.from(advA).reverse(), advData]);
    return {
      event,
      type: 3,
      addressType: 1,
      addressAt: 0,
      dataAt: 6,
      dataLength: advData.length,
      rssi: -60,
      ...change,
    };
  };
  const { advA, advData } = encodeFrame(chirpAt(1, NOW), -8, 0, 0xffff);

  it("takes a chirp frame, and an unknown strength for the weakest", () => {
    const filter = new FrameFilter(settings);
    expect(filter.read(report(advA, advData))?.frame.chirp).toEqual(chirpAt(1, NOW));
    expect(filter.read(report(advA, advData, { rssi: 127 }))?.rssiDbm).toBe(-127);
  });

  it("turns away other companies, versions, ages above 10, connectable frames, public addresses and weak hearings", () => {
    const filter = new FrameFilter({ ...settings, rssiFloorDbm: -80 });
    const changed = (at: number, value: number): Buffer => {
      const data = Buffer.from(advData);
      data[at] = value;
      return data;
    };
    const refused = [
      report(advA, changed(2, 0x4c)),
      report(advA, changed(6, (advData[6] as number) ^ 0x10)),
      report(advA, changed(8, 11)),
      report(advA, advData, { type: 0 }),
      report(advA, advData, { addressType: 0 }),
      report(advA, advData.subarray(0, 30)),
    ];
    for (const r of refused) expect(filter.read(r)).toBeUndefined();
    expect(filter.ignored).toBe(refused.length);
    expect(filter.read(report(advA, advData, { rssi: -81 }))).toBeUndefined();
    expect(filter.weak).toBe(1);
  });

  it("hears Apple Find My frames only where the configuration says so", () => {
    const data = Buffer.from(`1eff4c001219${"00".repeat(25)}`, "hex");
    const address = Buffer.from("c11122334455", "hex");
    expect(new FrameFilter(settings).read(report(address, data))).toBeUndefined();
    expect(new FrameFilter({ ...settings, hearFindMy: true }).read(report(address, data))?.frame.kind).toBe("findMy");
  });
});

describe("the row writer", () => {
  it("says when it has no room, and keeps some for rows that matter more", () => {
    const writer = new RowWriter();
    const put = (spare: number): number => {
      let rows = 0;
      while (writer.put(7, Buffer.alloc(ROW_BYTES), spare)) rows++;
      return rows;
    };
    expect([put(24), put(0), writer.waiting]).toEqual([40, 24, 64]);
  });

  it("appends by hour, up to 16 rows at a time, and keeps what the flash refused for the next time", async () => {
    const writer = new RowWriter();
    const appended: [number, number][] = [];
    let refuse = true;
    writer.connect({
      append: async (hour, rows) => {
        if (refuse) throw new Error("no");
        appended.push([hour, rows.length / ROW_BYTES]);
      },
    });
    for (let i = 0; i < 20; i++) writer.put(7, Buffer.alloc(ROW_BYTES, i), 0);
    writer.put(8, Buffer.alloc(ROW_BYTES), 0);
    expect(await writer.drain()).toBe(false);
    expect([writer.waiting, writer.errors]).toEqual([21, 1]);
    refuse = false;
    expect(await writer.drain()).toBe(true);
    expect(appended).toEqual([
      [7, 16],
      [7, 4],
      [8, 1],
    ]);
  });
});
