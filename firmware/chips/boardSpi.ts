import * as ds from "@devicescript/core";
import type { SpiBus } from "./lines";

/** The runtime's own SPI functions: @devicescript/spi wraps them in code that a keyfob has no room for. */
type SpiNatives = typeof ds & {
  spiConfigure(miso: number, mosi: number, sck: number, mode: number, hz: number): void;
  spiXfer(tx: Buffer, rx: Buffer): Promise<void>;
};

/** The board's SPI controller, in mode 0. Throws in the simulator's VM. */
export class BoardSpi implements SpiBus {
  constructor(sck: ds.OutputPin, miso: ds.InputPin, mosi: ds.OutputPin, hz: number) {
    (ds as SpiNatives).spiConfigure(miso.gpio, mosi.gpio, sck.gpio, 0, hz);
  }

  async transfer(bytes: Buffer): Promise<Buffer> {
    const received = Buffer.alloc(bytes.length);
    await (ds as SpiNatives).spiXfer(bytes, received);
    return received;
  }
}
