import type { Timer } from "../base/timer";
import type { SpiDevice } from "./spiDevice";
import { type SpiHciDialect, SpiHciError } from "./spiHciDialect";

// Zephyr's sample hci_spi: like the BlueNRG's header, but header and payload are separate selections, because the
// controller's SPI peripheral ends a transaction when the select line rises.

const HEADER_BYTES = 5;
const WRITE = 0x0a;
const READ = 0x0b;
const READY = 0x02;
const READY_TRIES = 20;
const RETRY_MS = 1;

/** Longest message of the sample, and what an undriven data line looks like. */
const MESSAGE_MAX = 255;
const UNDRIVEN = 0xff;

/** The SPI dialect of any nRF52 or nRF53 board that runs Zephyr's hci_spi. Not yet run on hardware. */
export class ZephyrHciSpi implements SpiHciDialect {
  readonly resetLowMs = 2;
  readonly bootMs = 1000;
  readonly afterBoot: Buffer | undefined = undefined;
  readonly restartsOnHciReset = false;
  private readonly chip: SpiDevice;
  private readonly timer: Timer;

  constructor(chip: SpiDevice, timer: Timer) {
    this.chip = chip;
    this.timer = timer;
  }

  async read(): Promise<Buffer> {
    const size = (await this.untilReady(READ))[3];
    for (let i = 0; i < READY_TRIES; i++) {
      const payload = await this.readPayload(size);
      // A first byte of zero means that the controller had not yet armed its buffer; no H4 packet begins with zero.
      if (payload[0] !== 0) return payload;
      await this.timer.sleep(RETRY_MS);
    }
    throw new SpiHciError("the hci_spi controller announces a packet but does not send it");
  }

  /** Sent once only: a controller that heard the first copy would carry the command out twice. */
  async write(packet: Buffer): Promise<void> {
    if (packet.length > MESSAGE_MAX) throw new SpiHciError(`hci_spi takes at most ${MESSAGE_MAX} bytes`);
    await this.untilReady(WRITE);
    await this.chip.exchange(packet);
  }

  private async readPayload(size: number): Promise<Buffer> {
    await this.chip.select();
    try {
      return await this.chip.read(size);
    } finally {
      this.chip.deselect();
    }
  }

  private async untilReady(operation: number): Promise<Buffer> {
    const request = Buffer.alloc(HEADER_BYTES);
    request[0] = operation;
    for (let i = 0; i < READY_TRIES; i++) {
      const header = await this.chip.exchange(request);
      if (header[0] === READY && isReadyFor(operation, header)) return header;
      await this.timer.sleep(RETRY_MS);
    }
    throw new SpiHciError("the hci_spi controller does not answer its header");
  }
}

/** Byte 1 to 4 of the slave's header: for a read the length in byte 3, for a write anything but zeros. */
function isReadyFor(operation: number, header: Buffer): boolean {
  if (operation === READ) return header[3] !== 0 && header[3] !== UNDRIVEN;
  return (header[1] | header[2] | header[3] | header[4]) !== 0;
}
