// Unix seconds to calendar and back for the clock chips, which count in binary-coded decimals and know the years 2000 to 2099.
// In these every fourth year is a leap year. Years are reckoned from 1 March, so that the leap day comes last; 153 days are
// five months of 31, 30, 31, 30, 31 days.

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
/** From 1 January to 1 March 2000. */
const DAYS_TO_MARCH = 60;

/** @throws RangeError outside the years 2000 to 2099 */
export function toCalendar(unixSeconds: number): CalendarTime {
  if (!(unixSeconds >= Y2000 && unixSeconds < Y2100))
    throw new RangeError("a clock chip knows the years 2000 to 2099 only");
  const seconds = Math.floor(unixSeconds) - Y2000;
  const days = Math.floor(seconds / DAY_SECONDS) - DAYS_TO_MARCH;
  const year = Math.floor((4 * days + 3) / 1461);
  const dayOfYear = days - Math.floor((1461 * year) / 4);
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const isNextYear = month >= 10;
  const minutes = Math.floor(seconds / 60);
  return {
    year: 2000 + year + (isNextYear ? 1 : 0),
    month: isNextYear ? month - 9 : month + 3,
    day: dayOfYear - Math.floor((153 * month + 2) / 5) + 1,
    hour: Math.floor(minutes / 60) % 24,
    minute: minutes % 60,
    second: seconds - minutes * 60, // the VM's remainder is one of 32-bit integers
  };
}

/** Unix seconds, or undefined if there is no such moment (a garbled chip). */
export function fromCalendar(time: CalendarTime): number | undefined {
  const { day, month, hour, minute, second } = time;
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined;
  const year = time.year - 2000 - (month < 3 ? 1 : 0);
  const monthDays = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  const days = Math.floor((1461 * year) / 4) + monthDays + day - 1 + DAYS_TO_MARCH;
  const unixSeconds = Y2000 + days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
  // Month 13, 30 February and what was no decimal come out as another date, or none.
  if (!(unixSeconds >= Y2000 && unixSeconds < Y2100)) return undefined;
  const same = toCalendar(unixSeconds);
  return same.day === day && same.month === month ? unixSeconds : undefined;
}

/** Two binary-coded decimal digits, or NaN. */
export function fromBcd(byte: number): number {
  const ones = byte & 0x0f;
  const tens = byte >> 4;
  return ones > 9 || tens > 9 ? NaN : tens * 10 + ones;
}

/** @param value 0 to 99 */
export function toBcd(value: number): number {
  return value + 6 * Math.floor(value / 10);
}
