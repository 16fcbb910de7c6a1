// The worked policy of CX for small downloads (architecture specification, "Publication Bandwidth Compression"): each version
// is one full file and deltas cut at the start of its hour, of the hour before and of its day.

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

/** Every version promises the next one within this time. */
const PROMISE_SECONDS = HOUR_SECONDS;

/** One file of a version. */
export interface ScheduledFile {
  /** Last part of its URL: `full`, or the hour of the cut, yyyymmddhh. */
  readonly name: string;
  /** Unix seconds; undefined for the full file. */
  readonly excludesPublishedBefore: number | undefined;
}

export interface Schedule {
  readonly files: readonly ScheduledFile[];
  /** Which files a reader tries next time, the smallest first. */
  readonly updateNames: readonly string[];
  /** Unix seconds. */
  readonly nextUpdateNotBefore: number;
  readonly nextUpdateNotAfter: number;
}

/**
 * The files of the version of `publishedAt`. Two cuts that fall together are one file.
 * @param intervalSeconds between two versions, at most an hour: when a reader may expect the next
 */
export function scheduleOf(publishedAt: number, intervalSeconds: number): Schedule {
  const thisHour = Math.floor(publishedAt / HOUR_SECONDS) * HOUR_SECONDS;
  const thisDay = Math.floor(publishedAt / DAY_SECONDS) * DAY_SECONDS;
  const cuts = [...new Set([thisHour, thisHour - HOUR_SECONDS, thisDay])];
  return {
    files: [
      { name: FULL, excludesPublishedBefore: undefined },
      ...cuts.map((cut) => ({ name: nameOf(cut), excludesPublishedBefore: cut })),
    ],
    updateNames: [...new Set([nameOf(thisHour), nameOf(thisDay), FULL])],
    nextUpdateNotBefore: publishedAt + Math.min(intervalSeconds, PROMISE_SECONDS),
    nextUpdateNotAfter: publishedAt + PROMISE_SECONDS,
  };
}

const FULL = "full";

function nameOf(cut: number): string {
  return new Date(cut * 1000).toISOString().replace(/[-T]/g, "").slice(0, 10);
}
