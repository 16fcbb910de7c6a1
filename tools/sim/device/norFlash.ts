// A NOR flash chip as the firmware's logs see it, with the ways in which real ones fail.

/** Bytes in an erasable unit. */
export const SECTOR_BYTES = 4096;
/** The size of the log partition of the boards: 2 MiB. */
export const LOG_FLASH_BYTES = 2 * 1024 * 1024;

export type FlashStatus = "ok" | "outOfRange" | "notErased";

/** The power failed during a flash operation, which was left half done. The device must be power-cycled. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";
}

/** What a chip keeps over power losses, as bytes and numbers that travel between threads and files. */
export interface NorFlashState {
  readonly bytes: Uint8Array;
  /** Erases of each sector so far. */
  readonly erases: Uint32Array;
}

/** A new chip: all ones, never erased. */
export function blankNorFlash(size: number = LOG_FLASH_BYTES): NorFlashState {
  if (size <= 0 || size % SECTOR_BYTES !== 0) throw new RangeError(`a flash holds whole sectors, not ${size} bytes`);
  return { bytes: new Uint8Array(size).fill(0xff), erases: new Uint32Array(size / SECTOR_BYTES) };
}

/** NOR rules over a NorFlashState: erase sets a sector to ones, program clears bits and never sets one. */
export class NorFlash {
  /** Program and erase operations begun since this object was made. */
  operations = 0;
  /** Programs that would have set a bit, and were refused: a fault of the program under test. */
  ruleViolations = 0;
  private cutAt: number | undefined;

  /** @param cutPoint where in a cut operation the power fails, at least 0 and below 1 (default: the middle) */
  constructor(
    readonly state: NorFlashState,
    private readonly cutPoint: () => number = () => 0.5,
  ) {}

  get size(): number {
    return this.state.bytes.length;
  }

  /** The bytes, or undefined if they are not all in the chip. */
  read(offset: number, length: number): Uint8Array | undefined {
    if (offset + length > this.size) return undefined;
    return this.state.bytes.slice(offset, offset + length);
  }

  /** Clears bits inside one sector. @throws PowerCut half way, if asked for */
  program(offset: number, data: Uint8Array): FlashStatus {
    const { bytes } = this.state;
    const sector = Math.floor(offset / SECTOR_BYTES);
    if (data.length === 0 || offset + data.length > Math.min(this.size, (sector + 1) * SECTOR_BYTES))
      return "outOfRange";
    for (let i = 0; i < data.length; i++) {
      if (((bytes[offset + i] as number) & (data[i] as number)) !== data[i]) {
        this.ruleViolations++;
        return "notErased";
      }
    }
    const done = this.begin() ? data.length : Math.floor(data.length * this.cutPoint());
    for (let i = 0; i < done; i++) bytes[offset + i] = data[i] as number;
    if (done === data.length) return "ok";
    // The byte under way has cleared some of its bits: every second one of those it was to clear.
    bytes[offset + done] = (bytes[offset + done] as number) & ((data[done] as number) | 0x55);
    throw new PowerCut(`power lost while programming ${data.length} bytes at ${offset}`);
  }

  /** Sets a sector to ones. @throws PowerCut half way, if asked for */
  erase(offset: number): FlashStatus {
    if (offset % SECTOR_BYTES !== 0 || offset >= this.size) return "outOfRange";
    const { bytes, erases } = this.state;
    const sector = offset / SECTOR_BYTES;
    erases[sector] = (erases[sector] as number) + 1;
    if (this.begin()) {
      bytes.fill(0xff, offset, offset + SECTOR_BYTES);
      return "ok";
    }
    const done = Math.floor(SECTOR_BYTES * this.cutPoint());
    bytes.fill(0xff, offset, offset + done);
    // The cells not yet erased are weak: some of their bits have already turned.
    for (let i = offset + done; i < offset + SECTOR_BYTES; i++) bytes[i] = (bytes[i] as number) | 0x0f;
    throw new PowerCut(`power lost while erasing the sector at ${offset}`);
  }

  /** Cuts the power in the n-th program or erase from now (1: the next one), leaving it half done. */
  cutPowerAt(n: number): void {
    this.cutAt = this.operations + n;
  }

  /** Flips one bit, as ageing cells do. @param bit 0 to 7 */
  rot(offset: number, bit: number): void {
    this.state.bytes[offset] = (this.state.bytes[offset] as number) ^ (1 << bit);
  }

  /** Counts an operation. @returns whether it is to be carried out in full */
  private begin(): boolean {
    this.operations++;
    if (this.operations !== this.cutAt) return true;
    this.cutAt = undefined;
    return false;
  }
}
