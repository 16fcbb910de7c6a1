/** What many runs say: their mean, and between what nine in ten of them lie. */
export interface Range {
  readonly mean: number;
  /** One run in twenty lies below. */
  readonly low: number;
  /** One run in twenty lies above. */
  readonly high: number;
}

export function rangeOf(
  values: readonly number[],
  mean = values.reduce((sum, v) => sum + v, 0) / values.length,
): Range {
  const sorted = [...values].sort((a, b) => a - b);
  return { mean, low: quantile(sorted, 0.05), high: quantile(sorted, 0.95) };
}

/** Between the two nearest of the sorted values, in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}
