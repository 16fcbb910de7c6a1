import { copyBytes, writeU16 } from "../../protocol/base/bytes";
import { ROW_BYTES } from "../../protocol/log/contactRow";
import type { Pause } from "../base/turn";
import type { FlashStore } from "../board/flashStore";
import { CRC_START, crc16, storedCrc } from "./crc16";
import { expireGroup, mendGroup } from "./groupUpkeep";
import {
  CHECK_BYTES,
  fitsGroup,
  GROUP_BYTES,
  GROUP_ROWS,
  groupHourAt,
  HEAD_AT,
  holdsHour,
  isBlank,
  ROWS_AT,
  rowCheck,
  SEAL_AT,
  setCheck,
  setHead,
  soundRows,
} from "./rowGroup";
import { HEADER_BYTES } from "./sectorHeader";
import { SectorLog } from "./sectorLog";

/** Groups of 16 rows in a sector. */
const SECTOR_GROUPS = 20;

const KIND = 0x43;

/** Called with rows of an hour: 12 to 192 bytes, whole rows one after the other. */
export type RowVisitor = (rows: Buffer) => Promise<void>;

/**
 * The contact log: what was heard, by UTC hour of origin, in a ring of flash sectors (docs/protocol.md, "Contact row").
 *
 * A sector holds 20 groups of 16 rows, 12.8 bytes a row with everything. Rows are programmed first and their checks second,
 * so a power cut can lose only rows whose append had not yet resolved, and no half-written row is ever read. Rows of
 * neighbouring hours may alternate freely. Buffers in RAM: 4 bytes a sector and 206 more.
 */
export class ContactLog extends SectorLog {
  /** Rows appended since start. */
  appended: number;

  /** The group that takes the next row. */
  private group: number;
  /** Rows in it; at 0 its head is not written yet. */
  private rows: number;
  private groupHour: number;
  /** Head and checks of the group, in their places, and the CRC of head and rows so far. */
  private readonly frame: Buffer;
  private crc: number;

  /** A log over `sectors` sectors of the store from `firstSector`; mount it before use. */
  constructor(store: FlashStore, firstSector: number, sectors: number, pause: Pause) {
    super(store, firstSector, sectors, KIND, false, pause);
    this.frame = Buffer.alloc(GROUP_BYTES);
    this.appended = 0;
    this.group = 0;
    this.rows = 0;
    this.groupHour = 0;
    this.crc = 0;
  }

  /**
   * Writes rows (whole 12-byte rows, one after the other) whose chirps were made for `hour`. Once it resolves they survive a
   * power cut. After an error some of them may have been written: appending all of them again does no harm.
   *
   * @throws FlashError
   */
  async append(hour: number, rows: Buffer): Promise<void> {
    await this.writeAll(hour, rows);
    this.appended += Math.floor(rows.length / ROW_BYTES);
  }

  /**
   * Hands the visitor all sound rows of an hour, at most 16 at a time, oldest first. Appends may go on meanwhile; rows whose
   * sector is reused meanwhile are left out. Costs no flash access where no sector can hold the hour.
   *
   * @throws FlashError
   */
  async readHour(hour: number, visit: RowVisitor): Promise<void> {
    await this.pause();
    const start = this.ring.cursor;
    for (let k = 0; k < this.ring.sectors; k++) {
      const sector = (start + k) % this.ring.sectors;
      if (this.ring.mayHold(sector, hour)) await this.readSector(sector, hour, visit);
    }
  }

  /** Makes `group` one that takes a row of the hour, in a sector opened for it if need be. */
  private async makeRoom(hour: number): Promise<void> {
    if (!this.known) await this.recover();
    const fits = this.ring.writable && this.ring.fits(hour);
    if (this.rows > 0 && (!fits || !fitsGroup(hour, this.groupHour))) await this.seal();
    if (!fits || this.group >= SECTOR_GROUPS) {
      await this.ring.open(hour);
      this.group = 0;
    }
    if (this.rows === 0) {
      this.groupHour = hour;
      for (let i = 0; i < GROUP_BYTES; i++) this.frame[i] = 0xff;
      setHead(this.frame, hour, this.ring.firstHour(this.ring.newest));
      this.crc = crc16(this.frame, HEAD_AT, ROWS_AT - HEAD_AT, CRC_START);
    }
    this.ring.setLastHour(this.ring.newest, Math.max(hour, this.ring.lastHour(this.ring.newest)));
    // A clock that went back may bring rows of hours that were expired before.
    this.expiredTo = Math.min(this.expiredTo, hour - 1);
  }

