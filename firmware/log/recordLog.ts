import { copyBytes, readU32 } from "../../protocol/base/bytes";
import type { Pause } from "../base/turn";
import type { FlashStore } from "../board/flashStore";
import {
  BLANK_HOUR,
  CRC_AT,
  encodeRecord,
  findRecord,
  HOUR_BYTES,
  PAYLOAD_BYTES,
  payloadAt,
  RECORD_BYTES,
} from "./record";
import { isBlank } from "./rowGroup";
import { HEADER_BYTES } from "./sectorHeader";
import { SectorLog } from "./sectorLog";
import { zero } from "./sectorRing";

/** Records in a sector: what fits behind its header. */
export const SECTOR_RECORDS = 107;

const RECORDS_PER_READ = 5;
const HOURS_PER_READ = 56;

/** Called with each record in turn. */
export type RecordVisitor = (hour: number, payload: Buffer) => Promise<void>;

/**
 * A log of 32-byte records by UTC hour, in a ring of flash sectors: hour u32 | payload 32 | CRC u16. The CRC is programmed
 * after the rest, so a record counts wholly or not at all. A record that is to go is overwritten with zeros where it lies.
 */
export class RecordLog extends SectorLog {
  private next: number;
  /** The hours of one sector's records, and the few records read last: what makes reading hour after hour cheap. */
  private hours: Buffer;
  private hoursSector: number;
  private window: Buffer;
  /** Counts changes, so that what a slow reader read before one is not kept for later. */
  private changes: number;

  /**
   * A log over `sectors` sectors of the store from `firstSector`; `kind` (1 to 127) tells logs apart. Mount it before use.
   *
   * @param anyOrder whether hours come in any order: looking one up then reads all sectors. Otherwise an hour that is more than
   * one before its sector's first, or 126 behind it, begins a new sector.
   */
  constructor(store: FlashStore, firstSector: number, sectors: number, kind: number, anyOrder: boolean, pause: Pause) {
    super(store, firstSector, sectors, kind, anyOrder, pause);
    this.next = 0;
    this.hours = Buffer.alloc(0);
    this.hoursSector = -1;
    this.window = Buffer.alloc(0);
    this.changes = 0;
  }

  /** Writes a record (a shorter payload is filled up with zeros); once it resolves it survives a power cut. @throws FlashError */
  async append(hour: number, payload: Buffer): Promise<void> {
    await this.writeAll(hour, encodeRecord(hour, payload));
  }

  /** The payload of the hour's record, of the last one where there are several; undefined if there is none. @throws FlashError */
  async get(hour: number): Promise<Buffer | undefined> {
    const cached = this.anyOrder ? undefined : findRecord(this.window, hour);
    if (cached) return cached;
    await this.pause();
    let found: Buffer | undefined;
    const start = this.ring.cursor;
    for (let k = 0; k < this.ring.sectors; k++) {
      const sector = (start + k) % this.ring.sectors;
      if (!this.mayHold(sector, hour)) continue;
      const hours = await this.readHours(sector);
      for (let record = 0; record < SECTOR_RECORDS; record++) {
        if (readU32(hours, record * 4) !== hour) continue;
        const changes = this.changes;
        const records = await this.readRecords(sector, record);
        const payload = payloadAt(records, 0);
        if (!payload) continue;
        found = payload;
        if (changes === this.changes) this.window = records;
      }
    }
    return found;
  }

  /** Hands the visitor all records, in the order of writing. @throws FlashError */
  async visitRecords(visit: RecordVisitor): Promise<void> {
    await this.pause();
    const start = this.ring.cursor;
    for (let k = 0; k < this.ring.sectors; k++) {
      const sector = (start + k) % this.ring.sectors;
      if (!this.ring.holds(sector)) continue;
      const hours = await this.readHours(sector);
      for (let record = 0; record < SECTOR_RECORDS && readU32(hours, record * 4) !== BLANK_HOUR; ) {
        const records = await this.readRecords(sector, record);
        for (let at = 0; at < records.length; at += RECORD_BYTES) {
          const payload = payloadAt(records, at);
          if (payload) await visit(readU32(records, at), payload);
        }
        record += RECORDS_PER_READ;
      }
    }
  }

  /** Overwrites all records of the hour except the last one with zeros. @throws FlashError */
  async eraseAllButLast(hour: number): Promise<void> {
    await this.turn.take();
    try {
      let sectorBefore = -1;
      let recordBefore = -1;
      const start = this.ring.cursor;
      for (let k = 0; k < this.ring.sectors; k++) {
        const sector = (start + k) % this.ring.sectors;
        if (!this.mayHold(sector, hour)) continue;
        const hours = await this.readHours(sector);
        for (let record = 0; record < SECTOR_RECORDS; record++) {
          if (readU32(hours, record * 4) !== hour) continue;
          if (!payloadAt(await this.readRecords(sector, record), 0)) {
            await this.eraseRecord(sector, record);
            continue;
          }
          if (sectorBefore >= 0) await this.eraseRecord(sectorBefore, recordBefore);
          sectorBefore = sector;
          recordBefore = record;
        }
      }
    } finally {
      this.forget();
      this.turn.give();
    }
  }

