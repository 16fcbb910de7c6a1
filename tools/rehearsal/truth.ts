// The ground truth: what every keyfob would answer if it were perfect, straight from the contact list.

import { MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import { CONTACT_SECONDS, type Contact, contactMinutes } from "../sim/contacts/contactList";
import type { LoopScene } from "./scene";

/** Minutes (Unix seconds / 60) of an infected person's chirps that concern somebody. The sets have nothing in common. */
export interface PairTruth {
  /** In contact. */
  readonly direct: ReadonlySet<number>;
  /** Not in contact, but near the same repeater while it sends the chirp again, at an age of one to ten minutes. */
  readonly shared: ReadonlySet<number>;
}

/** The truth about pairs of one scene; contacts are indexed once, because lists have hundreds of thousands. */
export class GroundTruth {
  private readonly byPair = new Map<string, Contact[]>();

  constructor(private readonly scene: LoopScene) {
    for (const contact of scene.contacts) {
      const key = pairKey(contact.a, contact.b);
      const known = this.byPair.get(key);
      if (known) known.push(contact);
      else this.byPair.set(key, [contact]);
    }
  }

  /** The distinct minutes in which two have a contact. */
  minutes(a: string, b: string): Set<number> {
    const { fromS, toS } = this.scene;
    return contactMinutes({ fromS, toS, people: [a, b], contacts: this.byPair.get(pairKey(a, b)) ?? [] }, a, b);
  }

  /** Seconds of contact that two have in one minute. */
  secondsIn(a: string, b: string, minute: number): number {
    const fromS = Math.max(minute * 60, this.scene.fromS);
    const toS = Math.min((minute + 1) * 60, this.scene.toS);
    const ends = new Set((this.byPair.get(pairKey(a, b)) ?? []).map(({ endS }) => endS));
    let seconds = 0;
    for (const endS of ends) seconds += Math.max(0, Math.min(endS, toS) - Math.max(endS - CONTACT_SECONDS, fromS));
    return seconds;
  }

  /** What `person` should learn about an infected person. */
  pair(person: string, infected: string): PairTruth {
    const direct = this.minutes(person, infected);
    const shared = new Set<number>();
    for (const { id } of this.scene.repeaters) {
      const visits = this.stays(person, id);
      for (const [minute, heardS] of firstHearings(this.stays(infected, id))) {
        if (!direct.has(minute) && isNearWhileLive(visits, heardS)) shared.add(minute);
      }
    }
    return { direct, shared };
  }

  /** When two are together: half-open spans of Unix seconds, in order. */
  private stays(a: string, b: string): Span[] {
    const { fromS, toS } = this.scene;
    const spans: { fromS: number; toS: number }[] = [];
    for (const { endS } of this.byPair.get(pairKey(a, b)) ?? []) {
      const span = { fromS: Math.max(endS - CONTACT_SECONDS, fromS), toS: Math.min(endS, toS) };
      const last = spans.at(-1);
      if (last && last.toS >= span.fromS) last.toS = Math.max(last.toS, span.toS);
      else spans.push(span);
    }
    return spans;
  }
}

interface Span {
  readonly fromS: number;
  readonly toS: number;
}

/** For each minute of an infected person's stays at a repeater, the second at which it first hears that minute's chirp. */
function firstHearings(stays: readonly Span[]): Map<number, number> {
  const hearings = new Map<number, number>();
  for (const { fromS, toS } of stays)
    for (let minute = Math.floor(fromS / 60); minute * 60 < toS; minute++)
      if (!hearings.has(minute)) hearings.set(minute, Math.max(minute * 60, fromS));
  return hearings;
}

/** Whether one of the visits falls into the ten minutes in which a chirp that was first heard at `heardS` is sent again. */
function isNearWhileLive(visits: readonly Span[], heardS: number): boolean {
  const liveFromS = heardS + 60;
  const liveToS = heardS + (MAX_AGE_MINUTES + 1) * 60;
  return visits.some(({ fromS, toS }) => fromS < liveToS && toS > liveFromS);
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
