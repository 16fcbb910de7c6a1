// What a delay until being told leaves of tracing, exactly, over two generations. docs/model.md, "What a delay costs".

/** A disease of which everybody is infectious for the same time, and isolated after it. */
export interface Generation {
  /** Mean latency, days. */
  readonly latentDays: number;
  /** Days of being infectious. */
  readonly infectiousDays: number;
}

/**
 * Share of the infections of the next generation that are avoided when those whom a case infected have no contacts from
 * `delayDays` after the case's diagnosis on: 1 would be all of them.
 */
export function avoidedByTelling(disease: Generation, delayDays: number): number {
  const { latentDays, infectiousDays } = disease;
  const sigma = 1 / latentDays;
  // From being infected, an even time ago, to being told: what is still to come of being infectious.
  const left = (y: number): number =>
    y <= infectiousDays
      ? (infectiousDays - y - Math.expm1(-sigma * y) / sigma) / infectiousDays
      : (-Math.exp(-sigma * (y - infectiousDays)) * Math.expm1(-sigma * infectiousDays)) / (sigma * infectiousDays);
  return mean(left, delayDays, delayDays + infectiousDays, infectiousDays);
}

/** The same for keyfobs that are synced every so many days: a wearer waits between nothing and that. */
export function avoidedBySyncing(disease: Generation, syncDays: number): number {
  return mean((delay) => avoidedByTelling(disease, delay), 0, syncDays, disease.infectiousDays);
}

const PIECES = 40;
/** Gauss and Legendre's three points. */
const POINTS = [
  [-Math.sqrt(0.6), 5 / 18],
  [0, 8 / 18],
  [Math.sqrt(0.6), 5 / 18],
] as const;

/** Mean of a function over a span that may have a kink at `kink`. */
function mean(of: (x: number) => number, from: number, until: number, kink: number): number {
  if (until <= from) return of(from);
  const cuts = [from, ...(kink > from && kink < until ? [kink] : []), until];
  let integral = 0;
  for (let c = 1; c < cuts.length; c++) {
    const [low, high] = [cuts[c - 1] as number, cuts[c] as number];
    const width = (high - low) / PIECES;
    for (let i = 0; i < PIECES; i++)
      for (const [place, weight] of POINTS) integral += width * weight * of(low + width * (i + 0.5 + place / 2));
  }
  return integral / (until - from);
}
