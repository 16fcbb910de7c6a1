import { compareBytes } from "../../protocol/base/bytes";

// Unix seconds to calendar and back for the clock chips, which count in binary-coded decimals and know the years 2000 to 2099.
// In these every fourth year is a leap year. Years are reckoned from 1 March, so that the leap day comes last; 153 days are
// five months of 31, 30, 31, 30, 31 days.

/** Bytes of a moment in UTC as clock chips hold it: second, minute, hour, day, month, year less 2000, two decimal digits each. */
const CALENDAR_BYTES = 6;

const DAY_SECONDS = 86_400;
/** 1 January 2000, 00:00 UTC. */
const Y2000 = 946_684_800;
/** 1 January 2100. */
const Y2100 = 4_102_444_800;
/** From 1 January to 1 March 2000. */
const DAYS_TO_MARCH = 60;

/** @throws RangeError outside the years 2000 to 2099 */
export function toCalendar(unixSeconds: number): Buffer {
  if (!isKnown(unixSeconds)) throw new RangeError("a clock chip knows the years 2000 to 2099 only");
  const seconds = Math.floor(unixSeconds) - Y2000;
  const days = Math.floor(seconds / DAY_SECONDS) - DAYS_TO_MARCH;
  const year = Math.floor((4 * days + 3) / 1461);
  const dayOfYear = days - Math.floor((1461 * year) / 4);
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const minutes = Math.floor(seconds / 60);
  return Buffer.from([
    toBcd(seconds - minutes * 60), // the VM's remainder is one of 32-bit integers
    toBcd(minutes % 60),
    toBcd(Math.floor(minutes / 60) % 24),
    toBcd(dayOfYear - Math.floor((153 * month + 2) / 5) + 1),
    toBcd(month < 10 ? month + 3 : month - 9),
    toBcd(month < 10 ? year : year + 1),
  ]);
}

/** Unix seconds, or undefined if there is no such moment (a garbled chip). */
export function fromCalendar(bytes: Buffer): number | undefined {
  const month = fromBcd(bytes[4]);
  const year = fromBcd(bytes[5]) - (month < 3 ? 1 : 0);
  const monthDays = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  const days = Math.floor((1461 * year) / 4) + monthDays + fromBcd(bytes[3]) - 1 + DAYS_TO_MARCH;
  const minutes = fromBcd(bytes[2]) * 60 + fromBcd(bytes[1]);
  const unixSeconds = Y2000 + days * DAY_SECONDS + minutes * 60 + fromBcd(bytes[0]);
  if (!isKnown(unixSeconds)) return undefined;
  // What was no decimal, 24 hours, month 13 and 30 February come out as another moment than they went in.
  return compareBytes(toCalendar(unixSeconds), 0, bytes, 0, CALENDAR_BYTES) === 0 ? unixSeconds : undefined;
}

function isKnown(unixSeconds: number): boolean {
  return unixSeconds >= Y2000 && unixSeconds < Y2100;
}

function fromBcd(byte: number): number {
  return (byte >> 4) * 10 + (byte & 0x0f);
}

function toBcd(value: number): number {
  return value + 6 * Math.floor(value / 10);
}
