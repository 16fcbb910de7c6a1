// Why a keyfob's answer is not the contact list's: one reason for every minute.

import { hourOfMinute } from "../../protocol/base/time";
import type { Difference, DifferenceKind } from "./result";
import type { LoopScene, QuietSpan } from "./scene";
import type { GroundTruth, PairTruth } from "./truth";
import type { LoggedMinutes } from "./witness";

/** Seconds of contact in a minute up to which it counts as a brief touch: one line of a contact list. */
const BRIEF_SECONDS = 20;

/** What is known beside the contact list. */
export interface Circumstances {
  readonly scene: LoopScene;
  readonly truth: GroundTruth;
  /** When keyfobs and repeaters had no power. */
  readonly powerLosses: readonly QuietSpan[];
}

const TEXTS: Record<DifferenceKind, (minutes: number, infected: string) => string> = {
  redacted: (n, who) => `${minutesOf(n)} in an hour that ${who} left out of the upload`,
  snoozed: (n, who) => `${minutesOf(n)} during which ${who}'s keyfob was snoozed and sent nothing`,
  noPower: (n) =>
    `${minutesOf(n)} in which one of the two keyfobs lost power, or right before, when they were not yet in its flash`,
  brief: (n) => `${minutesOf(n)} of which the contact lasted ${BRIEF_SECONDS} seconds or less, and no chirp was heard`,
  notHeard: (n) => `${minutesOf(n)} in which no chirp was heard although the contact lasted longer`,
  clockEdge: (n) => `${minutesOf(n)} right beside a minute of contact: the two clocks were not quite the same`,
  false: (n) => `${minutesOf(n)} that the contact list does not know`,
};

/** The differences of one person and one infected person, by hour and reason. */
export function differencesOf(
  circumstances: Circumstances,
  id: string,
  infected: string,
  truth: PairTruth,
  logged: LoggedMinutes,
): Difference[] {
  const tally = new Map<string, { hour: number; path: Difference["path"]; kind: DifferenceKind; minutes: number }>();
  const add = (minute: number, path: Difference["path"], kind: DifferenceKind, sign: 1 | -1): void => {
    const hour = hourOfMinute(minute);
    const key = `${hour} ${path} ${kind} ${sign}`;
    const entry = tally.get(key) ?? { hour, path, kind, minutes: 0 };
    entry.minutes += sign;
    tally.set(key, entry);
  };
  for (const minute of truth.direct)
    if (!logged.direct.has(minute))
      add(minute, "direct", whyMissing(circumstances, id, infected, minute, "direct"), -1);
  for (const minute of truth.shared)
    if (!logged.shared.has(minute))
      add(minute, "shared", whyMissing(circumstances, id, infected, minute, "shared"), -1);
  for (const minute of logged.direct)
    if (!truth.direct.has(minute)) add(minute, "direct", whyExtra(minute, truth.direct), 1);
  for (const minute of logged.shared) {
    if (truth.shared.has(minute)) continue;
    // A chirp that was missed when it was sent and heard from the repeater later: a contact, only weighted less.
    add(minute, "shared", truth.direct.has(minute) ? "notHeard" : whyExtra(minute, truth.shared), 1);
  }
  const name = circumstances.scene.people.find((person) => person.id === infected)?.name ?? infected;
  return [...tally.values()]
    .sort((x, y) => x.hour - y.hour || x.kind.localeCompare(y.kind))
    .map((entry) => ({ id, from: infected, ...entry, text: TEXTS[entry.kind](Math.abs(entry.minutes), name) }));
}

function whyMissing(
  { scene, truth, powerLosses }: Circumstances,
  id: string,
  infected: string,
  minute: number,
  path: Difference["path"],
): DifferenceKind {
  const hour = hourOfMinute(minute);
  if (scene.redactions.some((r) => r.id === infected && hour >= r.fromHour && hour < r.toHour)) return "redacted";
  if (covers(scene.snoozes, [infected], minute)) return "snoozed";
  if (covers(powerLosses, [id, infected], minute)) return "noPower";
  if (path === "direct" && truth.secondsIn(id, infected, minute) <= BRIEF_SECONDS) return "brief";
  return "notHeard";
}

function whyExtra(minute: number, truth: ReadonlySet<number>): DifferenceKind {
  return truth.has(minute - 1) || truth.has(minute + 1) ? "clockEdge" : "false";
}

function covers(pauses: readonly QuietSpan[], ids: readonly string[], minute: number): boolean {
  return pauses.some(({ id, fromS, toS }) => ids.includes(id) && fromS < (minute + 1) * 60 && toS > minute * 60);
}

function minutesOf(minutes: number): string {
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}
