// Infection at a place that two people use one after the other, over the time that a repeater covers.

import { MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import type { Visit } from "./contactFile";

/**
 * The minute in which the later person is infected, by pairs of a minute of the earlier one and a minute of his or her own at the
 * same place, 1 to 10 minutes later.
 *
 * @param budget exposure that it takes, in pairs: exponentially distributed with the hazard of one pair
 * @returns undefined if the exposure is less
 */
export function firstSharedInfection(
  earlier: readonly Visit[],
  later: readonly Visit[],
  budget: number,
): number | undefined {
  let left = budget;
  for (const [minute, count] of pairsByMinute(earlier, later)) {
    if (left < count) return minute;
    left -= count;
  }
  return undefined;
}

/** How many minutes of the earlier person count in each minute of the later one, in order of time. */
function pairsByMinute(earlier: readonly Visit[], later: readonly Visit[]): [number, number][] {
  const counts = new Map<number, number>();
  for (const visit of later)
    for (let minute = visit.from; minute < visit.until; minute++) {
      let count = counts.get(minute) ?? 0;
      for (const before of earlier) {
        if (before.place !== visit.place) continue;
        count += Math.max(0, Math.min(before.until, minute) - Math.max(before.from, minute - MAX_AGE_MINUTES));
      }
      counts.set(minute, count);
    }
  return [...counts].sort(([a], [b]) => a - b);
}
