import { compareBytes, sliceCopy } from "../base/bytes";
import type { Sha256 } from "../base/sha256";
import { firstMinuteOfHour } from "../base/time";
import { Beacon } from "../beacon/sighting";
import {
  kindOfRow,
  minuteOfRow,
  openMetadata,
  ROW_BYTES,
  type RowMetadata,
  SEALED_AT,
  SEALED_BYTES,
  TAG_BYTES,
} from "../log/contactRow";

/** Most minutes between the minute of an identifier and the origin minute of its row: the clock error of two devices. */
export const TOLERANCE_MINUTES = 2;

const FILTER_BYTES = 1024;
/** So many of its bytes are cleared at a time: a keyfob's heap has no room for a second such buffer. */
const CLEARED_BYTES = 64;

/**
 * The rows of one kind that identifiers of an interval can belong to: those with an origin minute from 2 minutes before it to
 * 2 minutes after it. A bitmap of tag bits answers for most identifiers; memory is 14 bytes a row and 1 KB, all of it
 * allocated at once.
 *
 * Where there are more rows than fit, match against one slice of the rows after the other.
 */
export class LoadedRows {
  /** Rows held. */
  count: number;
  /** First minute of the interval. */
  firstMinute: number;
  /** A bit for each tag of a row: see matching.ts, which looks here itself, because it does nothing more often. */
  readonly bloom: Buffer;
  /** Origin minute of each row, counted from 2 minutes before the interval. */
  readonly minutes: Buffer;
  private kind: Beacon;
  private windowMinutes: number;
  private readonly rows: Buffer;
  /** First byte of each row, where the VM's own code looks for it. */
  private readonly firstBytes: Buffer;

  /**
   * @param capacity the most rows held at a time
   * @param rows memory for them, 12 bytes each, where the caller has some to spare
   */
  constructor(capacity: number, rows?: Buffer) {
    this.rows = rows ? rows : Buffer.alloc(capacity * ROW_BYTES);
    this.minutes = Buffer.alloc(capacity);
    this.firstBytes = Buffer.alloc(capacity);
    this.bloom = Buffer.alloc(FILTER_BYTES);
    this.count = 0;
    this.kind = Beacon.Pact;
    this.firstMinute = 0;
    this.windowMinutes = 0;
  }

  /** Starts over, without rows, for identifiers of a kind that were used from `firstMinute` on for up to 250 minutes. */
  begin(kind: Beacon, firstMinute: number, minutes: number): void {
    this.kind = kind;
    this.firstMinute = firstMinute;
    this.windowMinutes = minutes + 2 * TOLERANCE_MINUTES;
    this.count = 0;
    const zeros = Buffer.alloc(CLEARED_BYTES);
    for (let at = 0; at < FILTER_BYTES; at += CLEARED_BYTES) this.bloom.set(zeros, at);
  }

  /**
   * Takes a 12-byte row of the log hour `rowHour`. A row of another kind or time is passed over.
   *
   * @returns false if there is no room: match what is held, begin again and add it then
   */
  add(rowHour: number, row: Buffer): boolean {
    const minute = firstMinuteOfHour(rowHour) + minuteOfRow(row, 0) - this.firstMinute + TOLERANCE_MINUTES;
    if (kindOfRow(row, 0) !== this.kind || minute < 0 || minute >= this.windowMinutes) return true;
    if (this.count >= this.firstBytes.length) return false;
    const index = this.count++;
    this.rows.set(row, index * ROW_BYTES);
    this.firstBytes[index] = row[0];
    this.minutes[index] = minute;
    const filterAt = row[0] | ((row[1] & 3) << 8);
    this.bloom[filterAt] = this.bloom[filterAt] | (1 << (row[1] >> 5));
    return true;
  }

  /**
   * Opens the rows of an identifier whose origin minutes are `from` to `to`, both counted from the interval's first minute.
   * There can be several of a lasting kind; of a chirp there is one, unless the log was cut off within its minute.
   */
  visitRows(
    sha256: Sha256,
    id: Buffer,
    from: number,
    to: number,
    visit: (metadata: RowMetadata, minute: number) => void,
  ): void {
    let index = this.firstBytes.indexOf(id[0]);
    while (index >= 0 && index < this.count) {
      const at = index * ROW_BYTES;
      const minute = this.minutes[index] - TOLERANCE_MINUTES;
      if (minute >= from && minute <= to && compareBytes(this.rows, at, id, 0, TAG_BYTES) === 0) {
        const originMinute = this.firstMinute + minute;
        const sealed = sliceCopy(this.rows, at + SEALED_AT, SEALED_BYTES);
        visit(openMetadata(sha256, this.kind, sealed, id, originMinute), originMinute);
      }
      index = this.firstBytes.indexOf(id[0], index + 1);
    }
  }
}
