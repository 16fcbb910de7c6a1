import type { Micros } from "../core/scheduler";

/** Calls back for a radio that is near, and its distance in metres. */
export type Visit = (radio: number, distanceM: number) => void;

/** Who is how near to whom, over time. Radios are numbered from 0. */
export interface Proximity {
  /** Visits every radio within reach of `radio` at a moment, in ascending order. Moments never go back by more than a second. */
  forEachNear(radio: number, atUs: Micros, rangeM: number, visit: Visit): void;
}

/** Nobody is near anybody. */
export const ALONE: Proximity = { forEachNear: () => undefined };

/** A point of a walk: where a radio is at a moment; in between it moves in a straight line. */
export interface Waypoint {
  readonly atUs: Micros;
  readonly x: number;
  readonly y: number;
}

/** Radios that stand or walk in a plane, in metres. One without waypoints is nowhere; before its first and after its last, too. */
export class Positions implements Proximity {
  constructor(private readonly walks: readonly (readonly Waypoint[])[]) {}

  forEachNear(radio: number, atUs: Micros, rangeM: number, visit: Visit): void {
    const here = this.position(radio, atUs);
    if (!here) return;
    for (let other = 0; other < this.walks.length; other++) {
      const there = other === radio ? undefined : this.position(other, atUs);
      if (!there) continue;
      const distanceM = Math.hypot(here.x - there.x, here.y - there.y);
      if (distanceM <= rangeM) visit(other, distanceM);
    }
  }

  private position(radio: number, atUs: Micros): { x: number; y: number } | undefined {
    const walk = this.walks[radio] ?? [];
    const next = walk.findIndex((point) => point.atUs >= atUs);
    const b = walk[next];
    if (!b) return undefined;
    if (b.atUs === atUs) return b;
    const a = walk[next - 1];
    if (!a) return undefined;
    const share = (atUs - a.atUs) / (b.atUs - a.atUs);
    return { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) };
  }
}
