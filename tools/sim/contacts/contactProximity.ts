import { mixUnit } from "../air/chance";
import type { Proximity, Visit } from "../air/proximity";
import type { Micros } from "../core/scheduler";
import { CONTACT_SECONDS } from "./contactList";

/** Two radios near each other for a while. Plain data: it travels to worker threads. */
export interface ContactRun {
  readonly a: number;
  readonly b: number;
  readonly fromUs: Micros;
  readonly toUs: Micros;
}

/** Face to face, as badges that see each other at 1 to 1.5 m find people. */
const NEAREST_M = 0.5;
const FARTHEST_M = 1.5;
const SECOND_US = 1e6;
/** Moments may go back by this much. */
const LOOK_BACK_US = 2e6;

/** Joins the 20-second contacts of two people that follow each other. @param originS the Unix second at which time begins */
export function contactRuns(
  contacts: readonly { readonly endS: number; readonly a: number; readonly b: number }[],
  originS: number,
): ContactRun[] {
  const open = new Map<string, { a: number; b: number; fromUs: Micros; toUs: Micros }>();
  const runs: ContactRun[] = [];
  for (const contact of contacts) {
    const [a, b] = contact.a < contact.b ? [contact.a, contact.b] : [contact.b, contact.a];
    const fromUs = (contact.endS - CONTACT_SECONDS - originS) * SECOND_US;
    const toUs = (contact.endS - originS) * SECOND_US;
    const run = open.get(`${a} ${b}`);
    if (run && run.toUs >= fromUs) run.toUs = toUs;
    else {
      const begun = { a, b, fromUs, toUs };
      open.set(`${a} ${b}`, begun);
      runs.push(begun);
    }
  }
  return runs;
}

/** Contacts of a list: who is in one is within 0.5 to 1.5 m (one distance for each run), everybody else out of reach. */
export class ContactProximity implements Proximity {
  private readonly runs = new Map<number, { other: number; fromUs: Micros; toUs: Micros; distanceM: number }[]>();
  /** For each radio, the first run that is not yet over. */
  private readonly first = new Map<number, number>();

  /** @param seed chance of the distances */
  constructor(runs: readonly ContactRun[], seed: number) {
    runs.forEach(({ a, b, fromUs, toUs }, i) => {
      const distanceM = NEAREST_M + (FARTHEST_M - NEAREST_M) * mixUnit(seed, a, b, i);
      for (const [radio, other] of [
        [a, b],
        [b, a],
      ] as const) {
        const own = this.runs.get(radio);
        if (own) own.push({ other, fromUs, toUs, distanceM });
        else this.runs.set(radio, [{ other, fromUs, toUs, distanceM }]);
      }
    });
    for (const own of this.runs.values()) own.sort((x, y) => x.fromUs - y.fromUs || x.other - y.other);
  }

  forEachNear(radio: number, atUs: Micros, _rangeM: number, visit: Visit): void {
    const own = this.runs.get(radio);
    if (!own) return;
    let first = this.first.get(radio) ?? 0;
    while (first < own.length && (own[first] as { toUs: Micros }).toUs < atUs - LOOK_BACK_US) first++;
    this.first.set(radio, first);
    for (let i = first; i < own.length; i++) {
      const run = own[i] as { other: number; fromUs: Micros; toUs: Micros; distanceM: number };
      if (run.fromUs > atUs) break;
      if (atUs < run.toUs) visit(run.other, run.distanceM);
    }
  }
}
