import type { FlashStore } from "../flash/flashStore";
import { RecordLog } from "./recordLog";
import type { Pause } from "./turn";

const KIND = 0x53;

/**
 * The seeds that the keyfob chirped with, one a UTC hour (docs/protocol.md, "Chirps"). An hour without a seed is one in which
 * the keyfob was off or had no clock.
 *
 * When an export ends, the running hour gets a new seed. An upload has one seed an hour, so the new one replaces the old: the
 * old one has just been exported and is erased, and a later export carries the new one for that hour.
 */
export class SeedLog {
  private readonly records: RecordLog;

  /** A log over `sectors` sectors of the store from `firstSector`: 107 seeds each. Mount it before use. */
  constructor(store: FlashStore, firstSector: number, sectors: number, pause: Pause) {
    this.records = new RecordLog(store, firstSector, sectors, KIND, false, pause);
  }

  /**
   * Finds the seeds in the flash, and finishes a replacement that the power cut short. Returns whether it also finished an erasure
   * of everything.
   *
   * @throws FlashError
   */
  async mount(): Promise<boolean> {
    const wasErasing = await this.records.mount();
    const latest = this.records.latestHour();
    // The next hour's seed may have been stored before the running hour's was replaced.
    for (let hour = latest; hour > 0 && hour >= latest - 1; hour--) await this.records.eraseAllButLast(hour);
    return wasErasing;
  }

  /**
   * Sectors out of use since start because the chip failed there.
   *
   * @devsWhenUsed
   */
  faults(): number {
    return this.records.faults();
  }

  /** Stores the hour's 32-byte seed, and then erases an earlier one of the same hour. Use a seed only after this. @throws FlashError */
  async put(hour: number, seed: Buffer): Promise<void> {
    await this.records.append(hour, seed);
    await this.records.eraseAllButLast(hour);
  }

  /** The hour's seed, or undefined if it has none. Hour after hour, one packet reads five. @throws FlashError */
  async get(hour: number): Promise<Buffer | undefined> {
    return await this.records.find(hour);
  }

  /** Erases the seeds of `lastHour` and of every hour before from the flash. @throws FlashError */
  async expire(lastHour: number): Promise<void> {
    await this.records.expire(lastHour);
  }

  /** Notes in the flash that all seeds are to be erased; until they are, the next mount does it. @throws FlashError */
  async beginErase(): Promise<void> {
    await this.records.beginErase();
  }

  /** Erases all seeds; a power cut meanwhile is made good at the next mount. @throws FlashError */
  async eraseAll(): Promise<void> {
    await this.records.eraseAll();
  }
}
