import { describe, expect, it } from "vitest";
import { firstMinuteOfHour, hourOfMinute } from "../../../protocol/base/time";
import { chirpOf } from "../../../protocol/beacon/chirp";
import { Beacon } from "../../../protocol/beacon/sighting";
import { decodeRow, sealRow } from "../../../protocol/log/contactRow";
import { DEFAULT_SCORE } from "../../../protocol/match/defaultScore";
import { LoadedRows } from "../../../protocol/match/loadedRows";
import { HourMatcher } from "../../../protocol/match/matching";
import { adviceFor, attenuationClass, attenuationDb, isDirect, weightedMinutes } from "../../../protocol/match/score";
import { nativeSha256 } from "../../base/sha256";
import { SeededRandom } from "../../sim/core/random";
import { chirpsCircuit } from "../circuits/chirps";
import {
  type ChirpsAnswer,
  type ChirpsData,
  chirpsAnswer,
  chirpsTable,
  minutesOfDay,
  rowsOfDay,
} from "../circuits/chirpsRecords";
import { answers, randomWords, together } from "./together";

const DAY = 20_600;
const FIRST_HOUR = DAY * 24;
const CIRCUIT = chirpsCircuit(DEFAULT_SCORE);

interface Keyfob {
  readonly infectious: readonly [number, number] | undefined;
  readonly seeds: { readonly hour: number; readonly seed: Buffer }[];
  readonly rows: { readonly hour: number; readonly row: Buffer }[];
}

const dataOf = (keyfob: Keyfob): ChirpsData => ({
  infectious: keyfob.infectious,
  seeds: keyfob.seeds,
  rows: keyfob.rows.map(({ hour, row }) => ({ hour, row: decodeRow(row) })),
});

/** What each keyfob would answer for a day if all the infectious had published, by the matching of the keyfob itself. */
function published(keyfobs: readonly Keyfob[], day: number): ChirpsAnswer[] {
  return keyfobs.map(({ rows }) => {
    const direct = DEFAULT_SCORE.weights.map(() => 0);
    let shared = 0;
    for (const { infectious, seeds } of keyfobs)
      for (const { hour, seed } of seeds) {
        if (!infectious || Math.floor(hour / 24) !== day) continue;
        const matcher = new HourMatcher(nativeSha256, new LoadedRows(10_000));
        matcher.begin(hour);
        for (const { hour: rowHour, row } of rows) matcher.rows.add(rowHour, row);
        for (const { minute, metadata } of matcher.matchBlock({ hour, seeds: [seed], reverseMask: 0 })) {
          if (minute < infectious[0] || minute >= infectious[1]) continue;
          const level = attenuationClass(DEFAULT_SCORE, attenuationDb(metadata.txPower, metadata.maxRssi));
          if (isDirect(metadata.delay)) direct[level] = (direct[level] as number) + 1;
          else shared++;
        }
      }
    const weighted = weightedMinutes(DEFAULT_SCORE, direct, shared);
    return {
      day,
      direct,
      shared,
      weightedHundredths: Math.round(100 * weighted),
      advice: adviceFor(DEFAULT_SCORE, weighted),
    };
  });
}

async function computed(keyfobs: readonly Keyfob[], day: number, servers = 3): Promise<ChirpsAnswer[]> {
  const data = keyfobs.map(dataOf);
  const shape = {
    participants: keyfobs.length,
    tables: 1,
    heard: Math.max(1, ...data.map((one) => rowsOfDay(one, day).length)),
    own: Math.max(1, ...data.map((one) => minutesOfDay(one, day).length)),
  };
  const tables = data.map((one) => chirpsTable(one, day, shape, randomWords));
  const words = await answers(together(servers), CIRCUIT, shape, tables);
  return words.map((answer) => chirpsAnswer(answer, day, shape, DEFAULT_SCORE));
}

