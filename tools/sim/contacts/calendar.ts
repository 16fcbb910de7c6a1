/** Keyfobs accept no time before 2024 (services/keyfob.md, `clock_set`). */
const FIRST_S = Date.UTC(2024, 0, 1) / 1000;
const WEEK_S = 7 * 86_400;

/**
 * Seconds that the calendar of simulated devices is ahead of an older contact list's, given a Unix second of the list: whole
 * weeks, so that hours and weekdays stay.
 */
export function calendarShift(listS: number): number {
  return listS < FIRST_S ? Math.ceil((FIRST_S - listS) / WEEK_S) * WEEK_S : 0;
}
