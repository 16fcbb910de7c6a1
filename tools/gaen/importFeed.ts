// Takes in what a health authority publishes: the files of a feed that are new, and of their keys those that may be used.

import { FormatError } from "../../protocol/base/formatError";
import { minuteOfSeconds } from "../../protocol/base/time";
import { INTERVAL_MINUTES, intervalOfMinute } from "../../protocol/beacon/gaen";
import { type GaenExport, type RefusedTek, readExport } from "./exportFile";
import { addressOf, MAX_INDEX_BYTES, parseExportIndex, pathsAfter } from "./exportIndex";
import { TOLERANCE_INTERVALS } from "./match";
import type { VerificationKey } from "./signature";
import type { Tek } from "./tek";

/** More than any export of half a million keys. */
const MAX_EXPORT_BYTES = 32 * 1024 * 1024;
const INTERVALS_A_DAY = (24 * 60) / INTERVAL_MINUTES;

/** Fetches a whole answer of at most `maxBytes`, or throws. */
export type FetchBytes = (url: URL, maxBytes: number) => Promise<Buffer>;

/** The keys of a list, sorted out by time. */
export interface SortedTeks {
  /** Ended, and not to be believed by anybody who hears them now: may be published. */
  readonly due: readonly Tek[];
  /** Whoever has these could still send their identifiers and be believed: to be kept back until releaseInterval. */
  readonly early: readonly Tek[];
  /** With their places in the list that was given. */
  readonly refused: readonly RefusedTek[];
}

/** The first interval in which a key may be public: none of its identifiers is believed any more, not even late. */
export function releaseInterval({ start, period }: Tek): number {
  return start + period + TOLERANCE_INTERVALS;
}

/**
 * Sorts keys out by time.
 *
 * @param nowS Unix seconds
 * @param maxAgeDays older keys are refused: nobody keeps what they could match
 */
export function sortByTime(teks: readonly Tek[], nowS: number, maxAgeDays: number): SortedTeks {
  const now = intervalOfMinute(minuteOfSeconds(nowS));
  const due: Tek[] = [];
  const early: Tek[] = [];
  const refused: RefusedTek[] = [];
  for (const [index, tek] of teks.entries())
    if (tek.start > now) refused.push({ index, reason: `begins in the future, at interval ${tek.start}` });
    else if (tek.start + tek.period <= now - maxAgeDays * INTERVALS_A_DAY)
      refused.push({ index, reason: `ended more than ${maxAgeDays} days ago` });
    else (releaseInterval(tek) <= now ? due : early).push(tek);
  return { due, early, refused };
}

/** A new file of a feed. */
export interface FeedFile {
  /** As the index names it: the next reading begins behind it. */
  readonly path: string;
  readonly export: GaenExport;
}

/**
 * Reads the files of a feed that are new since `lastSeen`, oldest first, and hands out one after the other. One that is not
 * verified ends the reading: it is never passed over, so that it is read again once the authority has put it right.
 *
 * @param index address of the feed's index.txt
 * @throws FormatError for an index or a file that is not valid or not verified, and whatever `fetchBytes` throws
 */
export async function* readFeed(
  fetchBytes: FetchBytes,
  index: URL,
  lastSeen: string | undefined,
  keys: readonly VerificationKey[],
): AsyncGenerator<FeedFile> {
  const paths = parseExportIndex(await fetchBytes(index, MAX_INDEX_BYTES));
  for (const path of pathsAfter(paths, lastSeen)) {
    const read = readExport(await fetchBytes(addressOf(index, path), MAX_EXPORT_BYTES), keys);
    if (!read.isVerified)
      throw new FormatError("feed.signature", 0, `${path}: ${read.signatures[0]?.reason ?? "has no signature"}`);
    yield { path, export: read };
  }
}

/**
 * What a file says about keys that the same authority published before: those that it has revoked, and the better knowledge
 * about others. Keys of other authorities are left alone, whatever it says of them.
 *
 * @param known keys that came from this authority, by their bytes in hexadecimal
 */
export function revisionsOf(read: GaenExport, known: ReadonlySet<string>): readonly Tek[] {
  return read.revised.keys.filter(({ key }) => known.has(key.toString("hex")));
}
