import type { SeededRandom } from "../core/random";

/** What may go wrong on a line. All off by default. */
export interface LineFaultOptions {
  /** Share of bytes that get lost. */
  readonly lossRate?: number;
  /** Chance of a burst of 1 to 20 random bytes before each byte. */
  readonly garbageRate?: number;
  /** The cable is pulled after this many bytes in this direction. */
  readonly unplugAfterBytes?: number;
}

/** One direction of a bad line: takes bytes in order and says what arrives. */
export class LineFaults {
  private carried = 0;

  /** @param unplug called once, when the byte count for it is reached */
  constructor(
    private readonly options: LineFaultOptions,
    private readonly random: SeededRandom,
    private readonly unplug: () => void = () => undefined,
  ) {}

  /** What arrives of some bytes. */
  pass(bytes: Uint8Array): Uint8Array {
    const { lossRate = 0, garbageRate = 0, unplugAfterBytes } = this.options;
    const arriving: number[] = [];
    for (const byte of bytes) {
      if (this.carried === unplugAfterBytes) {
        this.carried++;
        this.unplug();
      }
      if (unplugAfterBytes !== undefined && this.carried > unplugAfterBytes) break;
      this.carried++;
      if (garbageRate > 0 && this.random.unit() < garbageRate)
        arriving.push(...this.random.bytes(1 + (this.random.uint32() % 20)));
      if (lossRate === 0 || this.random.unit() >= lossRate) arriving.push(byte);
    }
    return Uint8Array.from(arriving);
  }
}
