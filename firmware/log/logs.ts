import type { Pause } from "../base/turn";
import { FlashError, type FlashStore, SECTOR_BYTES } from "../board/flashStore";
import { ContactLog } from "./contactLog";
import { RecordLog } from "./recordLog";
import { SeedLog } from "./seedLog";

/** Sectors of the seed log: 107 seeds each; 90 days are 21 of them, the others are for replaced seeds and gaps. */
const SEED_SECTORS = 26;

/** Sectors of the results log: 107 results each. */
const RESULT_SECTORS = 4;

const RESULT_KIND = 0x52;

const MIN_CONTACT_SECTORS = 3;

/** The logs of a keyfob, laid out over one flash store: seeds, results, and contacts in all that is left. */
export class Logs {
  readonly seeds: SeedLog;
  /** What matching found, by any hour in any order; the payload's meaning is the keyfob service's. */
  readonly results: RecordLog;
  readonly contacts: ContactLog;
  /** Whether the power had cut an erasure of everything, which mount() has finished: what lies elsewhere has to go too. */
  wasErasing: boolean;

  /**
   * The logs over a store; mount them before use. `pause` sleeps a little.
   *
   * @throws FlashError if the store has less than 33 sectors
   */
  constructor(store: FlashStore, pause: Pause) {
    const before = SEED_SECTORS + RESULT_SECTORS;
    if (store.size < (before + MIN_CONTACT_SECTORS) * SECTOR_BYTES)
      throw new FlashError(`${store.size} bytes of flash are too few for the logs`);
    this.seeds = new SeedLog(store, 0, SEED_SECTORS, pause);
    this.results = new RecordLog(store, SEED_SECTORS, RESULT_SECTORS, RESULT_KIND, true, pause);
    this.contacts = new ContactLog(store, before, Math.floor(store.size / SECTOR_BYTES) - before, pause);
    this.wasErasing = false;
  }

  /**
   * Finds what the flash holds and mends what a power cut left, in about 40 packets for 2 MiB.
   *
   * @throws FlashError
   */
  async mount(): Promise<void> {
    const seeds = await this.seeds.mount();
    const results = await this.results.mount();
    const contacts = await this.contacts.mount();
    this.wasErasing = seeds || results || contacts;
    if (this.wasErasing) await this.eraseAll();
  }

  /** Erases seeds, results and contacts of `lastHour` and of every hour before, so that their bytes are gone. @throws FlashError */
  async expire(lastHour: number): Promise<void> {
    await this.seeds.expire(lastHour);
    await this.results.expire(lastHour);
    await this.contacts.expire(lastHour);
  }

  /** Notes in the flash that everything is to be erased: from now on a mount does it. @throws FlashError */
  async beginErase(): Promise<void> {
    await this.seeds.beginErase();
    await this.results.beginErase();
    await this.contacts.beginErase();
  }

  /** Erases everything; if the power fails meanwhile, the next mount does it. Takes 20 to 50 s for 2 MiB. @throws FlashError */
  async eraseAll(): Promise<void> {
    await this.beginErase();
    await this.seeds.eraseAll();
    await this.results.eraseAll();
    await this.contacts.eraseAll();
  }

  /**
   * Sectors out of use since start because the chip failed there.
   *
   * @devsWhenUsed
   */
  failedSectors(): number {
    return this.seeds.failedSectors() + this.results.failedSectors() + this.contacts.failedSectors();
  }
}
