// Contact lists of the SocioPatterns project (sociopatterns.org/datasets): lines `t i j`, people i and j face to face during the
// 20 seconds that end at Unix second t. Further columns (school classes) are ignored.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** Seconds that one line stands for. */
export const CONTACT_SECONDS = 20;

/** Keyfobs accept no time from 2100 on, and a run needs some hours after the last contact. */
const BEFORE_S = Date.UTC(2099, 11, 31) / 1000;

/** One line: people a and b were in contact during [endS - 20, endS). */
export interface Contact {
  readonly endS: number;
  readonly a: string;
  readonly b: string;
}

/** A contact list cannot be used; the message names file and line. */
export class ContactFileError extends Error {
  override readonly name = "ContactFileError";
}

const GZIP_MAGIC = 0x8b1f;
/** Windows programs begin a text with it. */
const BYTE_ORDER_MARK = /^\uFEFF/;
/** Names are printed: none may move a terminal's cursor or turn the writing around. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\uFFFD]/u;

/** Reads a contact list, plain or gzipped, in order of time. @throws ContactFileError */
export function readContacts(path: string): Contact[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
    if (bytes.length > 2 && bytes.readUInt16LE(0) === GZIP_MAGIC) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new ContactFileError(`cannot read the contact list ${path}: ${(error as Error).message}`);
  }
  return parseContacts(bytes.toString("utf8"), path);
}

/** Parses the text of a contact list. @param name what to call it in errors. @throws ContactFileError */
export function parseContacts(text: string, name: string): Contact[] {
  const contacts: Contact[] = [];
  for (const [index, line] of text.replace(BYTE_ORDER_MARK, "").split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const refusal = (why: string): ContactFileError => {
      const shown = line.length > 60 ? `${line.slice(0, 60)}...` : line;
      return new ContactFileError(`${name}:${index + 1}: ${why}: ${JSON.stringify(shown.trimEnd())}`);
    };
    const [t = "", a, b] = line.trim().split(/[\s,]+/);
    if (a === undefined || b === undefined) throw refusal("a line needs time and two people (t i j)");
    if (!/^\d{1,11}$/.test(t)) throw refusal("the time must be in whole seconds");
    if (Number(t) >= BEFORE_S) throw refusal("the time must be in Unix seconds before the end of 2099");
    if (UNPRINTABLE.test(a + b)) throw refusal("a person's name must be printable");
    if (a === b) throw refusal("a person is not in contact with himself or herself");
    contacts.push({ endS: Number(t), a, b });
  }
  if (contacts.length === 0) throw new ContactFileError(`${name} holds no contacts`);
  return contacts.sort((x, y) => x.endS - y.endS);
}

/** The people in a list, those with most contacts first (equal ones in order of their names). */
export function peopleOf(contacts: readonly Contact[]): string[] {
  const counts = new Map<string, number>();
  for (const { a, b } of contacts) {
    counts.set(a, (counts.get(a) ?? 0) + 1);
    counts.set(b, (counts.get(b) ?? 0) + 1);
  }
  const names = [...counts.keys()].sort((x, y) => x.localeCompare(y, "en", { numeric: true }));
  return names.sort((x, y) => (counts.get(y) as number) - (counts.get(x) as number));
}

/** What to take of a contact list. */
export interface Selection {
  /** First second, inclusive; default: the beginning of the first contact. */
  readonly fromS?: number;
  /** Last second, exclusive; default: the end of the last contact. */
  readonly toS?: number;
  /** The N with most contacts in the span, or people by name; default: all who have contacts in it. */
  readonly people?: number | readonly string[];
}

/** A selected span of a contact list. */
export interface Scene {
  readonly fromS: number;
  readonly toS: number;
  readonly people: readonly string[];
  /** The contacts between them, cut to the span. */
  readonly contacts: readonly Contact[];
}

/** Picks people and a span. @throws ContactFileError if nobody has a contact in it, or a person is not in the list */
export function select(contacts: readonly Contact[], selection: Selection = {}): Scene {
  const fromS = selection.fromS ?? (contacts[0]?.endS ?? 0) - CONTACT_SECONDS;
  const toS = selection.toS ?? contacts.at(-1)?.endS ?? 0;
  if (toS <= fromS) throw new ContactFileError(`the span from ${momentText(fromS)} to ${momentText(toS)} is empty`);
  const inSpan = contacts.filter((c) => c.endS > fromS && c.endS - CONTACT_SECONDS < toS);
  if (inSpan.length === 0)
    throw new ContactFileError(
      `nobody has a contact from ${momentText(fromS)} to ${momentText(toS)}; the list goes ${spanText(contacts)}`,
    );
  const present = peopleOf(inSpan);
  const { people = present.length } = selection;
  const chosen = typeof people === "number" ? present.slice(0, people) : people;
  if (typeof people !== "number") {
    const known = new Set(peopleOf(contacts));
    const unknown = people.filter((name) => !known.has(name));
    if (unknown.length > 0) throw new ContactFileError(`the contact list does not know ${unknown.join(", ")}`);
  }
  const wanted = new Set(chosen);
  return { fromS, toS, people: chosen, contacts: inSpan.filter((c) => wanted.has(c.a) && wanted.has(c.b)) };
}

function spanText(contacts: readonly Contact[]): string {
  return `from ${momentText((contacts[0]?.endS ?? 0) - CONTACT_SECONDS)} to ${momentText(contacts.at(-1)?.endS ?? 0)}`;
}

/** As the command line takes it, with the number that stands in the list. */
function momentText(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z (${unixSeconds})`;
}

/** The ground truth: the minutes (Unix seconds / 60) in which two people of a scene have a contact. */
export function contactMinutes(scene: Scene, a: string, b: string): Set<number> {
  const minutes = new Set<number>();
  for (const contact of scene.contacts) {
    if (!((contact.a === a && contact.b === b) || (contact.a === b && contact.b === a))) continue;
    const fromS = Math.max(contact.endS - CONTACT_SECONDS, scene.fromS);
    const toS = Math.min(contact.endS, scene.toS);
    for (let m = Math.floor(fromS / 60); m * 60 < toS; m++) minutes.add(m);
  }
  return minutes;
}
