// Unix seconds to calendar and back for the clock chips, which count in binary-coded decimals and know the years 2000 to 2099.

/** A moment in UTC as a clock chip holds it. */
export interface CalendarTime {
  /** 2000 to 2099. */
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_SECONDS = 86_400;
/** 1 January 2000, 00:00 UTC. */
const Y2000 = 946_684_800;
/** 1 January 2100. */
const Y2100 = 4_102_444_800;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** @throws RangeError outside the years 2000 to 2099 */
export function toCalendar(unixSeconds: number): CalendarTime {
  if (!(unixSeconds >= Y2000 && unixSeconds < Y2100))
    throw new RangeError("a clock chip knows the years 2000 to 2099 only");
  const seconds = Math.floor(unixSeconds) - Y2000;
  let days = Math.floor(seconds / DAY_SECONDS);
  const rest = seconds - days * DAY_SECONDS;
  let year = 2000;
  while (days >= yearDays(year)) {
    days -= yearDays(year);
    year++;
  }
  let month = 1;
  while (days >= monthDays(year, month)) {
    days -= monthDays(year, month);
    month++;
  }
  const hour = Math.floor(rest / 3600);
  const minute = Math.floor((rest - hour * 3600) / 60);
  return { year, month, day: days + 1, hour, minute, second: rest % 60 };
}

/** Unix seconds, or undefined if there is no such moment (a garbled chip). */
export function fromCalendar(time: CalendarTime): number | undefined {
  if (!(time.year >= 2000 && time.year < 2100 && time.month >= 1 && time.month <= 12)) return undefined;
  if (!(time.day >= 1 && time.day <= monthDays(time.year, time.month))) return undefined;
  if (!(time.hour >= 0 && time.hour < 24 && time.minute >= 0 && time.minute < 60)) return undefined;
  if (!(time.second >= 0 && time.second < 60)) return undefined;
  let days = time.day - 1;
  for (let year = 2000; year < time.year; year++) days += yearDays(year);
  for (let month = 1; month < time.month; month++) days += monthDays(time.year, month);
  return Y2000 + days * DAY_SECONDS + time.hour * 3600 + time.minute * 60 + time.second;
}

/** Two binary-coded decimal digits, or NaN. */
export function fromBcd(byte: number): number {
  const ones = byte & 0x0f;
  const tens = byte >> 4;
  return ones > 9 || tens > 9 ? NaN : tens * 10 + ones;
}

/** @param value 0 to 99 */
export function toBcd(value: number): number {
  const tens = Math.floor(value / 10);
  return (tens << 4) | (value - tens * 10);
}

/** Every fourth year is a leap year from 2000 to 2099. */
function yearDays(year: number): number {
  return year % 4 === 0 ? 366 : 365;
}

function monthDays(year: number, month: number): number {
  return month === 2 && year % 4 === 0 ? 29 : MONTH_DAYS[month - 1];
}
