import { compareBytes, sliceCopy } from "../base/bytes";
import type { Sha256 } from "../base/sha256";
import { firstMinuteOfHour, HOUR_MINUTES } from "../base/time";
import { CHIRP_BYTES, ChirpDeriver, MINUTE_LOW_AT } from "../beacon/chirp";
import { openMetadata, ROW_BYTES, type RowMetadata, SEALED_AT, SEALED_BYTES, TAG_BYTES } from "../log/contactRow";
import type { ShardBlock } from "../report/shard";
import { isDirect } from "./score";

/** Most minutes between the minute of a chirp and the origin minute of its row: the clock error of two devices. */
export const TOLERANCE_MINUTES = 2;

/** One of a published seed's chirps that the log holds. */
export interface Match {
  /** The minute that the chirp was made for. */
  readonly minute: number;
  /** Index of the seed in its block. */
  readonly seedIndex: number;
  /** What the row says now that its chirp is known. */
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
const FILTER_BYTES = 1024;
const BUCKETS = 256;
const WINDOW_MINUTES = HOUR_MINUTES + 2 * TOLERANCE_MINUTES;

/**
 * Matches the seeds of one hour against the rows that can belong to them (docs/protocol.md, "Matching"): those with an
 * origin minute from 2 minutes before the hour to 2 minutes after it. A chirp is derived only for minutes within 2 of
 * a row, so an hour without rows costs no digest. A bitmap of tag bits answers for most derived chirps; memory is 17
 * bytes a row and 1.6 KB, all of it allocated at once.
 *
 * Where an hour has more rows than fit, match its blocks against one slice of the rows after the other.
 */
export class HourMatcher {
  /** Rows held. */
  rowCount: number;
  private readonly sha256: Sha256;
  private readonly deriver: ChirpDeriver;
  private readonly capacity: number;
  private readonly rows: Buffer;
  /** Origin minute of each row, counted from the start of the window. */
  private readonly rowMinutes: Buffer;
  /** Index + 1 of the next row in the same bucket, u16. */
  private readonly nextRow: Buffer;
  /** Index + 1 of the first row whose tag starts with a byte, u16. */
  private readonly buckets: Buffer;
  private readonly bloom: Buffer;
  /** For each minute of the hour, 1 if its chirps must be derived. */
  private readonly isWanted: Buffer;
  /** Those minutes, ascending, once all rows are there. */
  private readonly wanted: Buffer;
  private wantedCount: number;
  private firstMinute: number;

  /**
   * @param capacity the most rows held at a time, up to 65,534
   * @param rows memory for them, 12 bytes each, where the caller has some to spare
   */
  constructor(sha256: Sha256, capacity: number, rows?: Buffer) {
    this.sha256 = sha256;
    this.deriver = new ChirpDeriver(sha256);
    this.capacity = capacity;
    this.rows = rows ? rows : Buffer.alloc(capacity * ROW_BYTES);
    this.rowMinutes = Buffer.alloc(capacity);
    this.nextRow = Buffer.alloc(capacity * 2);
    this.buckets = Buffer.alloc(BUCKETS * 2);
    this.bloom = Buffer.alloc(FILTER_BYTES);
    this.wanted = Buffer.alloc(HOUR_MINUTES);
    this.wantedCount = 0;
    this.isWanted = Buffer.alloc(HOUR_MINUTES);
    this.firstMinute = 0;
    this.rowCount = 0;
  }

  /** Starts over, without rows, for the seeds of `hour`. */
  begin(hour: number): void {
    this.firstMinute = firstMinuteOfHour(hour);
    this.rowCount = 0;
    clear(this.buckets);
    clear(this.bloom);
    clear(this.isWanted);
    this.wantedCount = 0;
  }

