// What another region's shard must be before its seeds go into our public feed. Its region vouches for it with a signature; but
// a region whose clock is wrong, or whose key was stolen, must not harm our people.

import { FormatError } from "../../../protocol/base/formatError";
import { hourOfSeconds } from "../../../protocol/base/time";
import { MAX_UPLOAD_HOURS } from "../../../protocol/report/uploadFile";
import type { FeedChunk } from "../../feed/feedIndex";
import { checkGenuineShard } from "../../feed/genuineShard";
import { lastDueHour, MAX_RETENTION_DAYS } from "../feeds/embargo";

const DAY_HOURS = 24;

/** Between a seed's export and its publication. */
const SENDING_DAYS = 2;

/** The oldest hour that any service still lists. Every hour since the oldest one is filled up: one of 1970 would make us fill half a million. */
const OLDEST_HOURS = MAX_UPLOAD_HOURS + (SENDING_DAYS + MAX_RETENTION_DAYS) * DAY_HOURS;

/**
 * Checks a shard of another region against its feed's index and our clock.
 *
 * @param listed its entry in the index
 * @param keys every key by which the region may sign, 32 bytes each
 * @throws FormatError unless it is the listed file, whole, signed by the region, and of hours that may be public
 */
export function checkRemoteChunk(
  file: Buffer,
  listed: FeedChunk,
  regionID: string,
  keys: readonly Buffer[],
  nowSeconds: number,
): void {
  const { header } = checkGenuineShard(file, listed, regionID, keys);
  if (header.blocks === 0) return;
  if (header.lastHour > lastDueHour(nowSeconds))
    throw new FormatError("shard.lastHour", 0, `hour ${header.lastHour} is under embargo: the seeds are still in use`);
  if (header.firstHour < hourOfSeconds(nowSeconds) - OLDEST_HOURS)
    throw new FormatError("shard.firstHour", 0, `hour ${header.firstHour} is older than any service keeps`);
}
