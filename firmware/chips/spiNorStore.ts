import { copyBytes, sliceCopy } from "../../protocol/base/bytes";
import type { Timer } from "../base/timer";
import { Turn } from "../base/turn";
import { FlashError, FlashFault, type FlashStore, SECTOR_BYTES, TRANSFER_BYTES } from "../board/flashStore";
import {
  BASIC_TABLE_BYTES,
  findBasicTable,
  geometryFromId,
  type NorGeometry,
  parseBasicTable,
  SFDP_HEADER_BYTES,
} from "./sfdp";
import type { SpiDevice } from "./spiDevice";

// Opcodes and bits as the W25Q, GD25 and MX25 datasheets name them.
const WRITE_STATUS = 0x01;
const PAGE_PROGRAM = 0x02;
const READ_DATA = 0x03;
const WRITE_DISABLE = 0x04;
const READ_STATUS = 0x05;
const WRITE_ENABLE = 0x06;
const READ_SFDP = 0x5a;
const READ_JEDEC_ID = 0x9f;
const RELEASE_POWER_DOWN = 0xab;

const STATUS_BUSY = 0x01;
const STATUS_WRITE_ENABLED = 0x02;
/** BP0 to BP3 (or TB): any of them set protects some of the chip. */
const STATUS_PROTECTION = 0x3c;

/** Longest times of the three families' datasheets, doubled, in milliseconds. */
const PROGRAM_MS = 10;
const ERASE_MS = 800;
const STATUS_WRITE_MS = 80;
/** Release from deep power-down, in which another program may have left the chip, takes 3 to 100 microseconds. */
const WAKE_MS = 1;

const UNDRIVEN = 0xff;
const ABSENT = "no SPI NOR chip answers: check its power, select line and MISO";

const OUT_OF_BOUNDS = "flash read or program out of bounds";
const BEHIND_THE_END = "flash read or program behind the end";

const ADDRESS_BYTES = 3;
/** What 3-byte addresses reach. */
const ADDRESSABLE = 16 * 1024 * 1024;

/**
 * SPI NOR flash. Each transaction takes the bus for itself only, so that a radio on the same bus is served while the chip
 * erases. Programmed bytes are read back; an erase is trusted to the chip's busy bit. Not yet run on hardware.
 */
export class SpiNorStore implements FlashStore {
  readonly size: number;
  private readonly chip: SpiDevice;
  private readonly geometry: NorGeometry;
  private readonly timer: Timer;
  /** One operation at a time: a program must not slip between another's write enable and its data. */
  private readonly turn: Turn;

  private constructor(chip: SpiDevice, geometry: NorGeometry, timer: Timer) {
    this.chip = chip;
    this.geometry = geometry;
    this.size = Math.min(geometry.size, ADDRESSABLE);
    this.timer = timer;
    this.turn = new Turn(async () => await timer.sleep(1));
  }

  /**
   * Wakes the chip, identifies it and lifts its block protection; waits first for an erase that a restart of the
   * microcontroller left running.
   *
   * @throws FlashError if no known chip answers, or the protection cannot be lifted (its WP# pin is low)
   */
  static async open(chip: SpiDevice, timer: Timer): Promise<SpiNorStore> {
    await chip.exchange(Buffer.from([RELEASE_POWER_DOWN]));
    await timer.sleep(WAKE_MS);
    // The status comes first: it is all that a busy chip answers.
    if ((await readStatus(chip)) === UNDRIVEN) throw new FlashError(ABSENT);
    await untilIdle(chip, timer, ERASE_MS);
    const id = await command(chip, [READ_JEDEC_ID], 3);
    if (id[0] === 0 && id[1] === 0) throw new FlashError(ABSENT);
    const store = new SpiNorStore(chip, await discover(chip, id), timer);
    await store.unprotect();
    return store;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return await this.readStrided(offset, 0, length, 1);
  }

  async readStrided(offset: number, stride: number, length: number, count: number): Promise<Buffer> {
    const last = offset + stride * (count - 1);
    if (!(length > 0 && count > 0 && length * count <= TRANSFER_BYTES && offset >= 0 && stride >= 0))
      throw new FlashError(OUT_OF_BOUNDS);
    if (last + length > this.size) throw new FlashError(BEHIND_THE_END);
    await this.turn.take();
    try {
      const result = Buffer.alloc(length * count);
      for (let k = 0; k < count; k++)
        copyBytes(result, k * length, await this.readOnce(offset + k * stride, length), 0, length);
      return result;
    } finally {
      this.turn.give();
    }
  }

