import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../tools/base/sha256";
import type { Sha256 } from "../base/sha256";
import { chirpOf } from "../beacon/chirp";
import { Beacon } from "../beacon/sighting";
import { ROW_BYTES, type RowMetadata, sealRow } from "../log/contactRow";
import { DEFAULT_SCORE } from "../match/defaultScore";
import { LoadedRows } from "../match/loadedRows";
import { HourMatcher, type Match, matchGiven } from "../match/matching";
import { adviceFor, attenuationClass, attenuationDb, isDirect, weightedMinutes } from "../match/score";
import type { ShardBlock } from "../report/shard";
import * as arb from "./arbitraries";

/** Minute 28 of this hour carries into the second byte of the minute number. */
const HOUR = 498_103;
const SEEDS = Array.from({ length: 6 }, (_, i) => Buffer.alloc(32, i + 1));
const BLOCK: ShardBlock = { hour: HOUR, seeds: SEEDS, reverseMask: 0 };
const NEAR: RowMetadata = { maxRssi: -61, txPower: -8, delay: 0, hearings: 4 };

/** The row that hearing a seed's chirp of `minute` leaves, when our clock is `late` minutes behind the sender's. */
function heard(seed: Buffer, minute: number, late = 0, metadata = NEAR): { hour: number; row: Buffer } {
  const origin = minute + late;
  return {
    hour: Math.floor(origin / 60),
    row: sealRow(sha256, Beacon.Pact, chirpOf(sha256, seed, minute), origin, metadata),
  };
}

function matcherWith(rows: { hour: number; row: Buffer }[], hash: Sha256 = sha256): HourMatcher {
  const matcher = new HourMatcher(hash, new LoadedRows(100));
  matcher.begin(HOUR);
  for (const { hour, row } of rows) expect(matcher.rows.add(hour, row)).toBe(true);
  return matcher;
}

