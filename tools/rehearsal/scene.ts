// What a run replays: people and repeaters, who is near whom when, who falls ill, and what the wearers do meanwhile.

import { MAX_UPLOAD_HOURS } from "../../protocol/report/uploadFile";
import { CONTACT_SECONDS, type Contact, ContactFileError, type Scene, select } from "../sim/contacts/contactList";
import type { Encounter } from "./result";

const HOUR_S = 3600;
const DAY_HOURS = 24;
/** The day ends with the hours of the embargo and of the export, which are in the upload too. */
const MAX_HOURS = MAX_UPLOAD_HOURS - DAY_HOURS;

export interface Participant {
  readonly id: string;
  readonly name: string;
}

/** A wearer stops the keyfob's chirps for a while (or its battery falls out). Half-open, Unix seconds. */
export interface QuietSpan {
  readonly id: string;
  readonly fromS: number;
  readonly toS: number;
}

/** Hours that an infected person leaves out of the export; half-open, Unix hours. */
export interface Redaction {
  readonly id: string;
  readonly fromHour: number;
  readonly toHour: number;
}

/** Everything about a run but the radio and the seed of chance. Times are Unix seconds of the contact list. */
export interface LoopScene {
  readonly name: string;
  readonly title: string;
  readonly fromS: number;
  readonly toS: number;
  readonly people: readonly Participant[];
  readonly repeaters: readonly Participant[];
  /** Between people, and between people and repeaters, by id. */
  readonly contacts: readonly Contact[];
  readonly diagnosed: readonly string[];
  readonly redactions: readonly Redaction[];
  readonly snoozes: readonly QuietSpan[];
  /** Where people meet, for the report; empty where nobody knows. */
  readonly meetings: readonly Gathering[];
}

/** Several people (and repeaters) close together. */
export interface Gathering {
  readonly who: readonly string[];
  readonly place: string;
  readonly fromS: number;
  readonly toS: number;
}

/** The 20-second contacts of a meeting, as a contact list has them. */
export function contactsOfMeeting({ who, fromS, toS }: Gathering): Contact[] {
  const contacts: Contact[] = [];
  for (let endS = fromS + CONTACT_SECONDS; endS <= toS; endS += CONTACT_SECONDS)
    who.forEach((a, i) => {
      for (const b of who.slice(i + 1)) contacts.push({ endS, a, b });
    });
  return contacts;
}

/** What the command line says about a contact list. */
export interface ListChoice {
  readonly name: string;
  readonly contacts: readonly Contact[];
  readonly people?: number | readonly string[];
  readonly fromS?: number;
  readonly toS?: number;
  /** Default: the person with most contacts. */
  readonly diagnosed?: readonly string[];
  readonly repeaters: number;
}

/**
 * A scene from a contact list. A list says nothing of counters, so the n-th repeater stands beside the n-th busiest
 * person who stays well, as on the counter of somebody who serves others: whoever meets that person is near it too.
 *
 * @throws ContactFileError for people who are not in the list or the span, and for a span longer than an upload
 */
export function sceneOfList(choice: ListChoice): LoopScene {
  const { name, contacts, people, fromS, toS } = choice;
  const scene = select(contacts, {
    ...(people === undefined ? {} : { people }),
    ...(fromS === undefined ? {} : { fromS }),
    ...(toS === undefined ? {} : { toS }),
  });
  const hours = Math.ceil((scene.toS - scene.fromS) / HOUR_S);
  if (hours > MAX_HOURS)
    throw new ContactFileError(
      `the span is ${Math.ceil(hours / DAY_HOURS)} days long, but a keyfob keeps the seeds of ${MAX_UPLOAD_HOURS / DAY_HOURS}: choose less of the list with --from and --to`,
    );
  const diagnosed = choice.diagnosed ?? scene.people.slice(0, 1);
  const absent = diagnosed.filter((id) => !scene.people.includes(id));
  if (absent.length > 0)
    throw new ContactFileError(`diagnosed people who are not among those of this run: ${absent.join(", ")}`);
  const hosts = scene.people.filter((id) => !diagnosed.includes(id)).slice(0, choice.repeaters);
  if (hosts.length < choice.repeaters)
    throw new ContactFileError(
      `${choice.repeaters} repeaters need as many people who stay well; there are ${hosts.length}`,
    );
  const repeaters = hosts.map((host, i) => ({ id: `repeater-${i + 1}`, name: `Repeater ${i + 1} (beside ${host})` }));
  return {
    name,
    title: `${scene.people.length} people of ${name}`,
    fromS: scene.fromS,
    toS: scene.toS,
    people: scene.people.map((id) => ({ id, name: id })),
    repeaters,
    contacts: hosts.reduce<readonly Contact[]>(
      (all, host, i) => withRepeater(all, scene, host, repeaters[i]?.id ?? ""),
      scene.contacts,
    ),
    diagnosed,
    redactions: [],
    snoozes: [],
    meetings: [],
  };
}

function withRepeater(contacts: readonly Contact[], scene: Scene, host: string, repeater: string): Contact[] {
  const visits = scene.contacts.filter(({ a, b }) => a === host || b === host);
  const ends = [...new Set(visits.map(({ endS }) => endS))];
  return [
    ...contacts,
    ...visits.map(({ endS, a, b }) => ({ endS, a: a === host ? b : a, b: repeater })),
    ...ends.map((endS) => ({ endS, a: host, b: repeater })),
  ].sort((x, y) => x.endS - y.endS);
}

/** Contacts of two that follow each other without a gap, joined; in order of their beginning. */
export function encountersOf(scene: Pick<LoopScene, "contacts" | "meetings" | "fromS" | "toS">): Encounter[] {
  const open = new Map<string, { a: string; b: string; fromS: number; toS: number }>();
  const joined: { a: string; b: string; fromS: number; toS: number }[] = [];
  for (const { endS, a, b } of scene.contacts) {
    const key = [a, b].sort().join("\n");
    const fromS = Math.max(endS - CONTACT_SECONDS, scene.fromS);
    const toS = Math.min(endS, scene.toS);
    const run = open.get(key);
    if (run && run.toS >= fromS) run.toS = Math.max(run.toS, toS);
    else {
      const begun = { a, b, fromS, toS };
      open.set(key, begun);
      joined.push(begun);
    }
  }
  return joined.map((run) => {
    const meeting = scene.meetings.find(
      ({ who, fromS, toS }) => who.includes(run.a) && who.includes(run.b) && fromS < run.toS && run.fromS < toS,
    );
    return meeting ? { ...run, place: meeting.place } : run;
  });
}
