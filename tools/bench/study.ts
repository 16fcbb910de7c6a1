// A study of many people: three server processes and all participants on this computer.

import { randomBytes } from "node:crypto";
import { firstMinuteOfHour } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { Beacon } from "../../protocol/beacon/sighting";
import { decodeRow, sealRow } from "../../protocol/log/contactRow";
import { nativeSha256 } from "../base/sha256";
import { SeededRandom } from "../sim/core/random";
import { DAY_MINUTES } from "../study/circuits/chirpsRecords";
import { sizesOf } from "../study/client/cohortRecords";
import type { Cohort } from "../study/plan/inputs";
import { type Simulation, simulateStudy } from "../study/simulate/simulate";
import { printMeasurements } from "./table";

const SERVERS = 3;
const DAY = 20_600;
/** The busiest day of a conference (see docs/study.md, "Cost"): rows that most people stay below, and hours that they were there. */
const ROWS_A_DAY = 600;
const HOURS_A_DAY = 4;
const MILLION = 1_000_000;

/** People of whom 5 % are infected and everybody met as many others as the list holds. */
function collisionCohort(people: number, encounters: number): Cohort {
  const random = new SeededRandom(`collision ${people}`);
  const below = (limit: number): number => Math.floor(random.unit() * limit);
  return {
    circuit: "collision",
    ids: Array.from({ length: people }, (_, i) => String(i)),
    people: Array.from({ length: people }, (_, number) => ({
      number,
      infected: random.unit() < 0.05,
      from: below(MILLION),
      until: undefined,
      encounters: Array.from({ length: encounters }, () => ({ with: below(people), t0: below(MILLION), dummy: false })),
    })),
  };
}

/** Keyfobs of a day, whose rows are from one another's chirps. */
function chirpsCohort(people: number): Cohort {
  const random = new SeededRandom(`chirps ${people}`);
  const below = (limit: number): number => Math.floor(random.unit() * limit);
  const firstHour = (DAY * DAY_MINUTES) / 60 + 9;
  const seeds = Array.from({ length: people }, () =>
    Array.from({ length: HOURS_A_DAY }, (_, i) => ({ hour: firstHour + i, seed: randomBytes(32) })),
  );
  return {
    circuit: "chirps",
    ids: seeds.map((_, i) => String(i)),
    people: seeds.map((own) => ({
      infectious: random.unit() < 0.05 ? ([0, 0xffffffff] as const) : undefined,
      seeds: own,
      rows: Array.from({ length: ROWS_A_DAY }, () => {
        const { hour, seed } = (seeds[below(people)] as typeof own)[below(HOURS_A_DAY)] as (typeof own)[number];
        const minute = firstMinuteOfHour(hour) + below(60);
        const metadata = { maxRssi: -50 - below(45), txPower: 0, delay: below(4) === 0 ? 2 : 0, hearings: 1 };
        const row = sealRow(nativeSha256, Beacon.Pact, chirpOf(nativeSha256, seed, minute), minute, metadata);
        return { hour, row: decodeRow(row) };
      }),
    })),
  };
}

interface Measured {
  readonly name: string;
  readonly people: number;
  readonly records: number;
  readonly wallSeconds: number;
  readonly servers: Simulation["servers"];
}

async function measure(name: string, cohort: Cohort): Promise<Measured> {
  const { heard, own } = sizesOf(cohort);
  const startedMs = performance.now();
  const { servers } = await simulateStudy(cohort, SERVERS, () => undefined, new AbortController().signal);
  const people = cohort.ids.length;
  return {
    name,
    people,
    records: people * (heard + own),
    wallSeconds: (performance.now() - startedMs) / 1000,
    servers,
  };
}

export async function benchStudy(): Promise<void> {
  const measured: Measured[] = [];
  for (const people of [100, 1_000, 10_000])
    measured.push(await measure(`collision, ${people} people, 140 encounters`, collisionCohort(people, 140)));
  for (const people of [100, 1_000])
    measured.push(await measure(`chirps, ${people} people, a day`, chirpsCohort(people)));
  printMeasurements(
    "A study among three server processes on this computer, participants included",
    [
      "study",
      "records",
      "ANDs a record",
      "rounds",
      "sent a server",
      "of it, beyond ANDs and shuffle",
      "processor a server",
      "computing",
      "in all",
    ],
    measured.map(({ name, records, servers, wallSeconds }) => {
      const [{ ands, rounds, bytes, shuffleBytes, seconds, processorSeconds }] = servers as [
        Simulation["servers"][number],
      ];
      const beyond = (bytes - shuffleBytes - ands / 8) / (ands / 8 + shuffleBytes);
      return [
        name,
        String(records),
        (ands / records).toFixed(0),
        String(rounds),
        `${(bytes / 1e6).toFixed(1)} MB`,
        `${(100 * beyond).toFixed(1)} %`,
        `${processorSeconds.toFixed(1)} s`,
        `${seconds.toFixed(1)} s`,
        `${wallSeconds.toFixed(1)} s`,
      ];
    }),
  );
  extrapolate(measured);
}

/** What a million people would take, if it grows as the number of comparisons does. */
function extrapolate(measured: readonly Measured[]): void {
  const rows = ["collision", "chirps"].map((circuit) => {
    const largest = measured.filter(({ name }) => name.startsWith(circuit)).at(-1) as Measured;
    const [{ ands, bytes, processorSeconds }] = largest.servers as [Simulation["servers"][number]];
    const records = (largest.records / largest.people) * MILLION;
    const keyBits = circuit === "collision" ? 33 : 65;
    const factor = (n: number): number => n * (1.386 * Math.log2(n) - 2.85) * (keyBits + Math.ceil(Math.log2(n)));
    const growth = factor(records) / factor(largest.records);
    return [
      circuit,
      String(records),
      `${((ands * growth) / 1e12).toFixed(2)} T`,
      `${((bytes * growth) / 1e9).toFixed(0)} GB`,
      `${((processorSeconds * growth) / 3600).toFixed(1)} h`,
    ];
  });
  printMeasurements(
    "A million people, extrapolated",
    ["circuit", "records", "ANDs", "sent a server", "processor a server"],
    rows,
  );
  console.log(
    "  Assumed: cost grows with N (1.386 log2 N - 2.85) comparisons of as many bits as keys have then; one processor a",
  );
  console.log(
    "  server; memory for all records; messages above 2 GB, which servers refuse now; a day of `chirps` is one run.",
  );
}
