// Answers beside the truth.

import { hourOfMinute } from "../../protocol/base/time";
import { DEFAULT_SCORE } from "../../protocol/match/defaultScore";
import { adviceFor, weightedMinutes } from "../../protocol/match/score";
import type { HourResult } from "../keyfob/keyfobWire";
import { type Circumstances, differencesOf } from "./differences";
import type { Advice, ContactClass, DeviceCounts, Difference, HourAnswer, LoopResult, PersonAnswer } from "./result";
import { encountersOf, type LoopScene } from "./scene";
import type { PairTruth } from "./truth";
import type { LoggedMinutes } from "./witness";

/** What came back from one keyfob. Hours and minutes are in the time of the contact list. */
export interface KeyfobAnswer {
  readonly id: string;
  readonly results: readonly HourResult[];
  readonly counts: DeviceCounts;
  /** What its log holds of each infected person's published chirps. */
  readonly logged: ReadonlyMap<string, LoggedMinutes>;
}

/** The part of a result that compares. */
export type Evaluation = Pick<
  LoopResult,
  | "people"
  | "precision"
  | "recall"
  | "sharedPrecision"
  | "sharedRecall"
  | "differences"
  | "unexplainedMinutes"
  | "contacts"
>;

const NOTHING: LoggedMinutes = { direct: new Set(), shared: new Set() };
const HOURS_OF_DAY = 24;

/** Contact lengths in minutes that the report tells apart. */
const CLASSES: readonly (readonly [number, number | undefined])[] = [
  [1, 1],
  [2, 4],
  [5, 14],
  [15, undefined],
];

/** Shares of what was counted and of what there was to count. */
class Share {
  private right = 0;
  private of = 0;

  add(right: number, of: number): void {
    this.right += right;
    this.of += of;
  }

  /** 1 where there was nothing to get right. */
  get value(): number {
    return this.of === 0 ? 1 : this.right / this.of;
  }
}

/** Compares every keyfob's answer with the contact list. */
export function evaluate(circumstances: Circumstances, answers: readonly KeyfobAnswer[]): Evaluation {
  const { scene, truth } = circumstances;
  const shares = {
    precision: new Share(),
    recall: new Share(),
    sharedPrecision: new Share(),
    sharedRecall: new Share(),
  };
  const differences: Difference[] = [];
  const people: PersonAnswer[] = [];
  for (const answer of answers) {
    const pairs = scene.diagnosed.map((infected) => ({
      infected,
      truth: truth.pair(answer.id, infected),
      logged: answer.logged.get(infected) ?? NOTHING,
    }));
    for (const pair of pairs)
      differences.push(...differencesOf(circumstances, answer.id, pair.infected, pair.truth, pair.logged));
    const hours = hoursOf(answer, pairs);
    for (const hour of hours) {
      const right = rightMinutes(pairs, hour.hour);
      const rightDirect = Math.min(hour.direct, right.direct);
      const rightShared = Math.min(hour.shared, right.shared + right.late);
      shares.precision.add(rightDirect, hour.direct);
      shares.recall.add(rightDirect, hour.truth);
      shares.sharedPrecision.add(rightShared, hour.shared);
      shares.sharedRecall.add(Math.min(hour.shared, right.shared), hour.truthShared);
    }
    people.push(personOf(scene, answer, hours));
  }
  return {
    people,
    precision: shares.precision.value,
    recall: shares.recall.value,
    sharedPrecision: shares.sharedPrecision.value,
    sharedRecall: shares.sharedRecall.value,
    differences,
    unexplainedMinutes: differences
      .filter(({ kind }) => kind === "notHeard" || kind === "false")
      .reduce((sum, { minutes }) => sum + Math.abs(minutes), 0),
    contacts: contactClasses(scene, answers),
  };
}

type Pair = { readonly truth: PairTruth; readonly logged: LoggedMinutes };

