import { describe, expect, it } from "vitest";
import { hourOfMinute } from "../../protocol/base/time";
import { CHIRP_BYTES, chirpOf } from "../../protocol/beacon/chirp";
import { findMyCodec } from "../../protocol/beacon/findMy";
import { encodeChirpFrame, pactCodec } from "../../protocol/beacon/pact";
import { Beacon, type Sighting } from "../../protocol/beacon/sighting";
import { decodeRow, openMetadata, ROW_BYTES, type RowMetadata } from "../../protocol/log/contactRow";
import { LoadedRows } from "../../protocol/match/loadedRows";
import { HourMatcher } from "../../protocol/match/matching";
import { SeededRandom } from "../../tools/sim/core/random";
import type { AdvertisingReport } from "../hci/events";
import { FrameFilter } from "../listen/frameFilter";
import { Listener } from "../listen/listener";
import { RowWriter } from "../listen/rowWriter";
import { sha256 } from "./keyfobRig";

const NOW = 29_833_380;
const CODECS = [pactCodec(), findMyCodec()];

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

/** A chirp that was heard in `nowMinute`, by way of a repeater if it has an age. */
function heard(chirp: Buffer, nowMinute: number, rssiDbm: number, age = 0): Sighting {
  return { kind: Beacon.Pact, id: chirp, age, txPowerDbm: -8, originMinute: nowMinute - age, rssiDbm };
}

/** A Find My key that was heard in `nowMinute`. */
function findMy(key: Buffer, nowMinute: number, rssiDbm: number): Sighting {
  return { kind: Beacon.FindMy, id: key, age: 0, txPowerDbm: 0, originMinute: nowMinute, rssiDbm };
}

/** Origin minutes and metadata of a Find My key's rows, in the order of writing. */
function opened(rows: readonly Row[], key: Buffer): [number, RowMetadata][] {
  return rows.flatMap(({ hour, bytes }) => {
    const row = decodeRow(bytes);
    if (row.kind !== Beacon.FindMy) return [];
    const origin = hour * 60 + row.minuteInHour;
    return [[origin, openMetadata(sha256, row.kind, row.sealed, key, origin)] as [number, RowMetadata]];
  });
}

const chirpAt = (index: number, minute: number): Buffer => chirpOf(sha256, sha256(Buffer.from(`${index}`)), minute);

