// The file of `chirpfob model network --contacts`: docs/model.md, "Contacts that begin and end".

import { z } from "zod";
import { personName, readModelFile } from "./inputFile";
import { ModelError } from "./modelError";

const MAX_CONTACTS = 1_000_000;
const MAX_VISITS = 10_000;
/** A visit is worked through minute by minute. */
const LONGEST_VISIT = 1440;
const FARTHEST = 1e12;

const time = z.number().min(-FARTHEST).max(FARTHEST);
const CONTACT_FILE = z.strictObject({
  contacts: z.array(z.tuple([personName, personName, time, time])).max(MAX_CONTACTS),
  visits: z
    .array(z.tuple([personName, personName, z.int(), z.int()]))
    .max(MAX_VISITS)
    .default([]),
});

/** A person at a place, in whole minutes. */
export interface Visit {
  readonly person: number;
  readonly place: string;
  readonly from: number;
  readonly until: number;
}

/** Who is in contact with whom, and when; people by their place in `people`. */
export interface ContactNetwork {
  readonly people: readonly string[];
  /** For each person, the others and the spans of contact with each: from, until, from, until, ... ascending, apart. */
  readonly contacts: readonly (readonly { readonly other: number; readonly spans: readonly number[] }[])[];
  readonly visits: readonly Visit[];
}

/**
 * Reads {"contacts": [["A", "B", from, until], ...]}. The order of contacts, and of the two people of each, changes nothing;
 * what overlaps counts once.
 *
 * @throws ModelError
 */
export function readContactNetwork(text: string, name: string): ContactNetwork {
  const { contacts, visits } = readModelFile(CONTACT_FILE, text, name);
  if (contacts.length + visits.length === 0) throw new ModelError(`${name} has no contacts`);
  const people = [
    ...new Set([
      ...contacts.flatMap((contact) => contact.slice(0, 2) as [string, string]),
      ...visits.map(([person]) => person),
    ]),
  ].sort();
  const indexOf = new Map(people.map((person, i) => [person, i]));
  const spans = new Map<string, [number, number][]>();
  contacts.forEach(([a, b, from, until], i) => {
    if (a === b) throw new ModelError(`${name} at contacts[${i}]: ${a} is not in contact with himself or herself`);
    expectOrder(`${name} at contacts[${i}]`, from, until);
    const [low, high] = [indexOf.get(a) as number, indexOf.get(b) as number].sort((x, y) => x - y);
    const key = `${low} ${high}`;
    const known = spans.get(key);
    if (known) known.push([from, until]);
    else spans.set(key, [[from, until]]);
  });
  visits.forEach(([, , from, until], i) => {
    expectOrder(`${name} at visits[${i}]`, from, until);
    if (until - from > LONGEST_VISIT)
      throw new ModelError(`${name} at visits[${i}]: a visit may last ${LONGEST_VISIT} minutes at most`);
  });
  const lists: { other: number; spans: number[] }[][] = people.map(() => []);
  for (const [key, pieces] of spans) {
    const [low = 0, high = 0] = key.split(" ").map(Number);
    const joined = join(pieces);
    lists[low]?.push({ other: high, spans: joined });
    lists[high]?.push({ other: low, spans: joined });
  }
  for (const list of lists) list.sort((a, b) => a.other - b.other);
  return {
    people,
    contacts: lists,
    visits: visits
      .map(([person, place, from, until]) => ({ person: indexOf.get(person) as number, place, from, until }))
      .sort((a, b) => a.person - b.person || a.from - b.from),
  };
}

function expectOrder(where: string, from: number, until: number): void {
  if (!(from < until)) throw new ModelError(`${where}: it must end after it begins, but goes from ${from} to ${until}`);
}

/** Spans that overlap or touch become one. */
function join(pieces: [number, number][]): number[] {
  const joined: number[] = [];
  for (const [from, until] of pieces.sort(([a], [b]) => a - b)) {
    const last = joined.length - 1;
    if (last > 0 && from <= (joined[last] as number)) joined[last] = Math.max(joined[last] as number, until);
    else joined.push(from, until);
  }
  return joined;
}
