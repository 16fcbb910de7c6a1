import type { Turn } from "../base/turn";
import type { OutputLine, SpiBus } from "./lines";

const FILLER = 0xff;

/**
 * One chip on a shared SPI bus. Between `select` and `deselect` the bus belongs to this chip and its select line is low;
 * nothing in between may wait for anything but transfers, so that the other chips get their turn.
 */
export class SpiDevice {
  private readonly bus: SpiBus;
  private readonly turn: Turn;
  private readonly selectLine: OutputLine;

  /** @param turn of all chips on the bus; one holds it for one transaction only. @param selectLine active low */
  constructor(bus: SpiBus, turn: Turn, selectLine: OutputLine) {
    this.bus = bus;
    this.turn = turn;
    this.selectLine = selectLine;
    selectLine.set(true);
  }

  async select(): Promise<void> {
    await this.turn.take();
    this.selectLine.set(false);
  }

  deselect(): void {
    this.selectLine.set(true);
    this.turn.give();
  }

  /** Inside a selection only. */
  async transfer(bytes: Buffer): Promise<Buffer> {
    return await this.bus.transfer(bytes);
  }

  /** Inside a selection only: reads `length` bytes, clocking FF out. */
  async read(length: number): Promise<Buffer> {
    const filler = Buffer.alloc(length);
    for (let i = 0; i < length; i++) filler[i] = FILLER;
    return await this.transfer(filler);
  }

  /** A whole transaction of one transfer. */
  async exchange(bytes: Buffer): Promise<Buffer> {
    await this.select();
    try {
      return await this.transfer(bytes);
    } finally {
      this.deselect();
    }
  }
}
