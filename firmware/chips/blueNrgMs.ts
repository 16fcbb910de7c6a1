import { sliceCopy } from "../../protocol/base/bytes";
import type { Timer } from "../base/timer";
import type { SpiDevice } from "./spiDevice";
import { type SpiHciDialect, SpiHciError } from "./spiHciDialect";

// ST BlueNRG-MS, SPI protocol as in application note AN4494: a five-byte header each way in full duplex, payload in the
// same selection.

const HEADER_BYTES = 5;
const WRITE = 0x0a;
const READ = 0x0b;
const READY = 0x02;
const READY_TRIES = 15;
const RETRY_MS = 1;

/** Most bytes read in one transaction; a longer packet comes in pieces. */
const READ_CHUNK = 128;

/** ACI_Write_Config_Data, offset 0x2C, 1 byte, 1: only the link layer runs, and HCI is all the chip speaks. */
const LINK_LAYER_ONLY = [0x01, 0x0c, 0xfc, 0x03, 0x2c, 0x01, 0x01];

/** The SPI dialect of ST's BlueNRG-MS (IDB05A1, SPBTLE-RF). Not yet run on hardware. */
export class BlueNrgMs implements SpiHciDialect {
  readonly resetLowMs = 2;
  readonly bootMs = 300;
  readonly afterBoot: Buffer | undefined = Buffer.from(LINK_LAYER_ONLY);
  readonly restartsOnHciReset = true;
  private readonly chip: SpiDevice;
  private readonly timer: Timer;

  constructor(chip: SpiDevice, timer: Timer) {
    this.chip = chip;
    this.timer = timer;
  }

  async read(): Promise<Buffer> {
    for (let i = 0; i < READY_TRIES; i++) {
      await this.chip.select();
      try {
        const header = await this.exchangeHeader(READ);
        // The high byte of the size is never used: no packet of the -MS is longer than 255 bytes.
        const size = Math.min(header[3], READ_CHUNK);
        if (header[0] === READY && size > 0) return await this.chip.read(size);
      } finally {
        this.chip.deselect();
      }
      await this.timer.sleep(RETRY_MS);
    }
    throw new SpiHciError("the BlueNRG-MS raises its interrupt line but has nothing to read");
  }

  /** A packet longer than the chip's buffer (127 bytes) goes out in as many transactions as it takes. */
  async write(packet: Buffer): Promise<void> {
    let sent = 0;
    let tries = 0;
    while (sent < packet.length) {
      const written = await this.writeSome(packet, sent);
      sent += written;
      tries = written > 0 ? 0 : tries + 1;
      if (tries >= READY_TRIES) throw new SpiHciError("the BlueNRG-MS does not become ready for a command");
      if (written === 0) await this.timer.sleep(RETRY_MS);
    }
  }

  private async writeSome(packet: Buffer, start: number): Promise<number> {
    await this.chip.select();
    try {
      const header = await this.exchangeHeader(WRITE);
      if (header[0] !== READY) return 0;
      const size = Math.min(header[1], packet.length - start);
      if (size > 0) await this.chip.transfer(sliceCopy(packet, start, size));
      return size;
    } finally {
      this.chip.deselect();
    }
  }

  private async exchangeHeader(operation: number): Promise<Buffer> {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = operation;
    return await this.chip.transfer(header);
  }
}