  /** The latest hour that the newest sector holds, or 0 if there is none. */
  latestHour(): number {
    return this.ring.newest < 0 ? 0 : this.ring.lastHour(this.ring.newest);
  }

  private mayHold(sector: number, hour: number): boolean {
    return this.anyOrder ? this.ring.holds(sector) : this.ring.mayHold(sector, hour);
  }

  protected override async write(hour: number, record: Buffer): Promise<number> {
    if (!this.known) await this.recover();
    if (!this.ring.writable || this.next >= SECTOR_RECORDS || !(this.anyOrder || this.ring.fits(hour))) {
      await this.ring.open(hour);
      this.next = 0;
    }
    const at = this.recordAt(this.ring.newest, this.next);
    await this.store.program(at, record.slice(0, CRC_AT));
    await this.store.program(at + CRC_AT, record.slice(CRC_AT, RECORD_BYTES));
    this.next++;
    this.ring.setLastHour(this.ring.newest, Math.max(hour, this.ring.lastHour(this.ring.newest)));
    return RECORD_BYTES;
  }

  /** Finds where the newest sector goes on; voids a record that lacks its CRC, and one that was only begun. */
  protected override async recover(): Promise<void> {
    if (this.ring.writable) {
      const sector = this.ring.newest;
      const hours = await this.readHours(sector);
      let next = SECTOR_RECORDS;
      while (next > 0 && readU32(hours, (next - 1) * 4) === BLANK_HOUR) next--;
      const first = Math.max(0, next - 1);
      const records = await this.readRecords(sector, first);
      if (next > 0 && !payloadAt(records, 0)) await this.eraseRecord(sector, first);
      if (next < SECTOR_RECORDS && !isBlank(records, (next - first) * RECORD_BYTES, RECORD_BYTES)) {
        await this.eraseRecord(sector, next);
        next++;
      }
      this.next = next;
      let latest = this.ring.firstHour(sector);
      for (let record = 0; record < next; record++) {
        const hour = readU32(hours, record * 4);
        if (hour !== BLANK_HOUR) latest = Math.max(latest, hour);
      }
      this.ring.setLastHour(sector, Math.min(latest, this.ring.lastHour(sector)));
      this.forget();
    }
    this.known = true;
  }

  protected override async expireParts(sector: number, lastHour: number): Promise<void> {
    const hours = await this.readHours(sector);
    for (let record = 0; record < SECTOR_RECORDS; record++) {
      const hour = readU32(hours, record * 4);
      if (hour !== 0 && hour <= lastHour) await this.eraseRecord(sector, record);
    }
  }

  /** First the CRC goes, so that half a record never counts, and last the hour, so that a power cut leaves what to erase. */
  private async eraseRecord(sector: number, record: number): Promise<void> {
    const at = this.recordAt(sector, record);
    await zero(this.store, at + CRC_AT, RECORD_BYTES - CRC_AT);
    await zero(this.store, at + HOUR_BYTES, PAYLOAD_BYTES);
    await zero(this.store, at, HOUR_BYTES);
  }

  private async readHours(sector: number): Promise<Buffer> {
    if (sector === this.hoursSector) return this.hours;
    const changes = this.changes;
    const hours = Buffer.alloc(SECTOR_RECORDS * 4);
    for (let record = 0; record < SECTOR_RECORDS; record += HOURS_PER_READ) {
      const count = Math.min(HOURS_PER_READ, SECTOR_RECORDS - record);
      const part = await this.store.readStrided(this.recordAt(sector, record), RECORD_BYTES, 4, count);
      copyBytes(hours, record * 4, part, 0, count * 4);
    }
    if (changes === this.changes) {
      this.hours = hours;
      this.hoursSector = sector;
    }
    return hours;
  }

  /** The record and those after it, 5 in all or up to the sector's end. */
  private async readRecords(sector: number, record: number): Promise<Buffer> {
    const count = Math.min(RECORDS_PER_READ, SECTOR_RECORDS - record);
    return await this.store.read(this.recordAt(sector, record), count * RECORD_BYTES);
  }

  private recordAt(sector: number, record: number): number {
    return this.ring.address(sector) + HEADER_BYTES + record * RECORD_BYTES;
  }

  protected override forget(): void {
    this.changes++;
    this.hours = Buffer.alloc(0);
    this.hoursSector = -1;
    this.window = Buffer.alloc(0);
  }
}
