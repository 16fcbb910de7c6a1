// Dates and times as people write and read them: in the time zone of this computer.

import type { Hours } from "../desk/hours";
import { CliError, EXIT } from "./errors";

const HOUR_MS = 3_600_000;

interface Moment {
  readonly date: Date;
  readonly hasTime: boolean;
}

/**
 * Reads FROM..TO in local time and returns every UTC hour that it touches. Each side is a date (`2026-11-20`), a date and a
 * time (`2026-11-20T18:00`, or a space instead of the T), or after the two dots a time alone of the same day. A date alone
 * means from its beginning, or to its end; a date without dots is that day.
 */
export function parseLocalHours(option: string, text: string): Hours {
  const parts = text.split("..");
  const [fromText = "", toText = fromText] = parts;
  const from = parts.length <= 2 ? parseMoment(fromText.trim()) : undefined;
  const to = from && parseMoment(toText.trim(), from.date);
  if (!from || !to || (parts.length === 1 && from.hasTime))
    throw new CliError(
      EXIT.input,
      `${option} must be FROM..TO in local time, such as 2026-11-20T18:00..2026-11-20T22:30 or 2026-11-20, got "${text}"`,
    );
  const end = to.hasTime ? to.date : startOfNextDay(to.date);
  if (end.getTime() <= from.date.getTime())
    throw new CliError(EXIT.input, `${option}: "${text}" ends before it begins`);
  return { from: Math.floor(from.date.getTime() / HOUR_MS), to: Math.ceil(end.getTime() / HOUR_MS) };
}

/** "Fri, Nov 20, 2026, 18:00" in local time and the user's language as far as Node knows it. */
export function formatMoment(unixMs: number): string {
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(unixMs);
}

/** A range of hours in words: "Fri, 20 Nov 2026, 18:00 to Fri, 20 Nov 2026, 22:00". */
export function formatHours({ from, to }: Hours): string {
  return `${formatMoment(from * HOUR_MS)} to ${formatMoment(to * HOUR_MS)}`;
}

function parseMoment(text: string, day?: Date): Moment | undefined {
  const full = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{1,2}):(\d{2}))?$/.exec(text);
  if (full) {
    const [year, month, date, hour, minute] = full
      .slice(1)
      .map((part) => (part === undefined ? undefined : Number(part)));
    return momentOf(year ?? 0, (month ?? 0) - 1, date ?? 0, hour, minute);
  }
  const timeAlone = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (!timeAlone || !day) return undefined;
  return momentOf(day.getFullYear(), day.getMonth(), day.getDate(), Number(timeAlone[1]), Number(timeAlone[2]));
}

function momentOf(year: number, month: number, day: number, hour?: number, minute?: number): Moment | undefined {
  const isEndOfDay = hour === 24 && minute === 0;
  if (!isEndOfDay && ((hour ?? 0) > 23 || (minute ?? 0) > 59)) return undefined;
  const midnight = new Date(year, month, day);
  if (midnight.getMonth() !== month || midnight.getDate() !== day) return undefined;
  return { date: new Date(year, month, day, hour ?? 0, minute ?? 0), hasTime: hour !== undefined };
}

function startOfNextDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1);
}
