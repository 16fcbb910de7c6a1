import type { Sha256 } from "../../protocol/base/sha256";
import { SEED_BYTES } from "../../protocol/beacon/chirp";
import { type FillerSeeds, fillerSeed } from "./fillerSeeds";
import type { SeedStore } from "./seedKeeper";

/** Seeds in one block. */
export const BLOCK_HOURS = 7;

/** Most hours in an export: 90 days. */
export const MAX_EXPORT_HOURS = 2160;

/** Hours that the wearer leaves out, half-open. */
export interface HourRange {
  readonly from: number;
  readonly to: number;
}

/** One export: a grid of hours of which every one has a seed, whatever happened in it. */
export class SeedExport {
  readonly request: number;
  readonly firstHour: number;
  readonly hours: number;
  private readonly sha256: Sha256;
  private readonly seeds: SeedStore;
  private readonly fillers: FillerSeeds;
  private readonly redacted: HourRange[];
  /** Makes the seeds of redacted hours; it dies with the export. */
  private readonly secret: Buffer;

  /** `fillers` must be prepared for the hours. `secret`: 32 random bytes. */
  constructor(
    sha256: Sha256,
    seeds: SeedStore,
    fillers: FillerSeeds,
    secret: Buffer,
    request: number,
    firstHour: number,
    hours: number,
    redacted: HourRange[],
  ) {
    this.sha256 = sha256;
    this.seeds = seeds;
    this.fillers = fillers;
    this.secret = secret;
    this.request = request;
    this.firstHour = firstHour;
    this.hours = hours;
    this.redacted = redacted;
  }

  /** Number of blocks. */
  blocks(): number {
    return Math.ceil(this.hours / BLOCK_HOURS);
  }

  /** The seeds of a block, 32 bytes each: the same however often it is asked for. @throws FlashError */
  async block(index: number): Promise<Buffer> {
    const first = index * BLOCK_HOURS;
    const count = Math.min(BLOCK_HOURS, this.hours - first);
    const bytes = Buffer.alloc(count * SEED_BYTES);
    for (let i = 0; i < count; i++) bytes.set(await this.seedOf(this.firstHour + first + i), i * SEED_BYTES);
    return bytes;
  }

  /** Every hour costs the same work, so that the time of an answer does not tell what an hour was. */
  private async seedOf(hour: number): Promise<Buffer> {
    const used = await this.seeds.get(hour);
    const filler = this.fillers.seed(hour);
    const instead = fillerSeed(this.sha256, this.secret, hour);
    for (const range of this.redacted) if (hour >= range.from && hour < range.to) return instead;
    return used ? used : filler;
  }
}
