import fc from "fast-check";
import { expect } from "vitest";
import { SECTOR_BYTES } from "../flash/flashStore";
import type { ContactLog } from "../log/contactLog";
import { HOUR, mountContacts, noiseOf, RowMaker, readHour, split, untilCut } from "./logRig";
import { ModelFlash } from "./modelFlash";

const SECTORS = 12;

/** One step: time goes on, then rows of the hour or of the one before are written, or something else happens. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      rows: fc.integer({ min: 1, max: 60 }),
      late: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("hours" as const), pass: fc.integer({ min: 1, max: 200 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("clock back" as const), hours: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), keep: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "restart" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("cut" as const),
      operation: fc.integer({ min: 1, max: 12 }),
      fraction: fc.double({ min: 0, max: 1, noNaN: true }),
      noise: fc.option(fc.integer(), { nil: undefined }),
    }),
  },
);

/**
 * Compares the contact log, over `runs` random histories, with a list of rows by hour.
 *
 * @param path replays the one history that fast-check reported under this path
 */
export async function checkAgainstModel(runs: number, seed: number, path?: string): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      let flash = new ModelFlash(SECTORS * SECTOR_BYTES);
      let log: ContactLog = await mountContacts(flash);
      const make = new RowMaker();
      /** Rows that must be there, and those that may be: appends that the power cut. */
      const certain = new Map<number, Set<string>>();
      const possible = new Map<number, Set<string>>();
      let hour = HOUR;
      for (const action of steps) {
        if (action.kind === "hours") hour += action.pass;
        else if (action.kind === "clock back") hour -= action.hours;
        else if (action.kind === "restart") {
          flash = flash.restarted();
          log = await mountContacts(flash);
        } else if (action.kind === "cut") {
          const { operation, fraction } = action;
          const noise = action.noise === undefined ? undefined : noiseOf(action.noise);
          flash.cut = { operation: flash.operations + operation, fraction, ...(noise ? { noise } : {}) };
        } else {
          const whole = await untilCut(async () => {
            if (action.kind === "expire") {
              forget(certain, hour - action.keep);
              await log.expire(hour - action.keep);
              forget(possible, hour - action.keep);
            } else {
              const at = action.late ? hour - 1 : hour;
              const rows = make.rows(action.rows);
              note(possible, at, rows);
              await log.append(at, rows);
              note(certain, at, rows);
            }
          });
          if (whole) continue;
          flash = flash.restarted();
          log = await mountContacts(flash);
        }
      }
      for (const at of new Set([...possible.keys(), ...certain.keys(), hour, hour + 1])) {
        const read = await readHour(log, at);
        expect(new Set(read).size).toBe(read.length);
        for (const row of read) expect(possible.get(at)?.has(row)).toBe(true);
        for (const row of certain.get(at) ?? []) expect(read).toContain(row);
      }
    }),
    { numRuns: runs, seed, ...(path === undefined ? {} : { path, endOnFailure: true }) },
  );
}

function note(rowsByHour: Map<number, Set<string>>, hour: number, rows: Buffer): void {
  const set = rowsByHour.get(hour) ?? new Set();
  for (const row of split(rows)) set.add(row);
  rowsByHour.set(hour, set);
}

function forget(rowsByHour: Map<number, Set<string>>, lastHour: number): void {
  for (const hour of rowsByHour.keys()) if (hour <= lastHour) rowsByHour.delete(hour);
}
