import type { Sha256 } from "../../protocol/base/sha256";
import { hourOfMinute } from "../../protocol/base/time";
import { type Beacon, isLasting, type Sighting } from "../../protocol/beacon/sighting";
import { sealRow } from "../../protocol/log/contactRow";
import { type HeardId, MAX_HOLD_MINUTES, NeighbourTable } from "./neighbourTable";
import { WrittenIds } from "./writtenIds";

/** Takes finished rows, in memory: it must not wait. */
export interface RowSink {
  /**
   * @param hour the log hour of the row's origin minute
   * @param spare places to leave free for rows that matter more
   * @returns false if there was no room
   */
  put(hour: number, row: Buffer, spare: number): boolean;
}

/** Rows a minute beyond which a crowd is a flood: 250 neighbours make 250. */
const ROWS_A_MINUTE = 400;
/** Of these, identifiers that were heard only once. What a flood makes beyond is dropped, so that it cannot push out the log. */
const SINGLES_A_MINUTE = 300;
/** Rows that must still fit after that of an identifier that was heard once. */
const SPARE_ROWS = 24;
/** Slots in which dropped identifiers are remembered, a byte each. */
const DROPPED_SLOTS = 1024;
/** In so many minutes whatever is in hand is complete. */
const ALL_OVER_MINUTES = 60;
/** Rows made between two chances for others to run. */
const ROWS_A_SLICE = 16;

/**
 * Turns sightings into contact rows (docs/protocol.md, "Contact row"): collects in the table, seals, hands to the log, wipes.
 * Identifiers of this keyfob itself, given to `own`, never become rows, not even by way of a repeater.
 */
export class Listener {
  /** Hearings of valid frames. */
  heard: number;
  /** Rows handed to the log, and how many of them before their time because the table was full. */
  rows: number;
  rowsEarly: number;
  /** Hearings of identifiers whose row was already written, and of our own. */
  hearingsDropped: number;
  /** Identifiers of a flood that got no row. */
  chirpsDropped: number;

  private readonly sha256: Sha256;
  private readonly pause: () => Promise<void>;
  private readonly sink: RowSink;
  private readonly table: NeighbourTable;
  private readonly written: WrittenIds;
  /**
   * A byte of each identifier that was dropped lately: one that comes again has been heard twice. That tells a neighbour from a flood,
   * where the next scan comes long after the flood has filled the table.
   */
  private readonly dropped: Buffer;
  private minute: number;
  private rowsThisMinute: number;
  private singlesThisMinute: number;

  /** @param pause lets others run, and the rows so far be written; @param random an integer from 0 to below its argument */
  constructor(sha256: Sha256, pause: () => Promise<void>, random: (below: number) => number, sink: RowSink) {
    this.sha256 = sha256;
    this.pause = pause;
    this.sink = sink;
    this.table = new NeighbourTable(random);
    this.written = new WrittenIds();
    this.dropped = Buffer.alloc(DROPPED_SLOTS);
    this.heard = 0;
    this.rows = 0;
    this.rowsEarly = 0;
    this.hearingsDropped = 0;
    this.chirpsDropped = 0;
    this.minute = 0;
    this.rowsThisMinute = 0;
    this.singlesThisMinute = 0;
  }

  /** Identifiers in hand. */
  inHand(): number {
    return this.table.count;
  }

  /** What a planned restart must not forget: the identifiers written in the last two minutes, 4 bytes each, at most `maxBytes`. */
  remembered(nowMinute: number, maxBytes: number): Buffer {
    return this.written.recent(2, nowMinute, maxBytes);
  }

  /** Takes over what `remembered` gave before the restart. */
  restore(remembered: Buffer, nowMinute: number): void {
    this.written.restore(remembered, nowMinute);
  }

  /** Makes an identifier known as our own as of `nowMinute`. */
  own(kind: Beacon, id: Buffer, nowMinute: number): void {
    this.written.add(kind, id, nowMinute);
  }

  /** Takes what was heard now. */
  hear(sighting: Sighting): void {
    const { kind, id } = sighting;
    this.heard++;
    if (this.table.update(sighting)) return;
    if (this.written.has(kind, id)) {
      this.hearingsDropped++;
      return;
    }
    const pushedOut = this.table.insert(sighting, this.dropped[droppedSlot(id)] === id[2] ? 2 : 1);
    if (!pushedOut) return;
    this.minute = sighting.originMinute + sighting.age;
    if (this.finish(pushedOut, pushedOut.originMinute < this.minute)) this.rowsEarly++;
  }

  /** Writes the rows that are complete; to be called when a minute begins. Hearings may come in meanwhile. */
  async turn(nowMinute: number): Promise<void> {
    this.minute = nowMinute;
    this.written.expire(nowMinute, MAX_HOLD_MINUTES);
    await this.pause();
    await this.release(nowMinute, true);
  }

  /** Writes every row, complete or not: before a planned restart, or when the clock is about to jump. */
  async flush(): Promise<void> {
    await this.release(this.minute + ALL_OVER_MINUTES, false);
  }

  /** Writes the rows of what is complete in a minute. */
  private async release(minute: number, mayReturn: boolean): Promise<void> {
    this.rowsThisMinute = 0;
    this.singlesThisMinute = 0;
    let written = 0;
    for (let done = this.table.release(minute); done; done = this.table.release(minute)) {
      this.finish(done, mayReturn);
      if (++written % ROWS_A_SLICE === 0) await this.pause();
    }
  }

  /**
   * Makes the row of what left the table.
   *
   * @param mayReturn whether a lasting identifier that is heard again gets another row, of another minute
   * @returns whether there was room for the row
   */
  private finish(heard: HeardId, mayReturn: boolean): boolean {
    const { kind, id, originMinute, metadata } = heard;
    const isSingle = metadata.hearings === 1;
    const isKept =
      this.rowsThisMinute < ROWS_A_MINUTE &&
      !(isSingle && this.singlesThisMinute >= SINGLES_A_MINUTE) &&
      this.sink.put(
        hourOfMinute(originMinute),
        sealRow(this.sha256, kind, id, originMinute, metadata),
        isSingle ? SPARE_ROWS : 0,
      );
    if (isKept) {
      this.rowsThisMinute++;
      if (isSingle) this.singlesThisMinute++;
      this.rows++;
      if (!mayReturn || !isLasting(kind)) this.written.add(kind, id, this.minute);
    } else {
      this.chirpsDropped++;
      this.dropped[droppedSlot(id)] = id[2];
    }
    id.set(Buffer.alloc(id.length), 0);
    return isKept;
  }
}

function droppedSlot(id: Buffer): number {
  return ((id[3] << 8) | id[4]) % DROPPED_SLOTS;
}
