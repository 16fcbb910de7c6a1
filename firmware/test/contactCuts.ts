import { expect } from "vitest";
import { mountContacts, noiseOf, type RowMaker, readHour, split, untilCut } from "./logRig";
import { type Cut, ModelFlash } from "./modelFlash";

/** One call of append. */
export interface Batch {
  readonly hour: number;
  readonly rows: Buffer;
}

/** The batches of a busy hour, a minute at a time; `perMinute` rows, and for 13 minutes as many late ones of the hour before. */
export function busyHour(make: RowMaker, hour: number, perMinute: number): Batch[] {
  const batches: Batch[] = [];
  for (let minute = 0; minute < 60; minute++) {
    if (minute < 13) batches.push({ hour: hour - 1, rows: make.rows(perMinute) });
    batches.push({ hour, rows: make.rows(perMinute) });
  }
  return batches;
}

/** A flash whose sectors are all in use with rows of long ago, part of a sector free. */
export async function fullFlash(make: RowMaker, sectors: number, hour: number): Promise<ModelFlash> {
  const flash = new ModelFlash(sectors * 4096);
  const log = await mountContacts(flash);
  await log.append(hour - 1000, make.rows(sectors * 320 - 20));
  return flash.restarted();
}

/**
 * Writes the batches, loses power as `cut` says, restarts and checks: each row whose append resolved is there under its hour,
 * nothing else is but whole rows of the batch that was being written, and the log goes on. Returns whether the cut came.
 */
export async function checkCut(full: ModelFlash, batches: readonly Batch[], cut: Cut): Promise<boolean> {
  const flash = full.restarted();
  flash.cut = cut;
  let resolved = 0;
  const whole = await untilCut(async () => {
    const log = await mountContacts(flash);
    for (const batch of batches) {
      await log.append(batch.hour, batch.rows);
      resolved++;
    }
  });
  const next = { hour: (batches[0] as Batch).hour + 1, rows: rowsAfter(cut.operation) };
  const restarted = flash.restarted();
  await checkRows(restarted, batches, resolved, undefined);
  await (await mountContacts(restarted)).append(next.hour, next.rows);
  await checkRows(restarted, batches, resolved, next);
  return !whole;
}

async function checkRows(flash: ModelFlash, batches: readonly Batch[], resolved: number, next?: Batch): Promise<void> {
  const log = await mountContacts(flash);
  for (const hour of new Set(batches.map((batch) => batch.hour))) {
    const durable = batches.slice(0, resolved).filter((batch) => batch.hour === hour);
    const expected = durable.flatMap((batch) => split(batch.rows));
    const begun = batches[resolved];
    const possible = begun?.hour === hour ? split(begun.rows) : [];
    if (next?.hour === hour) expected.push(...split(next.rows));
    const read = await readHour(log, hour);
    const sound = new Set(possible);
    expect(read.filter((row) => !sound.has(row))).toEqual(expected);
  }
}

/** Rows that no RowMaker makes. */
function rowsAfter(seed: number): Buffer {
  const noise = noiseOf(seed);
  const rows = Buffer.alloc(12 * 20);
  for (let i = 0; i < rows.length; i++) rows[i] = i % 12 === 0 ? 0xff : Math.floor(noise() * 256);
  return rows;
}
