// From a cohort to the sizes of its study, and to each participant's records.

import { firstMinuteOfHour } from "../../../protocol/base/time";
import { DEFAULT_SCORE } from "../../../protocol/match/defaultScore";
import { StudyError } from "../base/errors";
import {
  type ChirpsAnswer,
  type ChirpsData,
  chirpsAnswer,
  chirpsTable,
  DAY_MINUTES,
  minutesOfDay,
  rowsOfDay,
} from "../circuits/chirpsRecords";
import type { Shape } from "../circuits/circuit";
import { type CollisionAnswer, collisionAnswer, collisionTable } from "../circuits/collisionRecords";
import type { PlainTable, RandomWords } from "../circuits/records";
import { MAX_DAYS, MAX_SLOTS } from "../plan/descriptor";
import type { Cohort } from "../plan/inputs";

/** Sizes that leave nothing of a cohort out. */
export interface CohortSizes {
  readonly days: number[];
  readonly heard: number;
  readonly own: number;
}

/** @throws StudyError if the cohort is larger than a study may be */
export function sizesOf(cohort: Cohort): CohortSizes {
  const sizes =
    cohort.circuit === "collision"
      ? collisionSizes(cohort.people.map((p) => p.encounters.length))
      : chirpsSizes(cohort.people);
  if (sizes.days.length > MAX_DAYS)
    throw new StudyError(`the cohort's data are from ${sizes.days.length} days, a study has ${MAX_DAYS} at most`);
  if (Math.max(sizes.heard, sizes.own) > MAX_SLOTS)
    throw new StudyError(
      `somebody has ${Math.max(sizes.heard, sizes.own)} records a day, a study has ${MAX_SLOTS} at most`,
    );
  return sizes;
}

function collisionSizes(encounters: readonly number[]): CohortSizes {
  // Times of `collision` are in whatever unit; its window is of no meaning here.
  return { days: [0], heard: most(encounters), own: 1 };
}

function chirpsSizes(people: readonly ChirpsData[]): CohortSizes {
  const dayOf = (hour: number): number => Math.floor(firstMinuteOfHour(hour) / DAY_MINUTES);
  const found = new Set(people.flatMap(({ seeds, rows }) => [...seeds, ...rows].map(({ hour }) => dayOf(hour))));
  const days = found.size === 0 ? [0] : [...found].sort((a, b) => a - b);
  if (days.length > MAX_DAYS) return { days, heard: 1, own: 1 };
  const counts = (count: (data: ChirpsData, day: number) => number): number =>
    most(people.flatMap((data) => days.map((day) => count(data, day))));
  return {
    days,
    heard: counts((data, day) => rowsOfDay(data, day).length),
    own: counts((data, day) => minutesOfDay(data, day).length),
  };
}

function most(counts: readonly number[]): number {
  return counts.reduce((most, count) => Math.max(most, count), 1);
}

/** Records of the cohort's `index`th member, or of a bystander without any if there is none. */
export function recordsOf(
  cohort: Cohort,
  index: number,
  days: readonly number[],
  shape: Shape,
  random: RandomWords,
): PlainTable[] {
  if (cohort.circuit === "chirps") {
    const data = cohort.people[index] ?? { infectious: undefined, seeds: [], rows: [] };
    return days.map((day) => chirpsTable(data, day, shape, random));
  }
  const bystander = { number: 0xffffffff - index, infected: false, from: undefined, until: undefined, encounters: [] };
  return [collisionTable(cohort.people[index] ?? bystander, shape, random)];
}

/** What an answer says, from its words of each table. */
export type StudyAnswer =
  | ({ readonly circuit: "collision" } & CollisionAnswer)
  | { readonly circuit: "chirps"; readonly days: readonly ChirpsAnswer[] };

export function readAnswer(
  circuit: Cohort["circuit"],
  words: readonly Uint32Array[],
  days: readonly number[],
  shape: Shape,
): StudyAnswer {
  if (circuit === "collision") return { circuit, ...collisionAnswer(words[0] as Uint32Array) };
  return {
    circuit,
    days: days.map((day, i) => chirpsAnswer(words[i] as Uint32Array, day, shape, DEFAULT_SCORE)),
  };
}
