// UTC days, counted from 1970-01-01, as people write them.

import { StudyError } from "./errors";

const DAY_MS = 86_400_000;

/** "2026-11-30". */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The days of "2026-11-01..2026-11-14", or of a single date. @throws StudyError */
export function daysOf(text: string): number[] {
  const [first, last = first] = text.split("..").map(dayOfDate);
  if (first === undefined || last === undefined || text.split("..").length > 2 || last < first)
    throw new StudyError(`days are written as 2026-11-01..2026-11-14 or 2026-11-01 (UTC), got "${text.slice(0, 40)}"`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function dayOfDate(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) || dateOfDay(ms / DAY_MS) !== text ? undefined : ms / DAY_MS;
}
