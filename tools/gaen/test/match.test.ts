import { describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { sealAem } from "../../../protocol/beacon/gaen";
import { KeySchedule } from "../keySchedule";
import { keysOfExports, ScanMatcher } from "../match";
import { parseScans, type Scan } from "../scans";
import type { Tek } from "../tek";

const START = 2_649_888;
const TEK: Tek = { key: Buffer.alloc(16, 7), start: START, period: 144, risk: 0, reportType: 1, onsetDays: 0 };
const OTHER: Tek = { ...TEK, key: Buffer.alloc(16, 8), reportType: 3, onsetDays: undefined };
const TX_POWER = -20;

/** A sighting of a key's RPI of the interval `interval` after its start, `minute` minutes into that interval. */
function sighting(tek: Tek, interval: number, minute: number, rssi: number, txPower = TX_POWER): Scan {
  const schedule = new KeySchedule(tek.key);
  const { rpis } = schedule.expand(tek.start + interval, 1);
  const aem = sealAem(txPower, schedule.keystreamOf(rpis));
  return { timeS: ((tek.start + interval) * 10 + minute) * 60 + 7, rssi, rpi: rpis, aem };
}

const match = (scans: Scan[], ...teks: Tek[]) => new ScanMatcher(scans).match(teks);

describe("sightings of a phone whose key was published", () => {
  it("count as distinct minutes, by the attenuation that its metadata tell", () => {
    const scans = [
      sighting(TEK, 5, 0, -70),
      sighting(TEK, 5, 0, -60),
      sighting(TEK, 5, 1, -80),
      sighting(TEK, 5, 2, -90),
      sighting(TEK, 5, 3, -100),
    ];
    const { matches, days, matchedScans } = match(scans, TEK);
    expect(matchedScans).toBe(5);
    expect(matches).toHaveLength(1);
    expect(matches[0]?.minutesByClass).toEqual([1, 1, 1, 1]);
    expect(matches[0]?.encounters).toEqual([
      {
        rpi: scans[0]?.rpi,
        interval: START + 5,
        firstMinute: (START + 5) * 10,
        lastMinute: (START + 5) * 10 + 3,
        minutes: 4,
        txPower: TX_POWER,
        maxRssi: -60,
        attenuationDb: 40,
        attenuationClass: 0,
      },
    ]);
    // 1.75 + 1 + 0.33 + 0, and a confirmed test on the day of onset weighs half as much again.
    expect(days).toEqual([
      { day: Math.floor(START / 144), minutes: 4, weightedMinutes: expect.closeTo(4.62, 9), advice: "none" },
    ]);
  });

  it("are of one person in the minute in which the RPI changes", () => {
    const change = [sighting(TEK, 5, 10, -80), sighting(TEK, 6, 0, -60)];
    const { matches } = match(change, TEK);
    expect(matches[0]?.encounters.map(({ minutes }) => minutes)).toEqual([1, 1]);
    expect(matches[0]?.minutesByClass).toEqual([1, 0, 0, 0]);
  });

  it("of two people in one minute are two minutes of the day", () => {
    const { days } = match([sighting(TEK, 5, 0, -60), sighting(OTHER, 5, 0, -60)], TEK, OTHER);
    expect(days[0]).toMatchObject({ minutes: 2, weightedMinutes: 1.75 * 1.5 + 1.75 * 0.5 });
  });

  it.each([-1, 0, 12 * 10 + 9, -12 * 10])("count %i minutes from the start of their interval", (minute) => {
    expect(match([sighting(TEK, 20, minute, -60)], TEK).matchedScans).toBe(1);
  });

  it.each([13 * 10, -12 * 10 - 1, 1440, -1440, 100_000])(
    "are replays %i minutes from it, and are counted as such",
    (minute) => {
      const report = match([sighting(TEK, 20, minute, -60)], TEK);
      expect(report).toMatchObject({ matches: [], days: [], matchedScans: 0 });
      expect(report.refusedScans).toEqual({ outsideTolerance: 1, metadataVersion: 0, txPower: 0 });
    },
  );

  it("do not count with metadata of an unknown version, or with a transmit power that no phone has", () => {
    const good = sighting(TEK, 5, 0, -60);
    const version = { ...good, aem: Buffer.from(good.aem.map((byte, i) => (i === 0 ? byte ^ 0xc0 : byte))) };
    const scans = [version, sighting(TEK, 5, 0, -60, 21), sighting(TEK, 5, 0, -60, -51)];
    expect(match(scans, TEK)).toMatchObject({
      matches: [],
      refusedScans: { outsideTolerance: 0, metadataVersion: 1, txPower: 2 },
    });
    expect(match([sighting(TEK, 5, 0, -60, 20), sighting(TEK, 5, 0, -60, -50)], TEK).matchedScans).toBe(2);
  });

  it("count only in the intervals that the key lasted", () => {
    const short = { ...TEK, period: 6 };
    expect(match([sighting(TEK, 5, 0, -60)], short).matchedScans).toBe(1);
    expect(match([sighting(TEK, 6, 0, -60)], short).matchedScans).toBe(0);
  });

  it("find nobody among strangers' keys", () => {
    const strangers = Array.from({ length: 50 }, (_, i) => ({ ...TEK, key: Buffer.alloc(16, i + 100) }));
    expect(match([sighting(TEK, 5, 0, -60)], ...strangers).matches).toEqual([]);
    expect(match([], TEK).matches).toEqual([]);
  });

  it("weigh by report type and onset", () => {
    const weightOf = (change: Partial<Tek>) =>
      match([sighting(TEK, 5, 0, -60)], { ...TEK, ...change }).matches[0]?.weight;
    const onsets = [-6, -5, -3, -2, 4, 5, 10, 11, undefined];
    expect(onsets.map((onsetDays) => weightOf({ onsetDays }))).toEqual([0, 1, 1, 1.5, 1.5, 1, 1, 0, 1]);
    expect([0, 1, 2, 3, 4].map((reportType) => weightOf({ reportType, onsetDays: 6 }))).toEqual([1, 1, 1, 0.5, 0]);
  });
});

describe("the keys of several exports", () => {
  const added = (...teks: Tek[]) => ({ added: teks, revised: [] });

  it("count once, as the last file says", () => {
    const again = { ...TEK, onsetDays: 3 };
    expect(keysOfExports([added(TEK, OTHER), added(again)])).toEqual([again, OTHER]);
  });

  it("are gone once a later file revokes them, and nothing revokes what no file has", () => {
    const revoked = { ...TEK, reportType: 5 };
    expect(keysOfExports([added(TEK, OTHER), { added: [], revised: [revoked] }])).toEqual([OTHER]);
    expect(keysOfExports([{ added: [], revised: [{ ...OTHER, reportType: 1 }] }])).toEqual([]);
    const better = { ...OTHER, reportType: 1 };
    expect(keysOfExports([added(OTHER), { added: [], revised: [better] }])).toEqual([better]);
  });
});

describe("a list of sightings", () => {
  const one = { time: 1_590_000_000, rssi: -60, rpi: "00".repeat(16), aem: "01020304" };

  it("is read with times in Unix seconds or with their zone", () => {
    const read = parseScans(JSON.stringify([one, { ...one, time: "2020-05-20T20:40:00+02:00" }]));
    expect(read[0]).toEqual({
      timeS: 1_590_000_000,
      rssi: -60,
      rpi: Buffer.alloc(16),
      aem: Buffer.from("01020304", "hex"),
    });
    expect(read[1]?.timeS).toBe(1_590_000_000);
  });

  it.each<[unknown, string]>([
    [{}, "scans at offset 0: must be a list"],
    [[1], "scans.0"],
    [[one, { ...one, time: undefined }], "scans.1.time"],
    [[{ ...one, time: 1_590_000_000_000 }], "scans.0.time at offset 0: must be Unix seconds"],
    [[{ ...one, time: "2020-05-20T20:40:00" }], "scans.0.time"],
    [[{ ...one, time: "2020-99-99T20:40:00Z" }], "scans.0.time"],
    [[{ ...one, rssi: "-60" }], "scans.0.rssi"],
    [[{ ...one, rssi: -129 }], "scans.0.rssi"],
    [[{ ...one, rpi: "00" }], "scans.0.rpi at offset 0: must be 16 bytes"],
    [[{ ...one, aem: "0102030x" }], "scans.0.aem"],
  ])("such as %j is refused", (value, message) => {
    expect(() => parseScans(JSON.stringify(value))).toThrow(message);
    expect(() => parseScans(JSON.stringify(value))).toThrow(FormatError);
  });

  it("that is no JSON is refused", () => {
    expect(() => parseScans("time,rssi")).toThrow("is not JSON");
  });
});
