import type { Sha256 } from "../../protocol/base/sha256";
import { hourOfMinute } from "../../protocol/base/time";
import { sealRow } from "../../protocol/log/contactRow";
import type { Hearing } from "./frameFilter";
import { type HeardChirp, MAX_HOLD_MINUTES, NeighbourTable } from "./neighbourTable";
import { WrittenChirps } from "./writtenChirps";

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
/** Of these, chirps that were heard only once. What a flood makes beyond is dropped, so that it cannot push out the log. */
const SINGLES_A_MINUTE = 300;
/** Rows that must still fit after that of a chirp that was heard once. */
const SPARE_ROWS = 24;
/** Slots in which dropped chirps are remembered, a byte each. */
const DROPPED_SLOTS = 1024;
/** Rows made between two chances for others to run. */
const ROWS_A_SLICE = 16;

/**
 * Turns hearings into contact rows, one a chirp (docs/protocol.md, "Contact row"): collects in the table, seals, hands to
 * the log, wipes. Chirps of this keyfob itself, given to `own`, never become rows, not even by way of a repeater.
 */
export class Listener {
  /** Hearings of valid frames. */
  heard: number;
  /** Rows handed to the log, and how many of them before their time because the table was full. */
  rows: number;
  rowsEarly: number;
  /** Hearings of chirps whose row was already written, and of our own. */
  hearingsDropped: number;
  /** Chirps of a flood that got no row. */
  chirpsDropped: number;

  private readonly sha256: Sha256;
  private readonly pause: () => Promise<void>;
  private readonly sink: RowSink;
  private readonly table: NeighbourTable;
  private readonly written: WrittenChirps;
  /**
   * A byte of each chirp that was dropped lately: one that comes again has been heard twice. That tells a neighbour from a flood,
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
    this.written = new WrittenChirps();
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

  /** Chirps in hand. */
  inHand(): number {
    return this.table.count;
  }

  /** What a planned restart must not forget: the chirps written in the last two minutes, 4 bytes each, at most `maxBytes`. */
  remembered(nowMinute: number, maxBytes: number): Buffer {
    return this.written.recent(2, nowMinute, maxBytes);
  }

  /** Takes over what `remembered` gave before the restart. */
  restore(remembered: Buffer, nowMinute: number): void {
    this.written.restore(remembered, nowMinute);
  }

  /** Makes a chirp known as our own as of `nowMinute`. */
  own(chirp: Buffer, nowMinute: number): void {
    this.written.add(chirp, nowMinute);
  }

  /** Takes a hearing in `nowMinute`, the receive minute. */
  hear(hearing: Hearing, nowMinute: number): void {
    this.heard++;
    const frame = hearing.frame;
    if (this.table.update(frame, hearing.rssiDbm, nowMinute)) return;
    if (this.written.has(frame.chirp)) {
      this.hearingsDropped++;
      return;
    }
    const hearings = this.dropped[droppedSlot(frame.chirp)] === frame.chirp[2] ? 2 : 1;
    const pushedOut = this.table.insert(frame, hearing.rssiDbm, nowMinute, hearings);
    if (pushedOut) this.finish(pushedOut, nowMinute, true);
  }

  /** Writes the rows that are complete; to be called when a minute begins. Hearings may come in meanwhile. */
  async turn(nowMinute: number): Promise<void> {
    this.minute = nowMinute;
    this.rowsThisMinute = 0;
    this.singlesThisMinute = 0;
    this.written.expire(nowMinute, MAX_HOLD_MINUTES);
    await this.pause();
    let written = 0;
    for (let done = this.table.release(nowMinute); done; done = this.table.release(nowMinute)) {
      this.finish(done, nowMinute, false);
      if (++written % ROWS_A_SLICE === 0) await this.pause();
    }
  }

  /** Writes every row, complete or not: before a planned restart, or when the clock is about to jump. */
  async flush(): Promise<void> {
    this.rowsThisMinute = 0;
    this.singlesThisMinute = 0;
    let written = 0;
    for (let left = this.table.releaseAny(); left; left = this.table.releaseAny()) {
      this.finish(left, this.minute, false);
      if (++written % ROWS_A_SLICE === 0) await this.pause();
    }
  }

  private finish(heard: HeardChirp, nowMinute: number, early: boolean): void {
    const isSingle = heard.metadata.hearings === 1;
    if (
      this.rowsThisMinute < ROWS_A_MINUTE &&
      !(isSingle && this.singlesThisMinute >= SINGLES_A_MINUTE) &&
      this.sink.put(
        hourOfMinute(heard.originMinute),
        sealRow(this.sha256, heard.chirp, heard.originMinute, heard.metadata),
        isSingle ? SPARE_ROWS : 0,
      )
    ) {
      this.rowsThisMinute++;
      if (isSingle) this.singlesThisMinute++;
      this.rows++;
      if (early) this.rowsEarly++;
      this.written.add(heard.chirp, nowMinute);
    } else {
      this.chirpsDropped++;
      this.dropped[droppedSlot(heard.chirp)] = heard.chirp[2];
    }
    heard.chirp.set(Buffer.alloc(heard.chirp.length), 0);
  }
}

function droppedSlot(chirp: Buffer): number {
  return ((chirp[3] << 8) | chirp[4]) % DROPPED_SLOTS;
}