  /** Writes as many rows from `start` on as the group takes, and returns their bytes. */
  protected override async write(hour: number, rows: Buffer, start: number): Promise<number> {
    await this.makeRoom(hour);
    const first = this.rows;
    const length = Math.min(rows.length - start, (GROUP_ROWS - first) * ROW_BYTES);
    const end = first + Math.floor(length / ROW_BYTES);
    const address = this.address(this.ring.newest, this.group);
    if (first === 0) {
      const headAndRows = Buffer.alloc(ROWS_AT - HEAD_AT + length);
      copyBytes(headAndRows, 0, this.frame, HEAD_AT, ROWS_AT - HEAD_AT);
      copyBytes(headAndRows, ROWS_AT - HEAD_AT, rows, start, length);
      await this.store.program(address + HEAD_AT, headAndRows);
    } else await this.store.program(address + ROWS_AT + first * ROW_BYTES, rows.slice(start, start + length));
    for (let k = first; k < end; k++)
      setCheck(this.frame, k, rowCheck(rows, start + (k - first) * ROW_BYTES, hour - this.groupHour));
    await this.store.program(address + (first >> 1), this.frame.slice(first >> 1, (end + 1) >> 1));
    this.crc = crc16(rows, start, length, this.crc);
    this.rows = end;
    if (end === GROUP_ROWS) await this.seal();
    return length;
  }

  /** Seals the group and goes on to the next. */
  private async seal(): Promise<void> {
    const seal = Buffer.alloc(2);
    writeU16(seal, 0, storedCrc(crc16(this.frame, 0, CHECK_BYTES, this.crc)));
    await this.store.program(this.address(this.ring.newest, this.group) + SEAL_AT, seal);
    this.group++;
    this.rows = 0;
  }

  /** Finds the group after the last one in use, which it mends and seals: what was being written there may be torn. */
  protected override async recover(): Promise<void> {
    this.rows = 0;
    if (this.ring.writable) {
      const sector = this.ring.newest;
      const index = await this.readIndex(sector);
      let used = SECTOR_GROUPS;
      while (used > 0 && isBlank(index, (used - 1) * ROWS_AT, ROWS_AT)) used--;
      // A cut may have left what lies before the rows of the next group blank, and not the rows.
      if (used < SECTOR_GROUPS && !isBlank(await this.readGroup(sector, used), 0, GROUP_BYTES)) used++;
      let latest = 0;
      if (used > 0) await mendGroup(this.store, this.address(sector, used - 1), this.ring.firstHour(sector));
      for (let group = 0; group < used; group++)
        latest = Math.max(latest, groupHourAt(index, group * ROWS_AT, this.ring.firstHour(sector)) + 1);
      this.ring.setLastHour(sector, latest);
      this.group = used;
    }
    this.known = true;
  }

  private async readSector(sector: number, hour: number, visit: RowVisitor): Promise<void> {
    const moves = this.ring.moves;
    const reuse = this.ring.movesUntilReuse(sector);
    const firstHour = this.ring.firstHour(sector);
    const index = await this.readIndex(sector);
    for (let group = 0; group < SECTOR_GROUPS; group++) {
      if (!holdsHour(index, group * ROWS_AT, hour, firstHour)) continue;
      const bytes = await this.readGroup(sector, group);
      if (this.ring.moves - moves >= reuse || !this.ring.holds(sector)) return;
      const rows = soundRows(bytes, hour, firstHour);
      if (rows.length > 0) await visit(rows);
    }
  }

  protected override async expireParts(sector: number, lastHour: number): Promise<void> {
    const firstHour = this.ring.firstHour(sector);
    const index = await this.readIndex(sector);
    for (let group = 0; group < SECTOR_GROUPS; group++) {
      const hour = groupHourAt(index, group * ROWS_AT, firstHour);
      // A group holds rows of up to an hour after its own: it is done with once that hour has been expired.
      if (hour === 0 || hour - 1 > lastHour || hour + 1 <= this.expiredTo) continue;
      await expireGroup(this.store, this.address(sector, group), lastHour, firstHour);
    }
  }

  /** Of each group what lies before its rows, one after the other. */
  private async readIndex(sector: number): Promise<Buffer> {
    return await this.store.readStrided(this.address(sector, 0), GROUP_BYTES, ROWS_AT, SECTOR_GROUPS);
  }

  private async readGroup(sector: number, group: number): Promise<Buffer> {
    return await this.store.read(this.address(sector, group), GROUP_BYTES);
  }

  private address(sector: number, group: number): number {
    return this.ring.address(sector) + HEADER_BYTES + group * GROUP_BYTES;
  }
}