  /**
   * Takes a 12-byte row of the log hour `rowHour`. A row that no chirp of this hour can match is passed over.
   *
   * @returns false if there is no room: match what is held, begin again and add it then
   */
  addRow(rowHour: number, row: Buffer): boolean {
    const windowMinute = firstMinuteOfHour(rowHour) + row[TAG_BYTES] - this.firstMinute + TOLERANCE_MINUTES;
    if (windowMinute < 0 || windowMinute >= WINDOW_MINUTES) return true;
    if (this.rowCount >= this.capacity) return false;
    const index = this.rowCount++;
    this.rows.set(row, index * ROW_BYTES);
    this.rowMinutes[index] = windowMinute;
    this.markWanted(windowMinute);
    const filterAt = row[0] | ((row[1] & 3) << 8);
    this.bloom[filterAt] = this.bloom[filterAt] | (1 << (row[1] >> 5));
    const bucketAt = row[0] * 2;
    this.nextRow[index * 2] = this.buckets[bucketAt];
    this.nextRow[index * 2 + 1] = this.buckets[bucketAt + 1];
    this.buckets[bucketAt] = (index + 1) >> 8;
    this.buckets[bucketAt + 1] = (index + 1) & 0xff;
    return true;
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
    if (this.rowCount === 0) return 0;
    if (this.wantedCount === 0) this.listWanted();
    let left = this.rowCount > FEW_ROWS ? CHIRPS_A_STEP : block.seeds.length * HOUR_MINUTES + 1;
    let done = from % PLACES_A_SEED;
    for (let seedIndex = Math.floor(from / PLACES_A_SEED); seedIndex < block.seeds.length; seedIndex++) {
      const end = Math.min(this.wantedCount, done + left);
      this.deriver.useSeed(block.seeds[seedIndex]);
      this.matchSeed(seedIndex, done, end, visit);
      left -= end - done;
      if (left === 0) return seedIndex * PLACES_A_SEED + end;
      done = 0;
    }
    this.deriver.forget();
    return 0;
  }

  /**
   * The inner loop, written for the VM: no calls but the hash, locals instead of fields, and of the message only the
   * minute's lowest byte changes, but for the one carry that an hour can have.
   */
  private matchSeed(seedIndex: number, begin: number, end: number, visit: (match: Match) => void): void {
    const sha256 = this.sha256;
    const filter = this.bloom;
    const wanted = this.wanted;
    const message = this.deriver.message;
    const low = this.firstMinute & 0xff;
    let carryAt = 256 - low;
    this.deriver.useMinute(this.firstMinute);
    for (let k = begin; k < end; k++) {
      const i = wanted[k];
      if (i >= carryAt) {
        this.deriver.useMinute(this.firstMinute + i);
        carryAt = HOUR_MINUTES;
      }
      message[MINUTE_LOW_AT] = (low + i) & 0xff;
      const digest = sha256(message);
      const second = digest[1];
      if (((filter[digest[0] | ((second & 3) << 8)] >> (second >> 5)) & 1) === 1) {
        const metadata = this.bestRow(digest, i);
        if (metadata) visit({ minute: this.firstMinute + i, seedIndex, metadata });
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
    let next = (this.buckets[digest[0] * 2] << 8) | this.buckets[digest[0] * 2 + 1];
    while (next !== 0) {
      const index = next - 1;
      const distance = this.rowMinutes[index] - TOLERANCE_MINUTES - i;
      if (
        distance >= -TOLERANCE_MINUTES &&
        distance <= TOLERANCE_MINUTES &&
        compareBytes(this.rows, index * ROW_BYTES, digest, 0, TAG_BYTES) === 0
      ) {
        const originMinute = this.firstMinute + i + distance;
        const sealed = sliceCopy(this.rows, index * ROW_BYTES + SEALED_AT, SEALED_BYTES);
        const metadata = openMetadata(this.sha256, sealed, chirp, originMinute);
        if (!best || saysMore(metadata, best)) best = metadata;
      }
      next = (this.nextRow[index * 2] << 8) | this.nextRow[index * 2 + 1];
    }
    return best;
  }

  private markWanted(windowMinute: number): void {
    this.wantedCount = 0;
    for (let i = windowMinute - 2 * TOLERANCE_MINUTES; i <= windowMinute; i++)
      if (i >= 0 && i < HOUR_MINUTES) this.isWanted[i] = 1;
  }

  private listWanted(): void {
    for (let i = 0; i < HOUR_MINUTES; i++) if (this.isWanted[i] === 1) this.wanted[this.wantedCount++] = i;
  }
}

/** A direct hearing says more than one by way of a repeater, and a stronger one more than a weaker. */
function saysMore(a: RowMetadata, b: RowMetadata): boolean {
  const directA = isDirect(a.delay);
  return directA === isDirect(b.delay) ? a.maxRssi > b.maxRssi : directA;
}

/** Zeroes a buffer whose length is a multiple of 4 in small pieces: a keyfob's heap has no room for a second such buffer. */
function clear(bytes: Buffer): void {
  const zeros = Buffer.alloc(bytes.length % 64 === 0 ? 64 : 4);
  for (let at = 0; at < bytes.length; at += zeros.length) bytes.set(zeros, at);
}
