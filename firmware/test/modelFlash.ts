import { FlashError, FlashFault, type FlashStore, SECTOR_BYTES, TRANSFER_BYTES } from "../board/flashStore";

/** What a power cut leaves of the operation it hits. */
export interface Cut {
  /** Which program or erase is hit, counted from 1. */
  readonly operation: number;
  /** How much of it happens, 0 to 1. */
  readonly fraction: number;
  /** Whether the bits of the bytes that the cut hits, and of an erase, change at random instead of in order. */
  readonly noise?: () => number;
}

/** The power went off: nothing works any more. */
export class PowerLoss extends FlashError {}

/** A NOR chip in RAM for tests, strict about its rules; it counts accesses and wear and can lose power in any operation. */
export class ModelFlash implements FlashStore {
  readonly size: number;
  image: Buffer;
  /** Reads, programs and erases so far: packets, where the store is behind Jacdac. */
  packets = 0;
  /** Programs and erases so far. */
  operations = 0;
  readonly wear: number[];
  /** Sectors whose chip reports a fault on program and erase. */
  readonly broken = new Set<number>();
  cut: Cut | undefined;
  off = false;
  /** Where the operation began in which the power was lost. */
  lostAt = -1;

  constructor(size: number) {
    this.size = size;
    this.image = Buffer.alloc(size, 0xff);
    this.wear = new Array(size / SECTOR_BYTES).fill(0);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return this.readStrided(offset, length, length, 1);
  }

  async readStrided(offset: number, stride: number, length: number, count: number): Promise<Buffer> {
    if (this.off) throw new PowerLoss("read after the power went off");
    this.packets++;
    const total = length * count;
    if (length < 1 || count < 1 || total > TRANSFER_BYTES) throw new RangeError(`read of ${total} bytes`);
    const parts: Buffer[] = [];
    for (let k = 0; k < count; k++) {
      const at = offset + k * stride;
      if (at < 0 || at + length > this.size) throw new RangeError(`read of ${length} at ${at}`);
      parts.push(Buffer.from(this.image.subarray(at, at + length)));
    }
    return Buffer.concat(parts);
  }

  async program(offset: number, data: Buffer): Promise<void> {
    const sector = Math.floor(offset / SECTOR_BYTES);
    if (data.length < 1 || data.length > TRANSFER_BYTES) throw new RangeError(`program of ${data.length} bytes`);
    if (Math.floor((offset + data.length - 1) / SECTOR_BYTES) !== sector)
      throw new RangeError("program across sectors");
    const cut = this.begin(offset);
    for (let i = 0; i < data.length; i++)
      if ((data[i] as number) & ~(this.image[offset + i] as number))
        throw new RangeError(`bit not erased at ${offset + i}`);
    const whole = cut ? Math.floor(data.length * cut.fraction) : data.length;
    for (let i = 0; i < whole; i++) this.image[offset + i] = data[i] as number;
    if (cut?.noise)
      for (let i = whole; i < data.length; i++) {
        const undone = Math.floor(cut.noise() * 256);
        this.image[offset + i] = (this.image[offset + i] as number) & ((data[i] as number) | undone);
      }
    this.end(cut, offset);
  }

  async erase(offset: number): Promise<void> {
    if (offset % SECTOR_BYTES !== 0) throw new RangeError(`erase at ${offset}`);
    const sector = offset / SECTOR_BYTES;
    const cut = this.begin(offset);
    (this.wear[sector] as number)++;
    const whole = cut ? Math.floor(SECTOR_BYTES * cut.fraction) : SECTOR_BYTES;
    this.image.fill(0xff, offset, offset + whole);
    if (cut?.noise)
      for (let i = offset + whole; i < offset + SECTOR_BYTES; i++)
        this.image[i] = (this.image[i] as number) | Math.floor(cut.noise() * 256);
    this.end(cut, offset);
  }

  /** The same chip after the power has come back. */
  restarted(): ModelFlash {
    const next = new ModelFlash(this.size);
    this.image.copy(next.image);
    this.wear.forEach((count, sector) => {
      next.wear[sector] = count;
    });
    for (const sector of this.broken) next.broken.add(sector);
    return next;
  }

  private begin(offset: number): Cut | undefined {
    if (this.off) throw new PowerLoss("operation after the power went off");
    this.packets++;
    this.operations++;
    const sector = Math.floor(offset / SECTOR_BYTES);
    if (this.broken.has(sector)) throw new FlashFault(`sector ${sector} is broken`);
    return this.cut?.operation === this.operations ? this.cut : undefined;
  }

  private end(cut: Cut | undefined, offset: number): void {
    if (!cut) return;
    this.off = true;
    this.lostAt = offset;
    throw new PowerLoss(`power lost in operation ${cut.operation}`);
  }
}
