import type { SpiChip } from "./desk";

const SECTOR = 4096;
const PAGE = 256;
const PROGRAM_MS = 1;
const ERASE_MS = 45;
const STATUS_MS = 10;
const WAKE_MS = 0.1;

/** What distinguishes the chips on the market. */
export interface NorKind {
  readonly jedecId: number[];
  /** The SFDP area from address 0; empty where the chip has none. */
  readonly sfdp: number[];
}

/** Basic parameter table of a chip of `size` bytes with 256-byte pages, as JESD216B lays it out. */
export function sfdpOf(size: number): number[] {
  const bits = size * 8 - 1;
  const header = [0x53, 0x46, 0x44, 0x50, 6, 1, 0, 0xff, 0, 6, 1, 16, 0x30, 0, 0, 0xff];
  const area: number[] = [];
  for (let i = 0; i < 0x30 + 64; i++) area.push(i < header.length ? header[i] : 0xff);
  const table = [0xe5, 0x20, 0xf9, 0xff, bits & 0xff, (bits >> 8) & 0xff, (bits >> 16) & 0xff, (bits >> 24) & 0xff];
  for (let i = 0; i < table.length; i++) area[0x30 + i] = table[i];
  area[0x30 + 40] = 0x80;
  return area;
}

/** SPI NOR flash, byte by byte: opcodes, write enable, page wrap, busy times, block protection, deep power-down. */
export class NorModel implements SpiChip {
  selected = false;
  absent = false;
  /** The data line is shorted to ground. */
  shorted = false;
  /** The WP# pin is low and the status register locked. */
  writeProtectPin = false;
  /** Program and erase operations begun. */
  operations = 0;
  /** The operation of this number stays half done, and power is gone from then on; 0: never. */
  cutAt = 0;
  powerLost = false;
  /** The chip's WEL bit never sets, as where a write was refused. */
  refusesWrites = false;
  asleep = false;
  /** Commands other than status reads that came while the chip was busy; a driver that sends any loses data. */
  ignored = 0;
  status = 0;
  readonly cells: Buffer;

  private readonly kind: NorKind;
  private nowMs = 0;
  private busyUntil = 0;
  private wakesAt = 0;
  private bytes: number[] = [];
  private position = 0;

  constructor(size: number, kind: NorKind) {
    this.kind = kind;
    this.cells = Buffer.alloc(size);
    for (let at = 0; at < size; at += SECTOR) this.cells.set(blank(SECTOR), at);
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.busyUntil > 0 && nowMs >= this.busyUntil) {
      this.busyUntil = 0;
      this.status &= ~0x03;
    }
  }

  /** Leaves the chip as a microcontroller that restarted in the middle of an erase finds it. */
  beginErase(): void {
    this.busyUntil = this.nowMs + ERASE_MS;
    this.status |= 0x01;
  }

  select(): void {
    this.bytes = [];
    this.position = 0;
  }

  clock(mosi: number): number {
    const at = this.position++;
    if (this.shorted) return 0;
    if (this.absent || this.powerLost) return 0xff;
    if (at < 5 || this.bytes[0] === 0x02) this.bytes.push(mosi);
    const opcode = this.bytes[0];
    if (this.asleep || this.nowMs < this.wakesAt) return 0xff;
    if (opcode === 0x05) return at > 0 ? this.status : 0xff;
    if (this.busyUntil > 0) return 0xff;
    if (opcode === 0x9f) return at > 0 && at <= 3 ? this.kind.jedecId[at - 1] : 0xff;
    if (opcode === 0x03 && at >= 4) return this.cells[(this.address() + at - 4) % this.cells.length];
    if (opcode === 0x5a && at >= 5) {
      const from = this.address() + at - 5;
      return from < this.kind.sfdp.length ? this.kind.sfdp[from] : 0xff;
    }
    return 0xff;
  }

  /** Commands that change something are carried out when the select line rises. */
  deselect(): void {
    const opcode = this.bytes[0];
    if (this.absent || this.powerLost || this.bytes.length === 0) return;
    if (this.asleep) {
      if (opcode === 0xab) {
        this.asleep = false;
        this.wakesAt = this.nowMs + WAKE_MS;
      }
      return;
    }
    if (this.nowMs < this.wakesAt) this.ignored++;
    else if (this.busyUntil > 0) {
      if (opcode !== 0x05) this.ignored++;
    } else this.carryOut(opcode);
  }

  private carryOut(opcode: number): void {
    if (opcode === 0x06 && !this.refusesWrites) this.status |= 0x02;
    if (opcode === 0x04) this.status &= ~0x02;
    if (opcode === 0xb9) this.asleep = true;
    if (!(this.status & 0x02)) return;
    if (opcode === 0x01) {
      if (!this.writeProtectPin) this.status = (this.status & 0x03) | (this.bytes[1] & 0xfc);
      this.busy(STATUS_MS);
    }
    const isProtected = (this.status & 0x3c) !== 0;
    if (opcode === 0x02) {
      if (!isProtected) this.program();
      this.busy(PROGRAM_MS);
    }
    if (opcode === 0x20) {
      if (!isProtected) this.erase();
      this.busy(ERASE_MS);
    }
  }

  /** Addresses wrap inside the page: what is sent beyond its end lands at its start. */
  private program(): void {
    const address = this.address();
    const page = address - (address % PAGE);
    const count = this.cutShort(this.bytes.length - 4);
    for (let i = 0; i < count; i++) {
      const cell = page + ((address - page + i) % PAGE);
      this.cells[cell] = this.cells[cell] & this.bytes[4 + i];
    }
  }

  private erase(): void {
    const address = this.address();
    const sector = address - (address % SECTOR);
    const count = this.cutShort(SECTOR);
    this.cells.set(blank(count), sector);
  }

  private cutShort(count: number): number {
    this.operations++;
    if (this.operations !== this.cutAt) return count;
    this.powerLost = true;
    return count >> 1;
  }

  private busy(ms: number): void {
    this.busyUntil = this.nowMs + ms;
    this.status |= 0x01;
  }

  private address(): number {
    return this.bytes[1] * 0x10000 + this.bytes[2] * 0x100 + this.bytes[3];
  }
}

/** Erased cells, doubled up because a loop over a sector is long for the VM. */
function blank(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  bytes[0] = 0xff;
  for (let filled = 1; filled < count; filled *= 2) bytes.set(bytes.slice(0, Math.min(filled, count - filled)), filled);
  return bytes;
}
