// Numbers as the report writes them.

import type { Range } from "../summary";

/** "12,345" */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** "27 %", "2.7 %" below ten; number and sign stay on one line. */
export function share(value: number): string {
  const percent = 100 * value;
  const digits = Math.abs(percent) < 9.95 && Math.abs(percent) >= 0.05 ? 1 : 0;
  return `${percent.toFixed(digits).replace("-", "\u2212")}\u00a0%`;
}

/** "1.42" */
export function two(value: number): string {
  return value.toFixed(2);
}

/** "1.42 (1.31 to 1.55)": the mean, and what nine in ten runs lie between. */
export function rangeText({ mean, low, high }: Range, text: (value: number) => string): string {
  return `${text(mean)} (${text(low)} to ${text(high)})`;
}

/** "every day", "every 3 days" */
export function every(days: number): string {
  if (days === 0) return "at once";
  return days === 1 ? "every day" : `every ${days} days`;
}

/** "1 day", "1.5 days" */
export function daysText(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}
