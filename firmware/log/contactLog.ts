import { copyBytes, writeU16 } from "../../protocol/bytes";
import { ROW_BYTES } from "../../protocol/contactRow";
import { FlashFault, type FlashStore } from "../flash/flashStore";
import { CRC_START, crc16, storedCrc } from "./crc16";
import { decodeRuns, encodeRun, type HourRun, isRun, MAX_RUNS, RUN_BYTES, runStart, usedRuns } from "./hourRuns";
import { eraseRows } from "./rowEraser";
import {
  CHECK_BYTES,
  CHECKS_AT,
  GROUP_BYTES,
  GROUP_ROWS,
  getCheck,
  groupCrc,
  isUnwritten,
  rowCheck,
  SEAL_AT,
  setCheck,
  soundRows,
  UNWRITTEN,
} from "./rowGroup";
import { mendGroup } from "./rowMender";
import { decodeHeader, HEADER_BYTES } from "./sectorHeader";
import { SectorRing } from "./sectorRing";
import { type Pause, Turn } from "./turn";

/** Where a sector's groups begin: after its header and the hours of its runs. */
export const GROUPS_AT = HEADER_BYTES + MAX_RUNS * RUN_BYTES;

/** Groups in a sector. */
export const SECTOR_GROUPS = 20;

/** Rows in a sector: 12.8 bytes each, everything included. */
export const SECTOR_ROWS = SECTOR_GROUPS * GROUP_ROWS;

const KIND = 0x43;
const MAX_FAULTS_PER_APPEND = 4;

/** Called with the rows of an hour: 12 to 192 bytes, whole rows one after the other. */
export type RowVisitor = (rows: Buffer) => Promise<void>;

/**
 * The contact log: what was heard, by UTC hour of origin, in a ring of flash sectors (docs/protocol.md, "Contact row").
 *
 * Rows are programmed first and their check nibbles second, so a power cut can lose only rows whose append had not yet
 * resolved, and no half-written row is ever read. RAM: 4 bytes a sector and about 500 more.
 */
export class ContactLog {
  /** Rows appended since start. */
  appended: number;

  private readonly store: FlashStore;
  private readonly ring: SectorRing;
  private readonly pause: Pause;
  private readonly turn: Turn;
  /** Whether what follows describes the newest sector; not so at start and after an operation that failed. */
  private known: boolean;
  private nextSlot: number;
  private runHour: number;
  private runs: number;
  private readonly checks: Buffer;
  private crc: number;
  private erasedTo: number;

  /** A log over `sectors` sectors of the store from `firstSector`; mount it before use. */
  constructor(store: FlashStore, firstSector: number, sectors: number, pause: Pause) {
    this.store = store;
    this.ring = new SectorRing(store, firstSector, sectors, KIND);
    this.pause = pause;
    this.turn = new Turn(pause);
    this.checks = Buffer.alloc(CHECK_BYTES);
    this.appended = 0;
    this.known = false;
    this.nextSlot = 0;
    this.runHour = 0;
    this.runs = 0;
    this.crc = CRC_START;
    this.erasedTo = 0;
  }

  /** Finds what the flash holds and mends what a power cut left. @throws FlashError */
  async mount(): Promise<void> {
    await this.turn.take();
    try {
      this.known = false;
      this.erasedTo = 0;
      await this.ring.mount();
      await this.recover();
    } finally {
      this.turn.give();
    }
  }

  /** Sectors out of use since start because the chip failed there. */
  faults(): number {
    return this.ring.faults;
  }

