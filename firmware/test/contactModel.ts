import fc from "fast-check";
import { expect } from "vitest";
import { ROW_BYTES } from "../../protocol/log/contactRow";
import { SECTOR_BYTES } from "../board/flashStore";
import type { ContactLog } from "../log/contactLog";
import { GROUP_BYTES, GROUP_ROWS, ROWS_AT } from "../log/rowGroup";
import { HEADER_BYTES } from "../log/sectorHeader";
import { HOUR, mountContacts, RowMaker, readHour, split, untilCut } from "./logRig";
import { ModelFlash } from "./modelFlash";
import { arm, type RandomCut, randomCuts } from "./randomCuts";

const SECTORS = 12;
/** Sectors that can be opened after a row's before the row's is reused, a cut of each opening included. */
const OPENINGS_KEPT = SECTORS - 2;
const SECTOR_GROUPS = 20;
/** When the rows of a store that is full at the start were heard. */
const LONG_AGO = HOUR - 1000;

const few = fc.integer({ min: 0, max: 3 });

/** One step: rows of the hour or of the one before are written, or time goes on, or something happens. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      rows: fc.integer({ min: 1, max: 60 }),
      late: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("hours" as const),
      pass: fc.oneof(few, fc.integer({ min: 1, max: 200 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock back" as const),
      hours: fc.oneof(few, fc.integer({ min: 1, max: 30 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("expire" as const),
      keep: fc.oneof(few, fc.integer({ min: 0, max: 300 })),
      reading: few,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("power" as const), cuts: randomCuts }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/**
 * Compares the contact log, over `runs` random histories, with a list of rows by hour: after each power cut and at the end it
 * shows all rows that it has taken and nothing but rows that it was given; and after an expiry none of their bytes is left.
 *
 * @param path replays the one history that fast-check reported under this path
 */
export async function checkAgainstModel(runs: number, seed: number, path?: string): Promise<void> {
  const full = new ModelFlash(SECTORS * SECTOR_BYTES);
  const old = new RowMaker().rows(SECTORS * SECTOR_GROUPS * GROUP_ROWS - 20);
  await (await mountContacts(full)).append(LONG_AGO, old);
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 5, maxLength: 40 }), async (isFull, steps) => {
      const flash = isFull ? full.restarted() : new ModelFlash(full.size);
      const history = new History(flash, await mountContacts(flash));
      if (isFull) history.allow(LONG_AGO, old);
      for (const action of steps) await history.take(action);
      await history.check();
    }),
    { numRuns: runs, seed, ...(path === undefined ? {} : { path, endOnFailure: true }) },
  );
}

/** A contact log, and what it has been told. */
class History {
  private readonly make = new RowMaker(0x10000);
  /** Rows that may be there, by hour. */
  private readonly possible = new Map<number, Set<string>>();
  /** Of them those that must be, with the erases so far when they were appended. */
  private readonly certain = new Map<number, Map<string, number>>();
  /** Rows that are to go, by hour, and those whose bytes must be gone. */
  private readonly going = new Map<number, string[]>();
  private readonly gone = new Set<string>();
  /** Sectors of which a cut may have left something without a header, with their erases then: the next opening takes the rest. */
  private readonly cutOpenings = new Map<number, number>();
  /** The power cuts to come, each counted from the one before. */
  private cuts: RandomCut[] = [];
  private hour = HOUR;

  constructor(
    private flash: ModelFlash,
    private log: ContactLog,
  ) {}

  /** Notes rows that are there already. */
  allow(hour: number, rows: Buffer): void {
    const set = this.possible.get(hour) ?? new Set();
    for (const row of split(rows)) set.add(row);
    this.possible.set(hour, set);
  }

