// The ground truth: what every keyfob would answer if it were perfect, straight from the contact list.

import { MAX_AGE_MINUTES } from "../../protocol/frame";
import { MAX_DIRECT_DELAY } from "../../protocol/score";
import { CONTACT_SECONDS, type Contact, contactMinutes } from "../sim/contacts/contactList";
import type { LoopScene } from "./scene";

/** Minutes (Unix seconds / 60) of an infected person's chirps that concern somebody. The sets have nothing in common. */
export interface PairTruth {
  /** In contact. */
  readonly direct: ReadonlySet<number>;
  /** Near the same repeater two to ten minutes later. */
  readonly shared: ReadonlySet<number>;
  /** Near the same repeater in the very next minute: the protocol counts so short a delay as direct. */
  readonly atOnce: ReadonlySet<number>;
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
    const atOnce = new Set<number>();
    for (const { id } of this.scene.repeaters) {
      const visits = this.minutes(person, id);
      for (const minute of this.minutes(infected, id)) {
        if (direct.has(minute)) continue;
        const delay = firstDelay(visits, minute);
        if (delay === undefined) continue;
        if (delay > MAX_DIRECT_DELAY) shared.add(minute);
        else atOnce.add(minute);
      }
    }
    for (const minute of atOnce) shared.delete(minute);
    return { direct, shared, atOnce };
  }
}

/** Minutes from a chirp to the first visit at which its repetition can be heard, 1 to 10. */
function firstDelay(visits: ReadonlySet<number>, minute: number): number | undefined {
  for (let delay = 1; delay <= MAX_AGE_MINUTES; delay++) if (visits.has(minute + delay)) return delay;
  return undefined;
}

function pairKey(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
