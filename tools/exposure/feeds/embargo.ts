import { hourOfMinute, minuteOfSeconds } from "../../../protocol/base/time";
import { MAX_AGE_MINUTES } from "../../../protocol/beacon/sighting";
import { TOLERANCE_MINUTES } from "../../../protocol/match/loadedRows";

/** A seed's hour must be over for this long before it may be public: until then its chirps could still be replayed. */
export const EMBARGO_MINUTES = MAX_AGE_MINUTES + TOLERANCE_MINUTES;

/** The longest time after which a service deletes everything. */
export const MAX_RETENTION_DAYS = 365;

/** The youngest Unix hour that is out of the embargo at a Unix second. */
export function lastDueHour(nowSeconds: number): number {
  return hourOfMinute(minuteOfSeconds(nowSeconds) - EMBARGO_MINUTES) - 1;
}
