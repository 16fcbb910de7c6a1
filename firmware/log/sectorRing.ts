import { readU16, writeU16 } from "../../protocol/base/bytes";
import { FlashError, FlashFault, type FlashStore, SECTOR_BYTES, TRANSFER_BYTES } from "../board/flashStore";
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  HEADER_CRC_AT,
  MAX_SPAN,
  type SectorHeader,
  UNKNOWN_SPAN,
} from "./sectorHeader";

/** Kind of the sector that says "everything here is being erased", so that a power cut cannot leave half a log. */
const ERASING = 0xea;

const HEADERS_PER_READ = 20;
const INDEX_BYTES = 4;

/** Stands in the index for the first hour of a sector that is being overwritten: long past, so every expiry goes on with it. */
const GOING_HOUR = 1;

/** Sectors that may fail one after the other before the store counts as unusable. */
const MAX_FAILURES = 8;

/**
 * The part that all logs share: a ring of sectors, each opened for one hour by a CRC-checked header, and an index in RAM (4 bytes a
 * sector) that finds the sectors which may hold an hour without touching the flash. Opening a sector reuses the oldest. Its
 * header is voided before it is erased, so whatever a power cut leaves of an erase is never taken for data.
 */
export class SectorRing {
  /** The sector that was opened last, 0 to sectors - 1, or -1. */
  newest: number;
  /** Whether the newest sector takes more data. */
  writable: boolean;
  /** The sector to be opened next: the oldest. */
  cursor: number;
  /** How often the cursor moved; tells a slow reader that its sector has been reused. */
  moves: number;
  /** Sectors out of use since start because the chip failed there. */
  faults: number;
  readonly sectors: number;

  private readonly store: FlashStore;
  private readonly firstSector: number;
  private readonly kind: number;
  /** For each sector: first hour u24, 0 if it holds nothing, GOING_HOUR if it is being overwritten | span. */
  private readonly index: Buffer;
  /** Sectors out of use. */
  private readonly retired: number[];
  private sequence: number;
  private erasing: boolean;

  /** A ring over `sectors` (3 or more) sectors from `firstSector`; `kind` (1 to 127) tells the logs apart. */
  constructor(store: FlashStore, firstSector: number, sectors: number, kind: number) {
    this.store = store;
    this.firstSector = firstSector;
    this.sectors = sectors;
    this.kind = kind;
    this.index = Buffer.alloc(sectors * INDEX_BYTES);
    this.retired = [];
    this.newest = -1;
    this.writable = false;
    this.cursor = 0;
    this.moves = 0;
    this.faults = 0;
    this.sequence = 0;
    this.erasing = false;
  }

  /**
   * Reads all headers, 20 a packet, and finishes an erasure that the power cut short. Returns whether there was one.
   *
   * @throws FlashError
   */
  async mount(): Promise<boolean> {
    this.index.set(Buffer.alloc(this.index.length), 0);
    this.newest = -1;
    this.sequence = 0;
    this.erasing = false;
    let first: SectorHeader | undefined;
    let last: SectorHeader | undefined;
    let lastAt = -1;
    for (let at = 0; at < this.sectors; at += HEADERS_PER_READ) {
      const count = Math.min(HEADERS_PER_READ, this.sectors - at);
      const bytes = await this.readHeaders(at, count);
      for (let k = 0; k < count; k++) {
        const header = decodeHeader(bytes, k * HEADER_BYTES);
        if (!header || (header.kind !== this.kind && header.kind !== ERASING)) continue;
        if (header.isGoing) {
          this.setEntry(at + k, GOING_HOUR, 0);
          continue;
        }
        this.note(at + k, header);
        if (last && last.sequence + 1 === header.sequence) this.setSpan(lastAt, header.spanBefore);
        if (!first) first = header;
        last = header;
        lastAt = at + k;
      }
    }
    if (first && last && last.sequence + 1 === first.sequence) this.setSpan(lastAt, first.spanBefore);
    this.writable = this.newest >= 0;
    const wasErasing = this.erasing;
    if (wasErasing) await this.eraseOthers();
    return wasErasing;
  }

  /** Offset in the store of a sector's first byte. */
  address(sector: number): number {
    return (this.firstSector + sector) * SECTOR_BYTES;
  }

  /** The hour that a sector was opened for, 0 if it holds nothing, GOING_HOUR if it is being overwritten. */
  firstHour(sector: number): number {
    const at = sector * INDEX_BYTES;
    return (this.index[at] << 16) | readU16(this.index, at + 1);
  }

  /** The latest hour that a sector may hold. */
  lastHour(sector: number): number {
    return this.firstHour(sector) + Math.min(this.index[sector * INDEX_BYTES + 3], MAX_SPAN);
  }

  /** Whether something in the sector counts. */
  holds(sector: number): boolean {
    return this.firstHour(sector) > GOING_HOUR;
  }

  /** Whether the sector may hold rows of the hour. */
  mayHold(sector: number, hour: number): boolean {
    const first = this.firstHour(sector);
    return first > GOING_HOUR && hour >= first - 1 && hour <= this.lastHour(sector);
  }

  /** Whether the newest sector can take data of the hour. */
  fits(hour: number): boolean {
    const first = this.firstHour(this.newest);
    return hour >= first - 1 && hour <= first + MAX_SPAN;
  }

  /** Notes the latest hour of a sector, once it is known or grows. */
  setLastHour(sector: number, hour: number): void {
    this.setSpan(sector, Math.min(UNKNOWN_SPAN, Math.max(0, hour - this.firstHour(sector))));
  }

  /** How many moves of the cursor reuse a sector: compare with what `moves` has grown by. */
  movesUntilReuse(sector: number): number {
    return ((sector - this.cursor + this.sectors) % this.sectors) + 1;
  }