/** Keyfobs that hear one another at all strengths and delays, with clocks a few minutes apart, around the edges of the hours. */
function randomKeyfobs(random: SeededRandom, people: number, hours: readonly number[]): Keyfob[] {
  const below = (limit: number): number => Math.floor(random.unit() * limit);
  const firstMinute = firstMinuteOfHour(hours[0] as number);
  const keyfobs = Array.from({ length: people }, (): Keyfob => {
    const from = firstMinute + below(50);
    return {
      infectious: random.unit() < 0.6 ? [from, from + below(200)] : undefined,
      seeds: hours.map((hour) => ({ hour, seed: Buffer.from(random.bytes(32)) })),
      rows: [],
    };
  });
  for (const listener of keyfobs)
    for (const speaker of keyfobs)
      for (const { hour, seed } of speaker.seeds)
        for (let i = 0; i < 60; i++) {
          if (speaker === listener || random.unit() < 0.7) continue;
          const minute = firstMinuteOfHour(hour) + i;
          const origin = minute + below(7) - 3;
          const delay = random.unit() < 0.6 ? 0 : 1 + below(15);
          const metadata = { maxRssi: below(128) - 128, txPower: below(70) - 50, delay, hearings: 1 + below(15) };
          listener.rows.push({
            hour: hourOfMinute(origin),
            row: sealRow(nativeSha256, Beacon.Pact, chirpOf(nativeSha256, seed, minute), origin, metadata),
          });
        }
  return keyfobs;
}

describe("the circuit `chirps`", () => {
  it("answers what each keyfob would if the infected had published, for every strength, delay and clock", async () => {
    const random = new SeededRandom("chirps 1");
    for (let i = 0; i < 4; i++) {
      const keyfobs = randomKeyfobs(random, 3 + i, [FIRST_HOUR + 7 * i, FIRST_HOUR + 7 * i + 1]);
      const answered = await computed(keyfobs, DAY);
      expect(answered, `${random.name}, cohort ${i}`).toEqual(published(keyfobs, DAY));
      if (i === 3) expect(new Set(answered.map(({ advice }) => advice)).size).toBeGreaterThan(1);
    }
  });

  it("counts a minute on the day of its chirp, wherever across midnight the listener's clock put it", async () => {
    const random = new SeededRandom("midnight 1");
    const keyfobs = randomKeyfobs(random, 4, [FIRST_HOUR + 23, FIRST_HOUR + 24]);
    for (const day of [DAY, DAY + 1])
      expect(await computed(keyfobs, day), random.name).toEqual(published(keyfobs, day));
  });

  it("gives advice at exactly five and fifteen weighted minutes, and not a hundredth below", async () => {
    const seed = Buffer.alloc(32, 7);
    const infected: Keyfob = {
      infectious: [0, 0xffffffff],
      seeds: [{ hour: FIRST_HOUR, seed }],
      rows: [],
    };
    const listener = (minutes: number, repeated: number): Keyfob => ({
      infectious: undefined,
      seeds: [],
      rows: Array.from({ length: minutes + repeated }, (_, i) => {
        const minute = firstMinuteOfHour(FIRST_HOUR) + i;
        const metadata = { maxRssi: -60, txPower: 0, delay: i < minutes ? 0 : 3, hearings: 1 };
        return {
          hour: FIRST_HOUR,
          row: sealRow(nativeSha256, Beacon.Pact, chirpOf(nativeSha256, seed, minute), minute, metadata),
        };
      }),
    });
    const answered = await computed([infected, listener(5, 0), listener(4, 3), listener(15, 0), listener(14, 3)], DAY);
    expect(answered.map(({ weightedHundredths, advice }) => [weightedHundredths, advice])).toEqual([
      [0, "none"],
      [500, "notice"],
      [475, "none"],
      [1500, "alert"],
      [1475, "notice"],
    ]);
  });

  it("draws at random from what is above the study's sizes", async () => {
    const random = new SeededRandom("caps 1");
    const [keyfob] = randomKeyfobs(random, 3, [FIRST_HOUR]) as [Keyfob];
    const shape = { participants: 1, tables: 1, heard: 5, own: 7 };
    const tables = [0, 1].map(() => chirpsTable(dataOf(keyfob), DAY, shape, randomWords));
    expect(keyfob.rows.length).toBeGreaterThan(5);
    expect(tables.map(({ heard, own }) => [heard.length, own.length])).toEqual([
      [30, 63],
      [30, 63],
    ]);
    expect(tables[0]?.heard).not.toEqual(tables[1]?.heard);
  });

  it("answers alike with 5 servers", async () => {
    const random = new SeededRandom("chirps of 5 servers");
    const keyfobs = randomKeyfobs(random, 3, [FIRST_HOUR]);
    expect(await computed(keyfobs, DAY, 5), random.name).toEqual(published(keyfobs, DAY));
  });
});
