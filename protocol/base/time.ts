// Time on the wire: whole minutes and hours since 1970-01-01 00:00 UTC, as u32 (docs/protocol.md, "Conventions").

/** Minutes in an hour; a seed lives for one hour and makes one chirp each minute. */
export const HOUR_MINUTES = 60;

/** The largest minute and hour number that a u32 holds. */
export const MAX_U32 = 0xffffffff;

/** Minute number of a Unix time in seconds. */
export function minuteOfSeconds(unixSeconds: number): number {
  return Math.floor(unixSeconds / 60);
}

/** Hour number of a Unix time in seconds. */
export function hourOfSeconds(unixSeconds: number): number {
  return Math.floor(unixSeconds / 3600);
}

/** Hour number of a minute number. */
export function hourOfMinute(minute: number): number {
  return Math.floor(minute / HOUR_MINUTES);
}

/** Minute in its hour, 0 to 59. Not by `%`, which the DeviceScript VM does in 32 bits with a sign. */
export function minuteInHour(minute: number): number {
  return minute - firstMinuteOfHour(hourOfMinute(minute));
}

/** Minute number of an hour's first minute. */
export function firstMinuteOfHour(hour: number): number {
  return hour * HOUR_MINUTES;
}
