/** Half-open range of whole UTC hours. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

/** Ranges in order, with those that touch or overlap made one. */
export function mergeHours(ranges: readonly Hours[]): Hours[] {
  const merged: Hours[] = [];
  for (const range of ranges.slice().sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && range.from <= last.to) merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else merged.push(range);
  }
  return merged;
}

/** The part of each range that lies in `window`. */
export function clipHours(ranges: readonly Hours[], window: Hours): Hours[] {
  return ranges
    .map(({ from, to }) => ({ from: Math.max(from, window.from), to: Math.min(to, window.to) }))
    .filter(({ from, to }) => from < to);
}
