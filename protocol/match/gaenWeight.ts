// How much a phone's key weighs: by how sure its owner's diagnosis is, and by how many days lie between the onset of
// symptoms and the day of the key. The reasons are in docs/gaen.md, "What a key weighs".

/** How infectious a key's owner was on its day. */
export const NOT_INFECTIOUS = 0;
export const STANDARD_INFECTIOUSNESS = 1;
export const HIGH_INFECTIOUSNESS = 2;

/** First and last day from onset of each degree; all other days are not infectious. */
const HIGH_FROM = -2;
const HIGH_TO = 4;
const STANDARD_FROM = -5;
const STANDARD_TO = 10;

/** Weights of the degrees of infectiousness. */
const INFECTIOUSNESS_WEIGHTS = [0, 1, 1.5];

/**
 * Weights of report types, by their numbers in exports: unknown (old files do not state it), confirmed test, clinical
 * diagnosis, self-report, recursive and revoked.
 */
const REPORT_WEIGHTS = [1, 1, 1, 0.5, 0, 0];

const INFECTIOUSNESS_BITS = 2;
const INFECTIOUSNESS_MASK = 3;

/** Degree of infectiousness on a day; of a key without an onset it is the standard one. */
export function infectiousnessOf(onsetDays: number | undefined): number {
  if (onsetDays === undefined) return STANDARD_INFECTIOUSNESS;
  if (onsetDays >= HIGH_FROM && onsetDays <= HIGH_TO) return HIGH_INFECTIOUSNESS;
  return onsetDays >= STANDARD_FROM && onsetDays <= STANDARD_TO ? STANDARD_INFECTIOUSNESS : NOT_INFECTIOUS;
}

/** One byte for both: report type in bits 4-2, infectiousness in bits 1-0. */
export function keyClassOf(reportType: number, infectiousness: number): number {
  return (reportType << INFECTIOUSNESS_BITS) | infectiousness;
}

/** Weight of a minute near the owner of a key of this class, before its distance is weighed; 0 for an unknown class. */
export function keyClassWeight(keyClass: number): number {
  const infectiousness = keyClass & INFECTIOUSNESS_MASK;
  const reportType = keyClass >> INFECTIOUSNESS_BITS;
  if (infectiousness >= INFECTIOUSNESS_WEIGHTS.length || reportType >= REPORT_WEIGHTS.length) return 0;
  return INFECTIOUSNESS_WEIGHTS[infectiousness] * REPORT_WEIGHTS[reportType];
}