/** Every hour in which the keyfob or the list has something to say. */
function hoursOf(answer: KeyfobAnswer, pairs: readonly Pair[]): HourAnswer[] {
  const hours = new Map<number, { hour: number; direct: number; shared: number; truth: number; truthShared: number }>();
  const at = (hour: number) => {
    const known = hours.get(hour) ?? { hour, direct: 0, shared: 0, truth: 0, truthShared: 0 };
    hours.set(hour, known);
    return known;
  };
  for (const { hour, direct, shared } of answer.results) {
    at(hour).direct += sum(direct);
    at(hour).shared += sum(shared);
  }
  for (const { truth } of pairs) {
    for (const minute of truth.direct) at(hourOfMinute(minute)).truth++;
    for (const minute of truth.shared) at(hourOfMinute(minute)).truthShared++;
  }
  return [...hours.values()].sort((a, b) => a.hour - b.hour);
}

/** The minutes of an hour that the log has and the list knows. */
function rightMinutes(pairs: readonly Pair[], hour: number) {
  const count = (minutes: ReadonlySet<number>, known: ReadonlySet<number>): number =>
    [...minutes].filter((minute) => hourOfMinute(minute) === hour && known.has(minute)).length;
  const right = { direct: 0, shared: 0, late: 0 };
  for (const { truth, logged } of pairs) {
    right.direct += count(logged.direct, truth.direct);
    right.shared += count(logged.shared, truth.shared);
    right.late += count(logged.shared, truth.direct);
  }
  return right;
}

function personOf(scene: LoopScene, answer: KeyfobAnswer, hours: readonly HourAnswer[]): PersonAnswer {
  const { id, results, counts } = answer;
  const weighted = worstDay(results);
  return {
    id,
    name: scene.people.find((person) => person.id === id)?.name ?? id,
    directMinutes: sum(hours.map(({ direct }) => direct)),
    sharedMinutes: sum(hours.map(({ shared }) => shared)),
    truthMinutes: sum(hours.map(({ truth }) => truth)),
    truthSharedMinutes: sum(hours.map(({ truthShared }) => truthShared)),
    weightedMinutes: Math.round(weighted * 100) / 100,
    advice: adviceFor(DEFAULT_SCORE, weighted) satisfies Advice,
    hours,
    counts,
  };
}

/** Weighted minutes of the UTC day that has most of them. */
function worstDay(results: readonly HourResult[]): number {
  const days = new Map<number, number>();
  for (const { hour, direct, shared } of results) {
    const day = Math.floor(hour / HOURS_OF_DAY);
    days.set(day, (days.get(day) ?? 0) + weightedMinutes(DEFAULT_SCORE, direct, sum(shared)));
  }
  return Math.max(0, ...days.values());
}

/** How well contacts with infected people were found, by their length. */
function contactClasses(scene: LoopScene, answers: readonly KeyfobAnswer[]): ContactClass[] {
  const classes = CLASSES.map(([minMinutes, maxMinutes]) => ({
    minMinutes,
    ...(maxMinutes === undefined ? {} : { maxMinutes }),
    contacts: 0,
    found: 0,
    minutes: 0,
    minutesCounted: 0,
  }));
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  const ill = new Set(scene.diagnosed);
  for (const { a, b, fromS, toS } of encountersOf(scene)) {
    const [infected, other] = ill.has(a) ? [a, b] : [b, a];
    const answer = byId.get(other);
    if (!ill.has(infected) || !answer) continue;
    const logged = answer.logged.get(infected) ?? NOTHING;
    let minutes = 0;
    let counted = 0;
    for (let minute = Math.floor(fromS / 60); minute * 60 < toS; minute++) {
      minutes++;
      if (logged.direct.has(minute)) counted++;
    }
    const kind = classes.find((c) => minutes >= c.minMinutes && minutes <= (c.maxMinutes ?? Number.POSITIVE_INFINITY));
    if (!kind) continue;
    kind.contacts++;
    kind.found += counted > 0 ? 1 : 0;
    kind.minutes += minutes;
    kind.minutesCounted += counted;
  }
  return classes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