describe("matching an hour", () => {
  it("finds a chirp whose clocks differ by up to 2 minutes, and not one further off", () => {
    for (let late = -5; late <= 5; late++) {
      const minute = HOUR * 60 + 30;
      const matches = matcherWith([heard(SEEDS[2] as Buffer, minute, late)]).matchBlock(BLOCK);
      expect(matches, `${late} minutes`).toEqual(Math.abs(late) <= 2 ? [{ minute, index: 2, metadata: NEAR }] : []);
    }
  });

  it("finds rows that lie in the hour before or after the seed's", () => {
    const first = HOUR * 60;
    for (const [minute, late] of [
      [first, -2],
      [first, -1],
      [first + 1, -2],
      [first + 59, 1],
      [first + 59, 2],
      [first + 58, 2],
    ] as const) {
      const row = heard(SEEDS[0] as Buffer, minute, late);
      expect(row.hour).not.toBe(HOUR);
      expect(matcherWith([row]).matchBlock(BLOCK)).toEqual([{ minute, index: 0, metadata: NEAR }]);
    }
  });

  it("agrees with trying every chirp against every row", () => {
    const heardRow = fc.record({
      seed: fc.nat(7),
      minute: fc.integer({ min: -3, max: 63 }),
      late: fc.integer({ min: -4, max: 4 }),
      m: arb.metadata,
    });
    fc.assert(
      fc.property(
        fc.array(heardRow, { maxLength: 40 }),
        fc.array(arb.row, { maxLength: 20 }),
        (heardRows, strangers) => {
          const seedOf = (i: number) => SEEDS[i] ?? Buffer.alloc(32, 0x99);
          const rows = [
            ...heardRows.map(({ seed, minute, late, m }) => heard(seedOf(seed), HOUR * 60 + minute, late, m)),
            ...strangers.map((row) => ({ hour: HOUR, row })),
          ];
          const found = matcherWith(rows)
            .matchBlock(BLOCK)
            .map(({ index, minute }) => `${index}:${minute}`);
          const expected = new Set<string>();
          SEEDS.forEach((seed, index) => {
            for (let minute = HOUR * 60; minute < HOUR * 60 + 60; minute++) {
              const tag = chirpOf(sha256, seed, minute).subarray(0, 8);
              for (const { hour, row } of rows)
                if (row.subarray(0, 8).equals(tag) && Math.abs(hour * 60 + (row[8] as number) - minute) <= 2)
                  expected.add(`${index}:${minute}`);
            }
          });
          expect(new Set(found)).toEqual(expected);
          expect(found).toHaveLength(expected.size);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("counts a chirp once however many rows it left, and believes the most direct and strongest", () => {
    const minute = HOUR * 60 + 10;
    const rows = [
      heard(SEEDS[1] as Buffer, minute, 0, { ...NEAR, delay: 6, maxRssi: -40 }),
      heard(SEEDS[1] as Buffer, minute, 0, { ...NEAR, delay: 0, maxRssi: -80 }),
      heard(SEEDS[1] as Buffer, minute, 1, { ...NEAR, delay: 0, maxRssi: -70 }),
      heard(SEEDS[1] as Buffer, minute, -1, { ...NEAR, delay: 1, maxRssi: -30 }),
    ];
    const matches = matcherWith(rows).matchBlock(BLOCK);
    expect(matches).toEqual([{ minute, index: 1, metadata: { ...NEAR, delay: 0, maxRssi: -70 } }]);
  });

  it("stops between the matches of many rows, at places that do not tell what matched, and leaves none out", () => {
    const minutes = Array.from({ length: 45 }, (_, i) => HOUR * 60 + i);
    const steps = (seeds: readonly Buffer[]) => {
      const matcher = matcherWith(seeds.flatMap((seed) => minutes.map((minute) => heard(seed, minute))));
      const found: [number, number][] = [];
      const places: number[] = [];
      for (let place = -1; place !== 0; places.push(place))
        place = matcher.visitMatches(BLOCK, Math.max(0, place), ({ index, minute }) => found.push([index, minute]));
      return { found, places };
    };
    const friends = steps(SEEDS.slice(2, 4));
    const strangers = steps([Buffer.alloc(32, 0xee), Buffer.alloc(32, 0xef)]);
    expect(friends.found).toEqual([2, 3].flatMap((seed) => minutes.map((minute) => [seed, minute])));
    expect(strangers.found).toEqual([]);
    // Eight stops, of which the last is at the end of the block.
    expect(friends.places).toHaveLength((6 * 60) / 45 + 1);
    expect(strangers.places).toEqual(friends.places);
  });

  it("derives nothing in an hour without rows, and else all 60 chirps of each seed, whichever minutes have rows", () => {
    let digests = 0;
    const counting: Sha256 = (message) => {
      digests++;
      return sha256(message);
    };
    const stranger = (minute: number) => heard(Buffer.alloc(32, 0xee), HOUR * 60 + minute);
    const cost = (...minutes: number[]) => {
      const matcher = matcherWith(minutes.map(stranger), counting);
      digests = 0;
      matcher.matchBlock(BLOCK);
      return digests / SEEDS.length;
    };
    expect(cost()).toBe(0);
    expect(cost(-3)).toBe(0);
    expect(cost(62)).toBe(0);
    for (const minutes of [[30], [0], [-2], [61], [30, 31], Array.from({ length: 60 }, (_, i) => i)])
      expect(cost(...minutes)).toBe(60);
  });

  it("says when it is full, and works in slices then", () => {
    const rows = Array.from({ length: 25 }, (_, i) => heard(SEEDS[i % 6] as Buffer, HOUR * 60 + i));
    const matcher = new HourMatcher(sha256, new LoadedRows(10));
    let found = 0;
    let at = 0;
    while (at < rows.length) {
      matcher.begin(HOUR);
      while (
        at < rows.length &&
        matcher.rows.add((rows[at] as { hour: number }).hour, (rows[at] as { row: Buffer }).row)
      )
        at++;
      expect(matcher.rows.count).toBeLessThanOrEqual(10);
      found += matcher.matchBlock(BLOCK).length;
    }
    expect(found).toBe(25);
  });

  it("forgets the hour before", () => {
    const matcher = matcherWith([heard(SEEDS[0] as Buffer, HOUR * 60)]);
    matcher.begin(HOUR + 1);
    expect(matcher.matchBlock({ ...BLOCK, hour: HOUR + 1 })).toEqual([]);
  });

  it("passes over rows that no chirp of the hour can match without keeping them", () => {
    const matcher = new HourMatcher(sha256, new LoadedRows(1));
    matcher.begin(HOUR);
    for (const shift of [-2, -1, 1, 2]) expect(matcher.rows.add(HOUR + shift, Buffer.alloc(ROW_BYTES, 30))).toBe(true);
    expect(matcher.rows.count).toBe(0);
  });
});

describe("matching given identifiers", () => {
  const FROM = HOUR * 60 + 50;
  const MINUTES = 15;
  const KEYS = Array.from({ length: 4 }, (_, i) => Buffer.alloc(28, i + 1));
  const SEEN: RowMetadata = { maxRssi: -61, txPower: 0, delay: 0, hearings: 9 };

  function found(rows: { kind?: Beacon; key: Buffer; minute: number }[]): Match[] {
    const loaded = new LoadedRows(100);
    loaded.begin(Beacon.FindMy, FROM, MINUTES);
    for (const { kind = Beacon.FindMy, key, minute } of rows)
      expect(loaded.add(Math.floor(minute / 60), sealRow(sha256, kind, key, minute, SEEN))).toBe(true);
    const matches: Match[] = [];
    matchGiven(sha256, loaded, KEYS, (match) => matches.push(match));
    return matches;
  }

  it("finds every row of an identifier from 2 minutes before its interval to 2 minutes after it", () => {
    const key = KEYS[2] as Buffer;
    const minutes = Array.from({ length: 30 }, (_, i) => FROM - 7 + i);
    const matches = found(minutes.map((minute) => ({ key, minute })));
    expect(matches.map(({ minute }) => minute).sort()).toEqual(
      minutes.filter((minute) => minute >= FROM - 2 && minute < FROM + MINUTES + 2),
    );
    for (const { index, metadata } of matches) expect([index, metadata]).toEqual([2, SEEN]);
  });

  it("takes rows of the other kinds for nobody's, though their tags are the same", () => {
    const key = KEYS[0] as Buffer;
    for (const kind of [Beacon.Pact, Beacon.Gaen, Beacon.Cx]) expect(found([{ kind, key, minute: FROM }])).toEqual([]);
    expect(found([{ key, minute: FROM }])).toHaveLength(1);
  });

  it("finds nothing of strangers", () => {
    expect(found(Array.from({ length: 50 }, (_, i) => ({ key: Buffer.alloc(28, i + 100), minute: FROM })))).toEqual([]);
  });
});

describe("scores", () => {
  it("sort attenuation into four classes with inclusive limits", () => {
    const classOf = (db: number) => attenuationClass(DEFAULT_SCORE, db);
    expect([55, 56, 67, 68, 75, 76].map(classOf)).toEqual([0, 1, 1, 2, 2, 3]);
    expect(attenuationDb(-8, -61)).toBe(53);
  });

  it("weigh minutes by class, and shared-space minutes a quarter", () => {
    expect(weightedMinutes(DEFAULT_SCORE, [4, 3, 2, 9], 8)).toBeCloseTo(4 * 1.75 + 3 + 2 * 0.33 + 8 * 0.25);
  });

  it("call 5 weighted minutes a notice and 15 an alert", () => {
    expect([4.99, 5, 14.99, 15].map((minutes) => adviceFor(DEFAULT_SCORE, minutes))).toEqual([
      "none",
      "notice",
      "notice",
      "alert",
    ]);
  });

  it("take a match for direct only without delay: what is a minute old came from a repeater, with the repeater's strength", () => {
    expect([0, 1, 2, 15].map(isDirect)).toEqual([true, false, false, false]);
  });
});
