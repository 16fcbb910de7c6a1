// From the keyfob's hours to days and plain words. Days are UTC days, as on the keyfob, so that its light and this report
// never disagree.

import {
  ATTENUATION_CLASSES,
  adviceFor,
  type DayAdvice,
  type ScoreConfig,
  weightedMinutes,
} from "../../protocol/match/score";
import type { Keyfob } from "../keyfob/keyfob";
import type { ConfigName, HourResult } from "../keyfob/keyfobWire";
import { askWearer } from "./consent";
import { DeskError } from "./deskError";
import type { KeyfobSession } from "./session";

const DAY_HOURS = 24;
const DAY_MS = 86_400_000;
const HUNDREDTHS = 100;

/** What one day comes to. */
export interface ExposureDay {
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
  /** ISO date of the UTC day. */
  readonly date: string;
  /** Direct minutes by attenuation class, closest first. */
  readonly direct: number[];
  /** Shared-space minutes. */
  readonly shared: number;
  /** Minutes after weighing. */
  readonly weighted: number;
  readonly advice: DayAdvice;
  /** Somebody infected asks who may have been the source. */
  readonly reverse: boolean;
}

/** What a keyfob found, for its wearer. */
export interface KeyfobResults {
  /** The weights that this keyfob uses. */
  readonly config: ScoreConfig;
  readonly hours: readonly HourResult[];
  readonly days: readonly ExposureDay[];
}

/** Reads what the keyfob found, after the wearer pressed its button. @throws DeskError, KeyfobError */
export async function readResults(session: KeyfobSession): Promise<KeyfobResults> {
  const { keyfob, tell, signal } = session;
  const { role } = await keyfob.status();
  if (role === "repeater") throw new DeskError("refused", "this is a repeater: it has no results");
  const config = await readScoreConfig(keyfob);
  await askWearer(keyfob, "results", session);
  const hours = await keyfob
    .results((done, of) => tell({ kind: "progress", task: "results", done, of }), signal)
    .finally(() => tell({ kind: "over", task: "results" }));
  return { config, hours, days: summarise(config, hours) };
}

/** Reads the weights that this keyfob uses. */
async function readScoreConfig(keyfob: Keyfob): Promise<ScoreConfig> {
  const values: number[] = [];
  for (const name of SCORE_KEYS) values.push((await keyfob.configGet(name)).value);
  const [near, medium, far, weightNear, weightMedium, weightFar, weightBeyond, weightShared, alertAt, noticeAt] =
    values as [number, number, number, number, number, number, number, number, number, number];
  return {
    limitsDb: [near, medium, far],
    weights: [weightNear, weightMedium, weightFar, weightBeyond].map((weight) => weight / HUNDREDTHS),
    sharedWeight: weightShared / HUNDREDTHS,
    alertAt,
    noticeAt,
  };
}

const SCORE_KEYS: readonly ConfigName[] = [
  "attenuationNearDb",
  "attenuationMediumDb",
  "attenuationFarDb",
  "weightNear",
  "weightMedium",
  "weightFar",
  "weightBeyond",
  "weightShared",
  "alertMinutes",
  "noticeMinutes",
];

/** Sums hours up to days, oldest first. */
export function summarise(config: ScoreConfig, hours: readonly HourResult[]): ExposureDay[] {
  const days = new Map<number, { direct: number[]; shared: number; reverse: boolean }>();
  for (const { hour, direct, shared, reverse } of hours) {
    const day = Math.floor(hour / DAY_HOURS);
    const sum = days.get(day) ?? { direct: new Array<number>(ATTENUATION_CLASSES).fill(0), shared: 0, reverse: false };
    days.set(day, {
      direct: sum.direct.map((minutes, i) => minutes + (direct[i] ?? 0)),
      shared: sum.shared + shared.reduce((total, minutes) => total + minutes, 0),
      reverse: sum.reverse || reverse,
    });
  }
  return [...days.entries()]
    .sort(([a], [b]) => a - b)
    .map(([day, { direct, shared, reverse }]) => {
      const weighted = Math.round(weightedMinutes(config, direct, shared) * HUNDREDTHS) / HUNDREDTHS;
      return { day, date: isoDate(day), direct, shared, weighted, advice: adviceFor(config, weighted), reverse };
    });
}

/** The gravest advice of all days. */
export function overallAdvice(days: readonly ExposureDay[]): DayAdvice {
  if (days.some(({ advice }) => advice === "alert")) return "alert";
  return days.some(({ advice }) => advice === "notice") ? "notice" : "none";
}

/** What it means, in plain words; nothing medical beyond "talk to your health service". */
export function headline(days: readonly ExposureDay[]): string {
  switch (overallAdvice(days)) {
    case "alert":
      return "You were near somebody who was diagnosed later, close or long enough to matter. Talk to your health service.";
    case "notice":
      return "You were near somebody who was diagnosed later, but not close or long enough for an alert. If in doubt, talk to your health service.";
    default:
      return days.length === 0
        ? "No encounter with anybody who was diagnosed and shared it was found. That is no proof that there was none."
        : "You were briefly or distantly near somebody who was diagnosed later; it counts for little. If in doubt, talk to your health service.";
  }
}

/** Said besides, where somebody asks for possible sources. */
export const REVERSE_WORDS =
  "Somebody who was diagnosed asks from whom they may have got it, and you were near them at that time: you may have been infected before them without noticing. Talk to your health service.";

/** Names of the attenuation classes, closest first. */
export const CLOSENESS = ["very close", "close", "some way off", "far off"] as const;

/** "1.75 for each very close minute, 1 for ...": how minutes count. */
export function weightsInWords(config: ScoreConfig): string {
  const direct = CLOSENESS.map((name, i) => `${config.weights[i]} for each minute ${name}`);
  return `A minute counts ${direct.join(", ")}, and ${config.sharedWeight} for each minute in a place where somebody diagnosed had been up to ten minutes before. From ${config.alertAt} on a day is an alert, from ${config.noticeAt} on a notice.`;
}

/** When the days of the report begin in local time: "A day runs from 19:00 to 19:00". */
export function dayBoundsInWords(day: number): string {
  const start = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(
    day * DAY_MS,
  );
  return start === "00:00"
    ? "A day runs from midnight to midnight."
    : `As on the keyfob, a day begins at midnight UTC, which is ${start} here.`;
}

/** What no keyfob can hide or know (docs/threat-model.md): said wherever an encounter is shown. */
export const LIMITS_IN_WORDS =
  "The keyfob knows neither who it was nor where. If you met only one person that day you may guess; keep that to yourself. Somebody who carries signals from one place to another by radio can make a keyfob find an encounter that was none.";

/** "Fri 20 Nov 2026" for a day number. */
export function formatDay(day: number): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: "UTC",
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  }).format(day * DAY_MS);
}

function isoDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