describe("the listener", () => {
  it("makes one row of all hearings of a chirp, with the strongest of them, two minutes later", async () => {
    const { listener, rows } = rig();
    const chirp = chirpAt(1, NOW);
    for (const rssiDbm of [-70, -55, -90]) listener.hear(heard(chirp, NOW, rssiDbm));
    await listener.turn(NOW + 1);
    expect(rows).toHaveLength(0);
    await listener.turn(NOW + 2);
    expect(rows).toHaveLength(1);
    const { hour, bytes } = rows[0] as Row;
    expect(hour).toBe(hourOfMinute(NOW));
    expect(openMetadata(sha256, Beacon.Pact, decodeRow(bytes).sealed, chirp, NOW)).toEqual({
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
      listener.hear(heard(chirp, NOW + minute, -60, Math.min(minute, 10)));
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
      listener.hear(heard(chirp, NOW + minute, -60, 4 + minute));
    }
    await listener.turn(NOW - 4 + 12);
    expect(rows).toHaveLength(1);
    const metadata = openMetadata(sha256, Beacon.Pact, decodeRow((rows[0] as Row).bytes).sealed, chirp, NOW - 4);
    expect([metadata.delay, metadata.hearings]).toEqual([4, 6]);
  });

  it("believes a direct frame over those with an age, whichever came first and however strong they are", async () => {
    const hearings = [
      heard(chirpAt(1, NOW), NOW, -30, 9),
      heard(chirpAt(1, NOW), NOW, -70),
      heard(chirpAt(1, NOW), NOW, -65),
      heard(chirpAt(1, NOW), NOW, -20, 1),
    ];
    for (const order of [hearings, hearings.toReversed()]) {
      const { listener, rows } = rig();
      for (const sighting of order) listener.hear(sighting);
      await listener.turn(NOW + 2);
      expect(rows.map(({ hour }) => hour)).toEqual([hourOfMinute(NOW)]);
      const row = decodeRow((rows[0] as Row).bytes);
      expect(openMetadata(sha256, Beacon.Pact, row.sealed, chirpAt(1, NOW), NOW)).toEqual({
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
    listener.own(Beacon.Pact, chirp, NOW);
    for (let minute = 0; minute <= 11; minute++) {
      await listener.turn(NOW + minute);
      listener.hear(heard(chirp, NOW + minute, -40, Math.min(minute, 10)));
    }
    await listener.turn(NOW + 30);
    expect(rows).toHaveLength(0);
  });

  it("gives each of 250 neighbours a row every minute, some before their time", async () => {
    const { listener, rows } = rig();
    for (let minute = NOW; minute < NOW + 10; minute++) {
      await listener.turn(minute);
      for (let scan = 0; scan < 6; scan++)
        for (let i = 0; i < 250; i++) listener.hear(heard(chirpAt(i, minute), minute, -60 - (i % 30)));
    }
    await listener.turn(NOW + 30);
    const tags = new Set(rows.map(({ bytes }) => bytes.toString("hex", 0, 8)));
    expect(tags.size).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(2490);
    expect(listener.rowsEarly).toBeGreaterThan(0);
  });

  it("makes one row of a lasting identifier's stay, which says in how many minutes it was heard", async () => {
    const { listener, rows } = rig();
    const key = sha256(Buffer.from("key")).subarray(0, 28);
    for (let minute = 0; minute < 7; minute++) {
      await listener.turn(NOW + minute);
      for (const rssiDbm of [-80, -62 - minute]) listener.hear(findMy(key, NOW + minute, rssiDbm));
    }
    await listener.turn(NOW + 7);
    expect(rows).toHaveLength(0);
    await listener.turn(NOW + 8);
    expect(opened(rows, key)).toEqual([[NOW, { maxRssi: -62, txPower: 0, delay: 0, hearings: 7 }]]);
  });

  it("begins another row every 15 minutes while a lasting identifier stays, and when it comes back", async () => {
    const { listener, rows } = rig();
    const key = sha256(Buffer.from("key")).subarray(0, 28);
    for (let minute = 0; minute < 60; minute++) {
      await listener.turn(NOW + minute);
      if (minute < 20 || minute === 40 || minute === 42) listener.hear(findMy(key, NOW + minute, -62));
    }
    expect(opened(rows, key).map(([origin, { hearings }]) => [origin - NOW, hearings])).toEqual([
      [0, 15],
      [15, 5],
      [40, 1],
      [42, 1],
    ]);
  });

  it("never seals two rows of a lasting identifier under one minute, though a flood pushes it out again and again", async () => {
    const { listener, rows, random } = rig();
    const key = sha256(Buffer.from("key")).subarray(0, 28);
    for (let minute = NOW; minute < NOW + 40; minute++) {
      await listener.turn(minute);
      for (let i = 0; i < 400; i++) {
        if (i % 50 === 0) listener.hear(findMy(key, minute, -62));
        listener.hear(heard(Buffer.from(random.bytes(CHIRP_BYTES)), minute, -60));
      }
    }
    await listener.flush();
    const origins = opened(rows, key).map(([origin]) => origin);
    expect(origins.length).toBeGreaterThan(1);
    expect(new Set(origins).size).toBe(origins.length);
  });

  it("takes the same bytes of two kinds for two identifiers", async () => {
    const { listener, rows } = rig();
    const chirp = chirpAt(1, NOW);
    listener.hear(heard(chirp, NOW, -60));
    listener.hear(findMy(chirp, NOW, -40));
    await listener.turn(NOW + 2);
    expect(rows.map(({ bytes }) => decodeRow(bytes).kind).sort()).toEqual([Beacon.Pact, Beacon.FindMy]);
    expect(opened(rows, chirp)[0]?.[1].maxRssi).toBe(-40);
    listener.hear(heard(chirp, NOW + 2, -60));
    await listener.turn(NOW + 20);
    expect(rows).toHaveLength(2);
  });

  it("wipes a chirp from memory when its row is written", async () => {
    const { listener } = rig();
    const chirp = chirpAt(1, NOW);
    listener.hear(heard(chirp, NOW, -60));
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
      if (second % 10 === 0) listener.hear(heard(chirpAt(1, minute), minute, -60));
      for (let i = 0; i < 200; i++) {
        const chirp = Buffer.from(random.bytes(CHIRP_BYTES));
        if (flood.length < 100) flood.push(chirp);
        listener.hear(heard(chirp, minute, -60));
      }
    }
    await listener.turn(first + 90);
    expect(rows.length).toBeLessThan(60 * 401);
    const matcher = new HourMatcher(sha256, new LoadedRows(30_000));
    matcher.begin(first / 60);
    for (const { hour, bytes } of rows) matcher.rows.add(hour, bytes);
    const seeds = [1, 2, 3].map((i) => sha256(Buffer.from(`${i}`))).sort(Buffer.compare);
    const matches = matcher.matchBlock({ hour: first / 60, seeds, reverseMask: 0 });
    const genuine = seeds.findIndex((seed) => seed.equals(sha256(Buffer.from("1"))));
    expect(matches.every((match) => match.index === genuine)).toBe(true);
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
  const settings = { companyId: 0xffff, rssiFloorDbm: -127, kinds: 1 << Beacon.Pact };
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
  const { advA, advData } = encodeChirpFrame(chirpAt(1, NOW), -8, 0, 0xffff);

  it("takes a chirp frame, and an unknown strength for the weakest", () => {
    const filter = new FrameFilter(CODECS, settings);
    expect(filter.read(report(advA, advData), NOW)?.id).toEqual(chirpAt(1, NOW));
    expect(filter.read(report(advA, advData, { rssi: 127 }), NOW)?.rssiDbm).toBe(-127);
  });

  it("turns away other companies, versions, ages above 10, connectable frames, public addresses and weak hearings", () => {
    const filter = new FrameFilter(CODECS, { ...settings, rssiFloorDbm: -80 });
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
    for (const r of refused) expect(filter.read(r, NOW)).toBeUndefined();
    expect(filter.ignored).toBe(refused.length);
    expect(filter.read(report(advA, advData, { rssi: -81 }), NOW)).toBeUndefined();
    expect(filter.weak).toBe(1);
  });

  it("hears Apple Find My frames only where the configuration says so", () => {
    const data = Buffer.from(`1eff4c001219${"00".repeat(25)}`, "hex");
    const address = Buffer.from("c11122334455", "hex");
    expect(new FrameFilter(CODECS, settings).read(report(address, data), NOW)).toBeUndefined();
    expect(
      new FrameFilter(CODECS, { ...settings, kinds: 1 << Beacon.FindMy }).read(report(address, data), NOW)?.kind,
    ).toBe(Beacon.FindMy);
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
