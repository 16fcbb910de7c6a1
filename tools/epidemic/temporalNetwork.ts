// SEIR by chance on contacts that begin and end, with one round of tracing. docs/model.md, "Networks".

import type { SeededRandom } from "../sim/core/random";
import { exponential } from "./chance";
import type { ContactNetwork, Visit } from "./contactFile";
import { EventQueue } from "./eventQueue";
import { ModelError } from "./modelError";
import { firstSharedInfection } from "./sharedSpace";

/** Rates are per unit of the file's time. */
export interface ContactRates {
  /** How fast an infectious person infects a susceptible one in contact. */
  readonly beta: number;
  readonly sigma: number;
  readonly gamma: number;
  /** Chance rate of a pair of minutes in a shared space: 1 - exp(-hazard x pairs). */
  readonly hazard: number;
}

/** What happens when the first infected person is diagnosed. */
export interface Tracing {
  /** From then on he or she has no contacts. */
  readonly diagnosedAt: number;
  /** Time until those who were in contact before are told, and have no more contacts. */
  readonly toldAfter: number;
  /** Share of people who wear a keyfob: both have to. */
  readonly adoption: number;
  /** Share of those told who stay away from others. */
  readonly compliance: number;
}

export interface ContactResult {
  /** Share of runs in which each person, other than the source, was infected. */
  readonly infected: Readonly<Record<string, number>>;
  /** Mean number of people infected, the source included. */
  readonly mean: number;
}

/** Runs many epidemics in which the source is infectious from time 0. @throws ModelError if there is no such person */
export function contactEpidemics(
  network: ContactNetwork,
  source: string,
  rates: ContactRates,
  runs: number,
  random: SeededRandom,
  tracing?: Tracing,
): ContactResult {
  const first = network.people.indexOf(source);
  if (first < 0) throw new ModelError(`the list has nobody called "${source}"; it has ${shortList(network.people)}`);
  const run = new Run(network, rates, random, new EventQueue());
  const tracingRandom = random.fork("tracing");
  const counts = new Int32Array(network.people.length);
  for (let i = 0; i < runs; i++) {
    const infected = run.follow(first, cutsOf(network, first, tracingRandom, tracing));
    for (let person = 0; person < counts.length; person++)
      counts[person] = (counts[person] as number) + (infected[person] as number);
  }
  const shares = network.people.map((name, i) => [name, (counts[i] as number) / runs] as const);
  return {
    infected: Object.fromEntries(shares.filter((_, i) => i !== first)),
    mean: shares.reduce((sum, [, share]) => sum + share, 0),
  };
}

/** When each person's contacts end, because of diagnosis or tracing. */
function cutsOf(network: ContactNetwork, first: number, random: SeededRandom, tracing?: Tracing): Float64Array {
  const cuts = new Float64Array(network.people.length).fill(Number.POSITIVE_INFINITY);
  if (tracing === undefined) return cuts;
  const { diagnosedAt, toldAfter, adoption, compliance } = tracing;
  cuts[first] = diagnosedAt;
  const wears = random.unit() < adoption;
  for (const { other, spans } of network.contacts[first] ?? []) {
    const acts = random.unit() < adoption && random.unit() < compliance;
    if (wears && acts && (spans[0] as number) < diagnosedAt) cuts[other] = diagnosedAt + toldAfter;
  }
  return cuts;
}

/** One epidemic after another over the same contacts. */
class Run {
  private readonly infected: Uint8Array;
  private readonly visitsOf: Map<number, Visit[]>;

  constructor(
    private readonly network: ContactNetwork,
    private readonly rates: ContactRates,
    private readonly random: SeededRandom,
    private readonly queue: EventQueue,
  ) {
    this.infected = new Uint8Array(network.people.length);
    this.visitsOf = byPerson(network.visits);
  }

  /** @returns 1 for each person who was infected */
  follow(first: number, cuts: Float64Array): Uint8Array {
    const { infected, queue, rates, random } = this;
    infected.fill(0);
    queue.push(0, 0, first, first);
    while (queue.pop()) {
      const person = queue.to;
      if (infected[person] === 1) continue;
      infected[person] = 1;
      const from = person === first ? 0 : queue.time + exponential(random, rates.sigma);
      this.pass(person, from, Math.min(from + exponential(random, rates.gamma), cuts[person] as number), cuts);
    }
    return infected;
  }

  /** What a person who is infectious from one moment to another passes on. */
  private pass(person: number, from: number, until: number, cuts: Float64Array): void {
    const { network, infected, queue, rates, random } = this;
    for (const { other, spans } of network.contacts[person] ?? []) {
      if (infected[other] === 1) continue;
      let left = exponential(random, rates.beta);
      const end = Math.min(until, cuts[other] as number);
      for (let k = 0; k < spans.length; k += 2) {
        const begin = Math.max(spans[k] as number, from);
        const together = Math.min(spans[k + 1] as number, end) - begin;
        if (together <= 0) continue;
        if (left < together) {
          queue.push(begin + left, 0, person, other);
          break;
        }
        left -= together;
      }
    }
    if (rates.hazard > 0) this.passInSharedSpaces(person, from, until, cuts);
  }

  private passInSharedSpaces(person: number, from: number, until: number, cuts: Float64Array): void {
    const { visitsOf, infected, queue, rates, random } = this;
    const own = visitsOf.get(person) ?? [];
    for (const [other, visits] of visitsOf) {
      if (other === person || infected[other] === 1) continue;
      const before = (visit: Visit): Visit => ({ ...visit, until: Math.min(visit.until, cuts[other] as number) });
      const during = own.map((visit) => ({
        ...visit,
        from: Math.max(visit.from, Math.ceil(from)),
        until: Math.min(visit.until, Math.ceil(until)),
      }));
      const at = firstSharedInfection(during, visits.map(before), exponential(random, rates.hazard));
      if (at !== undefined) queue.push(at, 0, person, other);
    }
  }
}

function byPerson(visits: readonly Visit[]): Map<number, Visit[]> {
  const people = new Map<number, Visit[]>();
  for (const visit of visits) people.set(visit.person, [...(people.get(visit.person) ?? []), visit]);
  return people;
}

function shortList(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} others` : names.join(", ");
}