  async program(offset: number, data: Buffer): Promise<void> {
    const inSector = offset % SECTOR_BYTES;
    if (!(data.length > 0 && data.length <= TRANSFER_BYTES && offset >= 0 && inSector + data.length <= SECTOR_BYTES))
      throw new FlashError(OUT_OF_BOUNDS);
    if (offset + data.length > this.size) throw new FlashError(BEHIND_THE_END);
    await this.turn.take();
    try {
      let done = 0;
      while (done < data.length) {
        const room = this.geometry.pageBytes - ((offset + done) % this.geometry.pageBytes);
        const size = Math.min(room, data.length - done);
        await this.programPage(offset + done, sliceCopy(data, done, size));
        done += size;
      }
    } finally {
      this.turn.give();
    }
  }

  async erase(offset: number): Promise<void> {
    if (offset % SECTOR_BYTES !== 0 || offset < 0 || offset >= this.size)
      throw new FlashError("erase of what is not the start of a sector");
    await this.turn.take();
    try {
      await this.enableWrite(offset);
      await this.chip.exchange(Buffer.from(addressed(this.geometry.eraseOpcode, offset)));
      await untilIdle(this.chip, this.timer, ERASE_MS);
    } finally {
      this.turn.give();
    }
  }

  private async readOnce(offset: number, length: number): Promise<Buffer> {
    return await command(this.chip, addressed(READ_DATA, offset), length);
  }

  private async programPage(offset: number, data: Buffer): Promise<void> {
    await this.enableWrite(offset);
    const bytes = Buffer.alloc(1 + ADDRESS_BYTES + data.length);
    bytes.set(Buffer.from(addressed(PAGE_PROGRAM, offset)), 0);
    copyBytes(bytes, 1 + ADDRESS_BYTES, data, 0, data.length);
    await this.chip.exchange(bytes);
    await untilIdle(this.chip, this.timer, PROGRAM_MS);
    const held = await this.readOnce(offset, data.length);
    for (let i = 0; i < data.length; i++)
      if (held[i] !== data[i])
        throw new FlashFault(`program at ${offset + i}: the cell holds ${held[i]} instead of ${data[i]}`);
  }

  private async enableWrite(offset: number): Promise<void> {
    await this.chip.exchange(Buffer.from([WRITE_ENABLE]));
    const status = await readStatus(this.chip);
    if (!(status & STATUS_WRITE_ENABLED)) throw new FlashError(`the chip refuses to be written at ${offset}`);
  }

  private async unprotect(): Promise<void> {
    if (!((await readStatus(this.chip)) & STATUS_PROTECTION)) return;
    await this.enableWrite(0);
    await this.chip.exchange(Buffer.from([WRITE_STATUS, 0]));
    await untilIdle(this.chip, this.timer, STATUS_WRITE_MS);
    if (!((await readStatus(this.chip)) & STATUS_PROTECTION)) return;
    await this.chip.exchange(Buffer.from([WRITE_DISABLE]));
    throw new FlashError("the flash chip is write-protected: connect its WP# pin to 3.3 V");
  }
}

/** Sends `bytes` and returns the `length` bytes that follow. */
async function command(chip: SpiDevice, bytes: number[], length: number): Promise<Buffer> {
  const out = Buffer.alloc(bytes.length + length);
  out.set(Buffer.from(bytes), 0);
  return sliceCopy(await chip.exchange(out), bytes.length, length);
}

async function readStatus(chip: SpiDevice): Promise<number> {
  return (await command(chip, [READ_STATUS], 1))[0];
}

async function untilIdle(chip: SpiDevice, timer: Timer, limitMs: number): Promise<void> {
  const start = timer.millis();
  while ((await readStatus(chip)) & STATUS_BUSY) {
    if (timer.millis() - start > limitMs) throw new FlashError(`the flash chip is still busy after ${limitMs} ms`);
    await timer.sleep(1);
  }
}

async function discover(chip: SpiDevice, id: Buffer): Promise<NorGeometry> {
  const found = findBasicTable(await readSfdp(chip, 0, SFDP_HEADER_BYTES));
  let geometry: NorGeometry | undefined;
  if (found !== undefined)
    geometry = parseBasicTable(await readSfdp(chip, found.address, Math.min(found.length, BASIC_TABLE_BYTES)));
  else geometry = geometryFromId(id);
  if (geometry !== undefined) return geometry;
  throw new FlashError(`flash chip ${id.toString("hex")} has no 4 KB erase, or neither SFDP nor a known maker`);
}

/** The SFDP read has a dummy byte between address and data. */
async function readSfdp(chip: SpiDevice, address: number, length: number): Promise<Buffer> {
  const bytes = addressed(READ_SFDP, address);
  bytes.push(0);
  return await command(chip, bytes, length);
}

function addressed(opcode: number, offset: number): number[] {
  return [opcode, (offset >> 16) & 0xff, (offset >> 8) & 0xff, offset & 0xff];
}
