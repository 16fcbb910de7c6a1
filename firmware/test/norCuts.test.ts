// The contact log on a NOR chip behind its driver: power fails in every single page program and sector erase.

import { expect, test } from "vitest";
import { SECTOR_BYTES } from "../board/flashStore";
import type { SpiBus } from "../chips/lines";
import { SpiDevice } from "../chips/spiDevice";
import { SpiNorStore } from "../chips/spiNorStore";
import { ContactLog } from "../log/contactLog";
import { Desk } from "./chips/desk";
import { NorModel, sfdpOf } from "./chips/norModel";
import { type Batch, busyHour } from "./contactCuts";
import { HOUR, noPause, RowMaker, readHour, split, untilCut } from "./logRig";
import { PowerLoss } from "./modelFlash";

const SECTORS = 6;
const SIZE = SECTORS * SECTOR_BYTES;

/** A chip with the cells of one whose power went off, and the log on it. */
async function powerUp(cells: Buffer): Promise<{ chip: NorModel; log: ContactLog }> {
  const chip = new NorModel(SIZE, { jedecId: [0xef, 0x40, 0x10], sfdp: sfdpOf(SIZE) });
  chip.cells.set(cells);
  const desk = new Desk({ start: (fiber) => void fiber(), yieldNow: async () => undefined });
  const bus: SpiBus = {
    transfer: async (bytes) => {
      // The board dies with its chip.
      if (chip.powerLost) throw new PowerLoss("transfer after the power went off");
      return desk.transfer(bytes);
    },
  };
  const store = await SpiNorStore.open(new SpiDevice(bus, desk.turn(), desk.place(chip)), desk);
  const log = new ContactLog(store, 0, store.size / SECTOR_BYTES, noPause);
  await log.mount();
  return { chip, log };
}

async function appendAll(log: ContactLog, batches: readonly Batch[]): Promise<number> {
  let resolved = 0;
  await untilCut(async () => {
    for (const { hour, rows } of batches) {
      await log.append(hour, rows);
      resolved++;
    }
  });
  return resolved;
}

test("the contact log keeps every row whose append resolved, wherever power fails in a NOR chip's busy hour", async () => {
  const make = new RowMaker();
  const used = await powerUp(Buffer.alloc(SIZE, 0xff));
  // All sectors in use, so that the hour erases some.
  await used.log.append(HOUR - 1000, make.rows(SECTORS * 320 - 20));
  const before = Buffer.from(used.chip.cells);
  const batches = busyHour(make, HOUR, 10);
  const next = { hour: HOUR + 1, rows: make.rows(20) };
  let cuts = 0;
  for (let operation = 1; ; operation++) {
    const { chip, log } = await powerUp(before);
    chip.cutAt = chip.operations + operation;
    const resolved = await appendAll(log, batches);
    if (!chip.powerLost) break;
    cuts++;
    const after = await powerUp(chip.cells);
    expect(await appendAll(after.log, [next])).toBe(1);
    const again = await powerUp(after.chip.cells);
    for (const hour of [HOUR - 1, HOUR]) {
      const durable = batches.slice(0, resolved).filter((batch) => batch.hour === hour);
      const begun = batches[resolved];
      const possible = new Set(begun?.hour === hour ? split(begun.rows) : []);
      const read = await readHour(again.log, hour);
      expect(read.filter((row) => !possible.has(row))).toEqual(durable.flatMap(({ rows }) => split(rows)));
    }
    expect(await readHour(again.log, next.hour)).toEqual(split(next.rows));
  }
  expect(cuts).toBeGreaterThan(73);
});
