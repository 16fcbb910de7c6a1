import { sliceCopy } from "../base/bytes";
import type { Sha256 } from "../base/sha256";
import { firstMinuteOfHour, HOUR_MINUTES } from "../base/time";
import { CHIRP_BYTES, ChirpDeriver, MINUTE_LOW_AT } from "../beacon/chirp";
import { Beacon } from "../beacon/sighting";
import type { RowMetadata } from "../log/contactRow";
import type { ShardBlock } from "../report/shard";
import { type LoadedRows, TOLERANCE_MINUTES } from "./loadedRows";
import { isDirect } from "./score";

/** One identifier of a published block that the log holds. */
export interface Match {
  /** The minute that the chirp was made for, or of a lasting identifier the origin minute of its row. */
  readonly minute: number;
  /** Index of the seed or identifier in its block. */
  readonly index: number;
  /** What the row says now that its identifier is known. */
  readonly metadata: RowMetadata;
}

/**
 * Chirps that visitMatches derives at a time where there are more rows than a few. If all of them match, each costs
 * DeviceScript's VM some 1,800 steps, and it ends a program that takes 131,072 without a pause. Rows alone decide, so that
 * pauses tell nobody what matched.
 */
const CHIRPS_A_STEP = 45;
/** So few rows cannot match so often that a pause is needed within a block. */
const FEW_ROWS = 24;
/** A place in a block: the seed's index times this, and how many of its chirps are done. */
const PLACES_A_SEED = 64;
/** No interval is as long. */
const MAX_MINUTES = 255;

/**
 * Matches the seeds of one hour against rows (docs/protocol.md, "Matching"). An hour without rows costs no digest; in any other
 * all 60 chirps of each seed are derived, so that the time does not tell in which minutes there are rows.
 */
export class HourMatcher {
  readonly rows: LoadedRows;
  private readonly sha256: Sha256;
  private readonly deriver: ChirpDeriver;

  constructor(sha256: Sha256, rows: LoadedRows) {
    this.sha256 = sha256;
    this.deriver = new ChirpDeriver(sha256);
    this.rows = rows;
  }

  /** Starts over, without rows, for the seeds of `hour`. */
  begin(hour: number): void {
    this.rows.begin(Beacon.Pact, firstMinuteOfHour(hour), HOUR_MINUTES);
  }

  /**
   * Matches one block of the hour given to begin(), at most 360 digests. The device yields between blocks.
   *
   * @devsWhenUsed
   */
  matchBlock(block: ShardBlock): Match[] {
    const matches: Match[] = [];
    const take = (match: Match): void => {
      matches.push(match);
    };
    let place = this.visitMatches(block, 0, take);
    while (place > 0) place = this.visitMatches(block, place, take);
    return matches;
  }

  /**
   * As matchBlock, but hands out one match after the other, and stops now and then: a block can have 360, more than a
   * keyfob's heap holds, and more than its VM opens without a pause.
   *
   * @param from 0, or where the call before stopped
   * @returns where to go on, after a pause; 0 when the block is done
   */
  visitMatches(block: ShardBlock, from: number, visit: (match: Match) => void): number {
    const rowCount = this.rows.count;
    if (rowCount === 0) return 0;
    let left = rowCount > FEW_ROWS ? CHIRPS_A_STEP : block.seeds.length * HOUR_MINUTES + 1;
    let done = from % PLACES_A_SEED;
    for (let index = Math.floor(from / PLACES_A_SEED); index < block.seeds.length; index++) {
      const end = Math.min(HOUR_MINUTES, done + left);
      this.deriver.useSeed(block.seeds[index]);
      this.matchSeed(index, done, end, visit);
      left -= end - done;
      if (left === 0) return index * PLACES_A_SEED + end;
      done = 0;
    }
    this.deriver.forget();
    return 0;
  }

  /**
   * The inner loop, written for the VM: no calls but the hash, locals instead of fields, and of the message only the
   * minute's lowest byte changes, but for the one carry that an hour can have.
   */
  private matchSeed(index: number, begin: number, end: number, visit: (match: Match) => void): void {
    const sha256 = this.sha256;
    const filter = this.rows.bloom;
    const message = this.deriver.message;
    const firstMinute = this.rows.firstMinute;
    const low = firstMinute & 0xff;
    let carryAt = 256 - low;
    this.deriver.useMinute(firstMinute);
    for (let i = begin; i < end; i++) {
      if (i >= carryAt) {
        this.deriver.useMinute(firstMinute + i);
        carryAt = HOUR_MINUTES;
      }
      message[MINUTE_LOW_AT] = (low + i) & 0xff;
      const digest = sha256(message);
      const second = digest[1];
      if (((filter[digest[0] | ((second & 3) << 8)] >> (second >> 5)) & 1) === 1) {
        const metadata = this.bestRow(digest, i);
        if (metadata) visit({ minute: firstMinute + i, index, metadata });
      }
    }
  }

  /**
   * Opens the rows that the chirp in `digest`, of minute `i` of the hour, belongs to. There is one, unless the log was
   * cut off and began anew within the minute: then the one that says more counts, so that a chirp stays one minute.
   */
  private bestRow(digest: Buffer, i: number): RowMetadata | undefined {
    let best: RowMetadata | undefined;
    const chirp = sliceCopy(digest, 0, CHIRP_BYTES);
    this.rows.visitRows(this.sha256, chirp, i - TOLERANCE_MINUTES, i + TOLERANCE_MINUTES, (metadata) => {
      if (!best || saysMore(metadata, best)) best = metadata;
    });
    return best;
  }
}

/** Matches given identifiers of a lasting kind against the rows of their interval. */
export function matchGiven(
  sha256: Sha256,
  rows: LoadedRows,
  ids: readonly Buffer[],
  visit: (match: Match) => void,
): void {
  ids.forEach((id, index) => {
    rows.visitRows(sha256, id, -TOLERANCE_MINUTES, MAX_MINUTES, (metadata, minute) => {
      visit({ minute, index, metadata });
    });
  });
}

/** A direct hearing says more than one by way of a repeater, and a stronger one more than a weaker. */
function saysMore(a: RowMetadata, b: RowMetadata): boolean {
  const directA = isDirect(a.delay);
  return directA === isDirect(b.delay) ? a.maxRssi > b.maxRssi : directA;
}
