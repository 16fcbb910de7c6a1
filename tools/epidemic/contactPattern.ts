// How long people who meet are together, and how fast that infects.

import { ModelError } from "./modelError";

/** People whom somebody is with for about as long in a day. */
export interface ContactLength {
  /** Of the people met in a day, the share. */
  readonly share: number;
  /** Mean time together in a day. */
  readonly minutes: number;
  /** Minutes of the day in which they are together for some seconds at least: what a keyfob counts. */
  readonly minutesTouched: number;
}

/**
 * Measured on the contacts of a conference by badges that see each other face to face at 1 to 1.5 m (SocioPatterns WS16: 138
 * people, two days, 10,539 pairs of people who met on a day).
 */
export const CONFERENCE: readonly ContactLength[] = [
  { share: 0.2385, minutes: 0.37, minutesTouched: 1 },
  { share: 0.3498, minutes: 1.1, minutesTouched: 3 },
  { share: 0.1664, minutes: 2.93, minutesTouched: 6 },
  { share: 0.1097, minutes: 6.15, minutesTouched: 11 },
  { share: 0.0849, minutes: 13.34, minutesTouched: 20 },
  { share: 0.0373, minutes: 28.08, minutesTouched: 40 },
  { share: 0.0134, minutes: 77.49, minutesTouched: 100 },
];

/** Mean infections by meeting one person for a day, at a rate for each minute together. */
export function infectionsByMeeting(lengths: readonly ContactLength[], betaPerMinute: number): number {
  return lengths.reduce((sum, { share, minutes }) => sum - share * Math.expm1(-betaPerMinute * minutes), 0);
}

/**
 * The rate for each minute together at which meeting so many people infects so many a day.
 *
 * @throws ModelError if not even a rate without bounds would do
 */
export function calibrate(lengths: readonly ContactLength[], contactsPerDay: number, infectionsPerDay: number): number {
  if (infectionsPerDay >= contactsPerDay)
    throw new ModelError(
      `${infectionsPerDay.toFixed(2)} infections a day need more than ${contactsPerDay} contacts a day; give more contacts or a smaller R0`,
    );
  let [low, high] = [0, 1];
  const wanted = infectionsPerDay / contactsPerDay;
  while (infectionsByMeeting(lengths, high) < wanted && high < 1e12) high *= 2;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (infectionsByMeeting(lengths, middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