  /**
   * Writes rows (whole 12-byte rows, one after the other) whose chirps were made for `hour`. Once it resolves they survive a
   * power cut. After an error some of them may have been written: appending all of them again does no harm.
   *
   * @throws FlashError
   */
  async append(hour: number, rows: Buffer): Promise<void> {
    await this.turn.take();
    try {
      let done = 0;
      let faults = 0;
      while (done < rows.length) {
        try {
          await this.makeRoom(hour);
          done += await this.write(rows, done);
        } catch (error) {
          this.known = false;
          if (!(error instanceof FlashFault) || ++faults > MAX_FAULTS_PER_APPEND) throw error;
          this.ring.retire(this.ring.newest);
        }
      }
      this.appended += Math.floor(rows.length / ROW_BYTES);
    } finally {
      this.turn.give();
    }
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

  /** Erases the rows of `lastHour` and of every hour before, so that their bytes are gone. @throws FlashError */
  async expire(lastHour: number): Promise<void> {
    await this.turn.take();
    try {
      await this.pause();
      for (let sector = 0; sector < this.ring.sectors; sector++) {
        const first = this.ring.firstHour(sector);
        if (first === 0 || first - 1 > lastHour) continue;
        try {
          await this.expireSector(sector, lastHour);
        } catch (error) {
          if (!(error instanceof FlashFault)) throw error;
          this.ring.retire(sector);
        }
      }
      this.erasedTo = lastHour;
    } finally {
      this.turn.give();
    }
  }

  /** Erases the whole log; a power cut meanwhile is made good at the next mount. @throws FlashError */
  async eraseAll(): Promise<void> {
    await this.turn.take();
    try {
      await this.ring.eraseAll();
    } finally {
      this.turn.give();
    }
  }

  private async makeRoom(hour: number): Promise<void> {
    if (!this.known) await this.recover();
    const newRun = hour !== this.runHour;
    const full = this.nextSlot >= SECTOR_ROWS || (newRun && this.runs >= MAX_RUNS);
    if (!this.ring.writable || full || !this.ring.fits(hour)) {
      await this.ring.open(hour);
      this.nextSlot = 0;
      this.runs = 0;
      this.startGroup();
    } else if (newRun) {
      const entry = encodeRun({ start: this.nextSlot, hour }, this.ring.firstHour(this.ring.newest));
      await this.store.program(this.runAt(this.runs), entry);
      this.runs++;
      this.ring.setLastHour(this.ring.newest, Math.max(hour, this.ring.lastHour(this.ring.newest)));
    }
    this.runHour = hour;
  }

  /** Writes as many rows from `start` on as the group takes, and returns their bytes. */
  private async write(rows: Buffer, start: number): Promise<number> {
    const k = this.nextSlot % GROUP_ROWS;
    const length = Math.min(rows.length - start, (GROUP_ROWS - k) * ROW_BYTES);
    const end = k + Math.floor(length / ROW_BYTES);
    const group = this.groupAt(Math.floor(this.nextSlot / GROUP_ROWS));
    await this.store.program(group + k * ROW_BYTES, rows.slice(start, start + length));
    for (let i = k; i < end; i++) setCheck(this.checks, 0, i, rowCheck(rows, start + (i - k) * ROW_BYTES));
    await this.store.program(group + CHECKS_AT + (k >> 1), this.checks.slice(k >> 1, (end + 1) >> 1));
    this.crc = crc16(rows, start, length, this.crc);
    this.nextSlot += end - k;
    if (end === GROUP_ROWS) {
      const seal = Buffer.alloc(2);
      writeU16(seal, 0, storedCrc(this.crc));
      await this.store.program(group + SEAL_AT, seal);
      this.startGroup();
    }
    return length;
  }

  private startGroup(): void {
    this.checks.set(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 0);
    this.crc = CRC_START;
  }

  /** Finds where the newest sector goes on, and voids or completes what was being written there. */
  private async recover(): Promise<void> {
    this.runHour = 0;
    if (this.ring.writable) {
      const sector = this.ring.newest;
      const checks = await this.store.readStrided(this.groupAt(0) + CHECKS_AT, GROUP_BYTES, CHECK_BYTES, SECTOR_GROUPS);
      let slot = SECTOR_ROWS;
      while (slot > 0 && getCheck(checks, (slot - 1) >> 1, (slot - 1) & 1) === UNWRITTEN) slot--;
      this.startGroup();
      if (slot > 0 && slot % GROUP_ROWS === 0) await mendGroup(this.store, this.groupAt(slot / GROUP_ROWS - 1));
      if (slot < SECTOR_ROWS) {
        const group = await mendGroup(this.store, this.groupAt(Math.floor(slot / GROUP_ROWS)));
        copyBytes(this.checks, 0, group, CHECKS_AT, CHECK_BYTES);
        this.crc = groupCrc(group);
        slot += spoiltRows(group, slot % GROUP_ROWS);
        if (slot % GROUP_ROWS === 0) this.startGroup();
      }
      this.nextSlot = slot;
      await this.recoverRuns(sector);
    }
    this.known = true;
  }

  private async recoverRuns(sector: number): Promise<void> {
    const bytes = await this.store.read(this.runAt(0), MAX_RUNS * RUN_BYTES);
    this.runs = usedRuns(bytes, 0);
    const last = this.runs - 1;
    if (last >= 0 && runStart(bytes, 0, last) >= this.nextSlot) {
      const nothing = Buffer.alloc(RUN_BYTES);
      await this.store.program(this.runAt(last), nothing);
      bytes.set(nothing, last * RUN_BYTES);
    }
    const runs = decodeRuns(bytes, 0, this.ring.firstHour(sector));
    if (last < 0 || runStart(bytes, 0, last) === 0 || isRun(bytes, 0, last)) this.runHour = runs[runs.length - 1].hour;
    let latest = 0;
    for (const run of runs) latest = Math.max(latest, run.hour);
    this.ring.setLastHour(sector, latest);
  }

  private async readSector(sector: number, hour: number, visit: RowVisitor): Promise<void> {
    const moves = this.ring.moves;
    const reuse = this.ring.movesUntilReuse(sector);
    const runs = await this.readRuns(sector);
    for (let i = 0; i < runs.length; i++) {
      if (runs[i].hour !== hour) continue;
      const end = i + 1 < runs.length ? runs[i + 1].start : SECTOR_ROWS;
      for (let slot = runs[i].start; slot < end; slot += GROUP_ROWS - (slot % GROUP_ROWS)) {
        const first = slot % GROUP_ROWS;
        const group = await this.store.read(this.address(sector, Math.floor(slot / GROUP_ROWS)), GROUP_BYTES);
        if (this.ring.moves - moves >= reuse) return;
        const rows = soundRows(group, first, Math.min(GROUP_ROWS, first + end - slot));
        if (rows.length > 0) await visit(rows);
        else if (isUnwritten(group)) break;
      }
    }
  }

  private async readRuns(sector: number): Promise<HourRun[]> {
    const bytes = await this.store.read(this.ring.address(sector), GROUPS_AT);
    const header = decodeHeader(bytes, 0);
    const first = this.ring.firstHour(sector);
    return header && header.firstHour === first ? decodeRuns(bytes, HEADER_BYTES, first) : [];
  }

  private async expireSector(sector: number, lastHour: number): Promise<void> {
    const runs = await this.readRuns(sector);
    let latest = 0;
    for (const run of runs) latest = Math.max(latest, run.hour);
    if (latest <= lastHour) {
      await this.ring.shred(sector);
      return;
    }
    this.ring.setLastHour(sector, latest);
    for (let i = 0; i < runs.length; i++) {
      const hour = runs[i].hour;
      if (hour > lastHour || hour <= this.erasedTo) continue;
      const end = i + 1 < runs.length ? runs[i + 1].start : SECTOR_ROWS;
      if (sector === this.ring.newest) this.ring.writable = false;
      await eraseRows(this.store, this.address(sector, 0), runs[i].start, end);
    }
  }

  private groupAt(group: number): number {
    return this.address(this.ring.newest, group);
  }

  private runAt(run: number): number {
    return this.ring.address(this.ring.newest) + HEADER_BYTES + run * RUN_BYTES;
  }

  private address(sector: number, group: number): number {
    return this.ring.address(sector) + GROUPS_AT + group * GROUP_BYTES;
  }
}

/** Slots from `from` on that hold the start of rows whose writing was cut: they are left out. */
function spoiltRows(group: Buffer, from: number): number {
  for (let at = CHECKS_AT - 1; at >= from * ROW_BYTES; at--)
    if (group[at] !== 0xff) return Math.floor(at / ROW_BYTES) + 1 - from;
  return 0;
}
