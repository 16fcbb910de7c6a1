import fc from "fast-check";
import { expect } from "vitest";
import { SECTOR_BYTES } from "../board/flashStore";
import { SeedLog } from "../log/seedLog";
import { HOUR, noPause, untilCut } from "./logRig";
import { ModelFlash } from "./modelFlash";
import { arm, type RandomCut, randomCuts } from "./randomCuts";

const SECTORS = 4;
/** Records after which the first of them may have been reused: one sector is being opened, one was cut while it was. */
const RECORDS_KEPT = 2 * 107;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("hours" as const), count: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "renew" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("expire" as const), keep: fc.integer({ min: 0, max: 120 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("power" as const), cuts: randomCuts }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/**
 * Compares the seed log, over `runs` random histories, with a list of seeds by hour: every seed that it has taken is there or has been
 * replaced, nothing else is shown, and of what was replaced or has expired no bytes are left.
 */
export async function checkSeedsAgainstModel(runs: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const history = new SeedHistory(new ModelFlash(SECTORS * SECTOR_BYTES));
      await history.restart();
      for (const action of steps) await history.take(action);
      await history.restart();
    }),
    { numRuns: runs, seed },
  );
}

/** A seed log, and what it has been told. */
class SeedHistory {
  private log!: SeedLog;
  /** Seeds that an hour may have. */
  private readonly possible = new Map<number, Set<string>>();
  /** Hours that must have one, with the records written when it was stored. */
  private readonly certain = new Map<number, number>();
  /** The last hour that was to expire, whether or not that came to its end. */
  private expiring = 0;
  private hour = HOUR;
  private made = 0;
  private records = 0;
  private cuts: RandomCut[] = [];

  constructor(private flash: ModelFlash) {}

  async take(action: Step): Promise<void> {
    if (action.kind === "restart") await this.restart();
    else if (action.kind === "power") this.arm([...action.cuts]);
    else {
      const whole = await untilCut(async () => {
        if (action.kind === "expire") await this.expire(this.hour - action.keep);
        else if (action.kind === "renew") await this.put(this.hour);
        else for (let i = 0; i < action.count; i++) await this.put(++this.hour);
      });
      if (whole) return;
      this.cuts.shift();
      await this.restart();
    }
  }

  /** Starts again, as often as the power fails meanwhile, and compares. */
  async restart(): Promise<void> {
    for (let whole = false; !whole; ) {
      this.flash = this.flash.restarted();
      this.arm(this.cuts);
      this.log = new SeedLog(this.flash, 0, SECTORS, noPause);
      whole = await untilCut(async () => void (await this.log.mount()));
      if (!whole) this.cuts.shift();
    }
    this.flash.cut = undefined;
    for (const [hour, seeds] of this.possible) await this.check(hour, seeds);
    this.arm(this.cuts);
  }

  private async check(hour: number, seeds: Set<string>): Promise<void> {
    const read = (await this.log.get(hour))?.toString("hex");
    if (read !== undefined && !seeds.has(read)) expect.fail(`seed ${read} was read for hour ${hour}`);
    const certainAt = this.certain.get(hour);
    if (read === undefined && certainAt !== undefined && this.records - certainAt < RECORDS_KEPT)
      expect.fail(`the seed of hour ${hour} is lost`);
    if (hour < this.hour || hour <= this.expiring) return;
    for (const seed of seeds) if (seed !== read) this.expectGone(seed);
  }

  private async put(hour: number): Promise<void> {
    const seed = Buffer.alloc(32);
    for (let i = 0; i < 32; i += 4) seed.writeUInt32BE(0xa0000000 + ((++this.made * 2654435761) & 0xfffffff), i);
    const seeds = this.possible.get(hour) ?? new Set();
    this.possible.set(hour, seeds.add(seed.toString("hex")));
    this.records++;
    await this.log.put(hour, seed);
    for (const earlier of seeds) if (earlier !== seed.toString("hex")) this.expectGone(earlier);
    this.possible.set(hour, new Set([seed.toString("hex")]));
    this.certain.set(hour, this.records);
  }

  private async expire(lastHour: number): Promise<void> {
    this.expiring = Math.max(this.expiring, lastHour);
    for (const hour of [...this.certain.keys()]) if (hour <= lastHour) this.certain.delete(hour);
    await this.log.expire(lastHour);
    for (const [hour, seeds] of this.possible) {
      if (hour > lastHour) continue;
      expect(await this.log.get(hour)).toBeUndefined();
      for (const seed of seeds) this.expectGone(seed);
      this.possible.delete(hour);
    }
  }

  private expectGone(seed: string): void {
    const bytes = Buffer.from(seed, "hex");
    for (let at = 0; at < bytes.length; at += 8)
      if (this.flash.image.includes(bytes.subarray(at, at + 8))) expect.fail(`a piece of seed ${seed} is left`);
  }

  private arm(cuts: RandomCut[]): void {
    this.cuts = cuts;
    if (cuts[0]) arm(this.flash, cuts[0]);
  }
}
