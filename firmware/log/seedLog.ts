import type { Pause } from "../base/turn";
import type { FlashStore } from "../board/flashStore";
import { RecordLog } from "./recordLog";

const KIND = 0x53;

/**
 * The seeds that the keyfob chirped with, one a UTC hour (docs/protocol.md, "Chirps"). An hour without a seed is one in which
 * the keyfob was off or had no clock.
 *
 * When an export ends, the running hour gets a new seed. An upload has one seed an hour, so the new one replaces the old: the
 * old one has just been exported and is erased, and a later export carries the new one for that hour.
 */
export class SeedLog extends RecordLog {
  /** A log over `sectors` sectors of the store from `firstSector`: 107 seeds each. Mount it before use. */
  constructor(store: FlashStore, firstSector: number, sectors: number, pause: Pause) {
    super(store, firstSector, sectors, KIND, false, pause);
  }

  /** Stores the hour's 32-byte seed, and then erases an earlier one of the same hour. Use a seed only after this. @throws FlashError */
  async put(hour: number, seed: Buffer): Promise<void> {
    await this.append(hour, seed);
    await this.eraseAllButLast(hour);
  }

  /** Finishes a replacement. The next hour's seed may have been stored before the running hour's was replaced. */
  protected override async mend(): Promise<void> {
    const latest = this.latestHour();
    for (let hour = latest; hour > 0 && hour >= latest - 1; hour--) await this.eraseAllButLast(hour);
  }
}