  /** Opens the oldest sector for the hour; what it held is gone. @throws FlashError */
  async open(hour: number): Promise<void> {
    await this.openAs(this.kind, hour);
  }

  /** Takes a sector out of use after the chip failed in it; what it holds stays readable. */
  retire(sector: number): void {
    if (this.retired.indexOf(sector) < 0) {
      this.faults++;
      this.retired.push(sector);
    }
    if (sector === this.newest) this.writable = false;
  }

  /**
   * Overwrites a whole sector with zeros. The CRC of its header goes first, so that nothing half overwritten counts; the rest of
   * the header goes last and alone, so that after a power cut the next expiry goes on. @throws FlashError
   */
  async shred(sector: number): Promise<void> {
    const address = this.address(sector);
    if (sector === this.newest) this.writable = false;
    this.setEntry(sector, GOING_HOUR, 0);
    try {
      await zero(this.store, address + HEADER_CRC_AT, HEADER_BYTES - HEADER_CRC_AT);
      for (let end = SECTOR_BYTES; end > HEADER_BYTES; end -= TRANSFER_BYTES) {
        const start = Math.max(HEADER_BYTES, end - TRANSFER_BYTES);
        await zero(this.store, address + start, end - start);
      }
      await zero(this.store, address, HEADER_BYTES);
    } catch (error) {
      if (!(error instanceof FlashFault)) throw error;
      await this.tryErase(sector);
    }
    this.setEntry(sector, 0, 0);
  }

  /** Notes in the flash that everything is to be erased: from now on a mount does it. @throws FlashError */
  async beginErase(): Promise<void> {
    if (!this.erasing) await this.openAs(ERASING, 0);
    this.erasing = true;
  }

  /** Erases every sector; goes on at the next mount if the power fails meanwhile. @throws FlashError */
  async eraseAll(): Promise<void> {
    await this.beginErase();
    await this.eraseOthers();
  }

  private async readHeaders(sector: number, count: number): Promise<Buffer> {
    try {
      return await this.store.readStrided(this.address(sector), SECTOR_BYTES, HEADER_BYTES, count);
    } catch (error) {
      if (!(error instanceof FlashFault)) throw error;
      if (count > 1) return await this.readHeadersSingly(sector, count);
      this.retire(sector);
      return Buffer.alloc(HEADER_BYTES);
    }
  }

  private async readHeadersSingly(sector: number, count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count * HEADER_BYTES);
    for (let k = 0; k < count; k++) bytes.set(await this.readHeaders(sector + k, 1), k * HEADER_BYTES);
    return bytes;
  }

  private async eraseOthers(): Promise<void> {
    this.moves += this.sectors;
    this.writable = false;
    for (let sector = 0; sector < this.sectors; sector++) {
      if (sector !== this.newest) await this.tryErase(sector);
      this.setEntry(sector, 0, 0);
    }
    await zero(this.store, this.address(this.newest), HEADER_BYTES);
    await this.tryErase(this.newest);
    this.newest = -1;
    this.erasing = false;
  }

  private async openAs(kind: number, hour: number): Promise<void> {
    const spanBefore = this.newest >= 0 ? this.index[this.newest * INDEX_BYTES + 3] : UNKNOWN_SPAN;
    const header = encodeHeader(kind, this.sequence + 1, hour, spanBefore);
    let failures = 0;
    for (let tries = 0; tries < this.sectors && failures < MAX_FAILURES; tries++) {
      const sector = this.cursor;
      if (this.retired.indexOf(sector) < 0) {
        try {
          await this.reuse(sector, header);
          this.setEntry(sector, hour, 0);
          this.newest = sector;
          this.writable = kind === this.kind;
          this.sequence++;
          this.cursor = (sector + 1) % this.sectors;
          return;
        } catch (error) {
          if (!(error instanceof FlashFault)) throw error;
          failures++;
          this.retire(sector);
        }
      }
      this.cursor = (sector + 1) % this.sectors;
    }
    throw new FlashError(`no sector of log ${this.kind} can be written`);
  }

  private async reuse(sector: number, header: Buffer): Promise<void> {
    const address = this.address(sector);
    this.moves++;
    this.setEntry(sector, 0, 0);
    if (sector === this.newest) this.writable = false;
    await zero(this.store, address, HEADER_BYTES);
    await this.store.erase(address);
    await this.store.program(address, header);
  }

  private async tryErase(sector: number): Promise<void> {
    try {
      await this.store.erase(this.address(sector));
    } catch (error) {
      if (!(error instanceof FlashFault)) throw error;
      this.retire(sector);
    }
  }

  private note(sector: number, header: SectorHeader): void {
    if (header.kind === this.kind) this.setEntry(sector, header.firstHour, UNKNOWN_SPAN);
    if (header.sequence < this.sequence) return;
    this.sequence = header.sequence;
    this.newest = sector;
    this.cursor = (sector + 1) % this.sectors;
    this.erasing = header.kind === ERASING;
  }

  private setEntry(sector: number, firstHour: number, span: number): void {
    const at = sector * INDEX_BYTES;
    this.index[at] = firstHour >> 16;
    writeU16(this.index, at + 1, firstHour);
    this.index[at + 3] = span;
  }

  private setSpan(sector: number, span: number): void {
    this.index[sector * INDEX_BYTES + 3] = span;
  }
}

/** Overwrites 1 to TRANSFER_BYTES bytes of one sector with zeros, which flash can do without an erase. @throws FlashError */
export async function zero(store: FlashStore, offset: number, length: number): Promise<void> {
  await store.program(offset, Buffer.alloc(length));
}
