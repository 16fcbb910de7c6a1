// Built-in scenarios are written as a day's plan: who meets whom where, in hours and minutes of one UTC day.

import { contactsOfMeeting, type Gathering, type LoopScene, type Participant } from "../scene";

/** A Monday; far enough after 2024 for a keyfob's clock, and the same at every run. */
const DAY_S = Date.UTC(2026, 10, 16) / 1000;

/** A plan of one day. Times are "hh:mm", or "hh:mm:ss". */
export interface Script {
  readonly name: string;
  readonly title: string;
  readonly from: string;
  readonly to: string;
  /** By id; ids are what meetings name. */
  readonly people: Readonly<Record<string, string>>;
  readonly repeaters?: Readonly<Record<string, string>>;
  /** Place, from, to, and everybody who is there. */
  readonly meetings: readonly (readonly [place: string, from: string, to: string, ...who: string[]])[];
  readonly diagnosed: readonly string[];
  /** Id, from, to: on the hour. */
  readonly redactions?: readonly (readonly [id: string, from: string, to: string])[];
  readonly snoozes?: readonly (readonly [id: string, from: string, to: string])[];
}

/** Turns a plan into a scene. */
export function sceneOfScript(script: Script): LoopScene {
  const meetings: Gathering[] = script.meetings.map(([place, from, to, ...who]) => ({
    who,
    place,
    fromS: secondsOf(from),
    toS: secondsOf(to),
  }));
  return {
    name: script.name,
    title: script.title,
    fromS: secondsOf(script.from),
    toS: secondsOf(script.to),
    people: participants(script.people),
    repeaters: participants(script.repeaters ?? {}),
    contacts: meetings.flatMap(contactsOfMeeting).sort((x, y) => x.endS - y.endS),
    diagnosed: script.diagnosed,
    redactions: (script.redactions ?? []).map(([id, from, to]) => ({
      id,
      fromHour: secondsOf(from) / 3600,
      toHour: secondsOf(to) / 3600,
    })),
    snoozes: (script.snoozes ?? []).map(([id, from, to]) => ({ id, fromS: secondsOf(from), toS: secondsOf(to) })),
    meetings,
  };
}

function participants(named: Readonly<Record<string, string>>): Participant[] {
  return Object.entries(named).map(([id, name]) => ({ id, name }));
}

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  return DAY_S + hours * 3600 + minutes * 60 + seconds;
}
