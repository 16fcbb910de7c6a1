import type { Sha256 } from "../../protocol/base/sha256";
import { hourOfMinute } from "../../protocol/base/time";
import { ChirpDeriver, SEED_BYTES } from "../../protocol/beacon/chirp";

/** Where seeds live: the seed log, or a test's stand-in. */
export interface SeedStore {
  put(hour: number, seed: Buffer): Promise<void>;
  get(hour: number): Promise<Buffer | undefined>;
}

/**
 * The seed of the running hour: 32 bytes of hardware randomness, in flash before its first chirp (docs/protocol.md,
 * "Chirps"). The next hour's is made ahead of time, so that the first chirp of an hour is not late.
 */
export class SeedKeeper {
  private readonly store: SeedStore;
  private readonly randomBytes: (length: number) => Buffer;
  private readonly deriver: ChirpDeriver;
  private hour: number;
  private seed: Buffer | undefined;
  private nextHour: number;
  private nextSeed: Buffer | undefined;

  constructor(sha256: Sha256, store: SeedStore, randomBytes: (length: number) => Buffer) {
    this.store = store;
    this.randomBytes = randomBytes;
    this.deriver = new ChirpDeriver(sha256);
    this.hour = 0;
    this.nextHour = 0;
  }

  /** The 28-byte chirp of a minute of the running hour. @throws FlashError if its seed could not be stored: then there is none */
  async chirp(minute: number): Promise<Buffer> {
    const hour = hourOfMinute(minute);
    if (hour !== this.hour || !this.seed) {
      this.seed = hour === this.nextHour && this.nextSeed ? this.nextSeed : await this.load(hour);
      this.hour = hour;
      this.nextSeed = undefined;
      this.deriver.useSeed(this.seed);
    }
    return this.deriver.chirp(minute);
  }

  /** Makes the seed of an hour that is about to begin. @throws FlashError */
  async prepare(hour: number): Promise<void> {
    if (hour === this.hour || (hour === this.nextHour && this.nextSeed)) return;
    this.nextSeed = await this.load(hour);
    this.nextHour = hour;
  }

  /** Takes a new seed for `hour`, because the present one has left the keyfob. @throws FlashError */
  async renew(hour: number): Promise<void> {
    const seed = this.randomBytes(SEED_BYTES);
    await this.store.put(hour, seed);
    this.forget();
    this.hour = hour;
    this.seed = seed;
    this.deriver.useSeed(seed);
  }

  /** A past chirp of our own, if its seed is still there: what the listener must not take for somebody else's. */
  async pastChirp(minute: number): Promise<Buffer | undefined> {
    const seed = await this.store.get(hourOfMinute(minute));
    if (!seed) return undefined;
    this.forget();
    this.deriver.useSeed(seed);
    return this.deriver.chirp(minute);
  }

  /** Drops what is in RAM; the next chirp reads the log again. */
  forget(): void {
    this.seed = undefined;
    this.nextSeed = undefined;
    this.hour = 0;
    this.nextHour = 0;
    this.deriver.forget();
  }

  private async load(hour: number): Promise<Buffer> {
    const stored = await this.store.get(hour);
    if (stored) return stored;
    const fresh = this.randomBytes(SEED_BYTES);
    await this.store.put(hour, fresh);
    return fresh;
  }
}
