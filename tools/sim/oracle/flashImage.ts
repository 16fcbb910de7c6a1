import { FlashError, type FlashStore } from "../../../firmware/board/flashStore";
import { NorFlash, type NorFlashState } from "../device/norFlash";

/** A simulated device's log flash as the firmware's own log classes read it, from a copy: the device is not disturbed. */
export class FlashImage implements FlashStore {
  readonly size: number;
  private readonly chip: NorFlash;

  constructor(state: NorFlashState) {
    this.chip = new NorFlash({ bytes: state.bytes.slice(), erases: state.erases.slice() });
    this.size = this.chip.size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = this.chip.read(offset, length);
    if (!bytes) throw new FlashError(`cannot read ${length} bytes at ${offset}`);
    return Buffer.from(bytes);
  }

  async readStrided(offset: number, stride: number, length: number, count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let k = 0; k < count; k++) pieces.push(await this.read(offset + k * stride, length));
    return Buffer.concat(pieces);
  }

  async program(offset: number, data: Buffer): Promise<void> {
    const status = this.chip.program(offset, data);
    if (status !== "ok") throw new FlashError(`cannot program ${data.length} bytes at ${offset}: ${status}`);
  }

  async erase(offset: number): Promise<void> {
    const status = this.chip.erase(offset);
    if (status !== "ok") throw new FlashError(`cannot erase at ${offset}: ${status}`);
  }
}
