import { type Pause, Turn } from "../base/turn";
import { FlashFault, type FlashStore } from "../board/flashStore";
import { SectorRing } from "./sectorRing";

const MAX_FAULTS_PER_APPEND = 4;

/**
 * What the logs do alike on their ring of flash sectors: one change at a time, again in another sector where the chip fails, and
 * erasing. How a sector is laid out is the log's own.
 */
export abstract class SectorLog {
  protected readonly store: FlashStore;
  protected readonly ring: SectorRing;
  protected readonly pause: Pause;
  protected readonly turn: Turn;
  protected readonly anyOrder: boolean;
  /** Whether the log knows where its newest sector goes on; not so at start and after an operation that failed. */
  protected known: boolean;
  /** All hours up to this one have been expired since the mount. */
  protected expiredTo: number;

  /**
   * A log over `sectors` sectors of the store from `firstSector`; `kind` (1 to 127) tells logs apart. Mount it before use.
   *
   * @param anyOrder whether hours come in any order, so that every sector may hold every hour
   */
  constructor(store: FlashStore, firstSector: number, sectors: number, kind: number, anyOrder: boolean, pause: Pause) {
    this.store = store;
    this.ring = new SectorRing(store, firstSector, sectors, kind);
    this.pause = pause;
    this.turn = new Turn(pause);
    this.anyOrder = anyOrder;
    this.known = false;
    this.expiredTo = 0;
  }

  /**
   * Finds what the flash holds and mends what a power cut left. Returns whether that was an erasure of everything, which has now
   * been finished.
   *
   * @throws FlashError
   */
  async mount(): Promise<boolean> {
    let wasErasing = false;
    await this.turn.take();
    try {
      this.known = false;
      this.expiredTo = 0;
      this.forget();
      wasErasing = await this.ring.mount();
      await this.recover();
    } finally {
      this.turn.give();
    }
    await this.mend();
    return wasErasing;
  }

  /**
   * Sectors out of use since start because the chip failed there.
   *
   * @devsWhenUsed
   */
  failedSectors(): number {
    return this.ring.faults;
  }

  /**
   * Erases what was written of `lastHour` and of every hour before, so that the bytes are gone. Takes about 0.4 s for a sector
   * that is through (the bytes are overwritten, not the sector erased), and lets appends pass after each.
   *
   * @throws FlashError
   */
  async expire(lastHour: number): Promise<void> {
    await this.pause();
    for (let sector = 0; sector < this.ring.sectors; sector++) {
      if (!this.mayExpire(sector, lastHour)) continue;
      await this.turn.take();
      try {
        if (this.mayExpire(sector, lastHour)) await this.expireSector(sector, lastHour);
      } catch (error) {
        if (!(error instanceof FlashFault)) throw error;
        this.ring.retire(sector);
      } finally {
        this.forget();
        this.turn.give();
      }
    }
    this.expiredTo = lastHour;
  }

  /** Notes in the flash that everything is to be erased; until it is, the next mount does it. @throws FlashError */
  async beginErase(): Promise<void> {
    await this.erase(false);
  }

  /** Erases the whole log; a power cut meanwhile is made good at the next mount. @throws FlashError */
  async eraseAll(): Promise<void> {
    await this.erase(true);
  }

  /** Writes bytes of an hour, as far as need be in sectors where the chip does not fail. @throws FlashError */
  protected async writeAll(hour: number, bytes: Buffer): Promise<void> {
    await this.turn.take();
    try {
      let done = 0;
      let faults = 0;
      while (done < bytes.length) {
        try {
          done += await this.write(hour, bytes, done);
        } catch (error) {
          this.known = false;
          if (!(error instanceof FlashFault) || ++faults > MAX_FAULTS_PER_APPEND) throw error;
          this.ring.retire(this.ring.newest);
        }
      }
    } finally {
      this.forget();
      this.turn.give();
    }
  }

  /** Finds where the newest sector goes on, and mends what is there. @throws FlashError */
  protected abstract recover(): Promise<void>;

  /** Writes some of the bytes from `start` on. @returns how many @throws FlashError */
  protected abstract write(hour: number, bytes: Buffer, start: number): Promise<number>;

  /** Erases what a sector holds of `lastHour` and before, where it holds later hours, too. @throws FlashError */
  protected abstract expireParts(sector: number, lastHour: number): Promise<void>;

  /** Drops what is in RAM of the flash, which was changed. */
  protected forget(): void {}

  /** Finishes what a power cut left half done of changes that are more than one write. @throws FlashError */
  protected async mend(): Promise<void> {}

  private mayExpire(sector: number, lastHour: number): boolean {
    const first = this.ring.firstHour(sector);
    return first !== 0 && (first - 1 <= lastHour || this.anyOrder);
  }

  private async expireSector(sector: number, lastHour: number): Promise<void> {
    if (sector === this.ring.newest) this.known = false;
    if (this.ring.lastHour(sector) <= lastHour && !this.anyOrder) await this.ring.shred(sector);
    else await this.expireParts(sector, lastHour);
  }

  private async erase(all: boolean): Promise<void> {
    await this.turn.take();
    try {
      this.known = false;
      if (all) await this.ring.eraseAll();
      else await this.ring.beginErase();
    } finally {
      this.forget();
      this.turn.give();
    }
  }
}