  async take(action: Step): Promise<void> {
    if (action.kind === "hours") this.hour += action.pass;
    else if (action.kind === "clock back") this.hour -= action.hours;
    else if (action.kind === "restart") await this.restart();
    else if (action.kind === "power") this.arm([...action.cuts]);
    else {
      const whole = await untilCut(async () => {
        if (action.kind === "expire") await this.expire(this.hour - action.keep, this.hour - action.reading);
        else await this.append(action.late ? this.hour - 1 : this.hour, this.make.rows(action.rows));
      });
      if (whole) return;
      this.cuts.shift();
      const { lostAt } = this.flash;
      if (action.kind === "append" && lostAt % SECTOR_BYTES === 0)
        this.cutOpenings.set(lostAt / SECTOR_BYTES, this.flash.wear[lostAt / SECTOR_BYTES] as number);
      await this.restart();
      await this.check();
    }
  }

  async check(): Promise<void> {
    const erases = this.erases();
    for (const hour of new Set([...this.possible.keys(), LONG_AGO, this.hour - 1, this.hour, this.hour + 1])) {
      const read = await readHour(this.log, hour);
      expect(new Set(read).size).toBe(read.length);
      this.checkRead(hour, read);
      for (const [row, at] of this.certain.get(hour) ?? [])
        if (erases - at < OPENINGS_KEPT) expect(read).toContain(row);
    }
  }

  private checkRead(hour: number, read: readonly string[]): void {
    const possible = this.possible.get(hour);
    for (const row of read) if (!possible?.has(row)) expect.fail(`row ${row} was read in hour ${hour}`);
  }

  private async append(hour: number, rows: Buffer): Promise<void> {
    this.allow(hour, rows);
    await this.log.append(hour, rows);
    const erases = this.erases();
    const certain = this.certain.get(hour) ?? new Map();
    for (const row of split(rows)) certain.set(row, erases);
    this.certain.set(hour, certain);
  }

  /** Expires while an hour is being read. */
  private async expire(lastHour: number, readingHour: number): Promise<void> {
    for (const [hour, rows] of this.certain) {
      if (hour > lastHour) continue;
      this.going.set(hour, [...(this.going.get(hour) ?? []), ...rows.keys()]);
      this.certain.delete(hour);
    }
    const reading = readHour(this.log, readingHour);
    const [read] = await Promise.allSettled([reading, this.log.expire(lastHour)]);
    if (this.flash.off) await reading.then(() => this.flash.read(0, 1));
    if (read.status === "rejected") throw read.reason;
    this.checkRead(readingHour, read.value);
    for (const hour of this.possible.keys()) if (hour <= lastHour) this.possible.set(hour, new Set());
    for (const [hour, rows] of this.going) {
      if (hour > lastHour) continue;
      for (const row of rows) this.gone.add(row);
      this.going.delete(hour);
    }
    for (const row of this.rowsInFlash()) if (this.gone.has(row)) expect.fail(`row ${row} is left in the flash`);
  }

  private async restart(): Promise<void> {
    for (;;) {
      this.flash = this.flash.restarted();
      this.arm(this.cuts);
      const whole = await untilCut(async () => {
        this.log = await mountContacts(this.flash);
      });
      if (whole) return;
      this.cuts.shift();
    }
  }

  private arm(cuts: RandomCut[]): void {
    this.cuts = cuts;
    if (cuts[0]) arm(this.flash, cuts[0]);
  }

  private erases(): number {
    return this.flash.wear.reduce((sum, count) => sum + count, 0);
  }

  /** All that lies where rows lie, whether it counts or not. */
  private rowsInFlash(): string[] {
    const rows: string[] = [];
    for (let sector = 0; sector < SECTORS; sector++) {
      if (this.cutOpenings.get(sector) === this.flash.wear[sector]) continue;
      for (let group = 0; group < SECTOR_GROUPS; group++) {
        const at = sector * SECTOR_BYTES + HEADER_BYTES + group * GROUP_BYTES + ROWS_AT;
        rows.push(...split(this.flash.image.subarray(at, at + GROUP_ROWS * ROW_BYTES)));
      }
    }
    return rows;
  }
}
