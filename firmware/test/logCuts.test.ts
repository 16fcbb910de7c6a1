import { expect, it } from "vitest";
import { SECTOR_BYTES } from "../board/flashStore";
import { Logs } from "../log/logs";
import { SeedLog } from "../log/seedLog";
import { busyHour, checkCut, fullFlash } from "./contactCuts";
import { cutsOf, HOUR, mountContacts, noiseOf, noPause, RowMaker, readHour, split, untilCut } from "./logRig";
import { type Cut, ModelFlash } from "./modelFlash";

/** Calls `check` for every operation and way to cut it until one comes after the scenario's end. Returns the operations. */
async function everyCut(fractions: readonly number[], check: (cut: Cut) => Promise<boolean>): Promise<number> {
  for (let operation = 1; ; operation++)
    for (const cut of cutsOf(operation, fractions)) if (!(await check(cut))) return operation - 1;
}

it("keeps every row whose append resolved, and no half row, wherever the power fails in a busy hour", async () => {
  const make = new RowMaker();
  const full = await fullFlash(make, 6, HOUR);
  const batches = busyHour(make, HOUR, 10);
  const operations = await everyCut([0, 0.5, 1], (cut) => checkCut(full, batches, cut));
  expect(operations).toBeGreaterThan(2 * 73);
});

it("keeps every seed that was stored, and no half seed, wherever the power fails in days of seeds", async () => {
  const seedOf = (k: number): Buffer => Buffer.alloc(32, (k * 7 + 1) & 0xff);
  const kept = 100;
  const first = 3 * 107 + 104;
  const flash = new ModelFlash(4 * SECTOR_BYTES);
  const before = new SeedLog(flash, 0, 4, noPause);
  await before.mount();
  for (let k = 0; k < first; k++) await before.put(HOUR + k, seedOf(k));
  const operations = await everyCut([0.5, 1], async (cut) => {
    const chip = flash.restarted();
    chip.cut = cut;
    let stored = first - 1;
    let replaced = -1;
    let expired = -1;
    let expiring = -1;
    const whole = await untilCut(async () => {
      const log = new SeedLog(chip, 0, 4, noPause);
      await log.mount();
      for (let k = first; k < first + 8; k++) {
        await log.put(HOUR + k, seedOf(k));
        stored = k;
        if (k === first + 4) {
          await log.put(HOUR + k, Buffer.alloc(32, 0xee));
          replaced = k;
        }
        expiring = k - kept;
        await log.expire(HOUR + expiring);
        expired = expiring;
      }
    });
    const restarted = chip.restarted();
    const log = new SeedLog(restarted, 0, 4, noPause);
    await log.mount();
    for (let k = expiring + 1; k <= stored; k++) {
      const seed = await log.get(HOUR + k);
      const isNew = k === first + 4 && seed?.[0] === 0xee;
      expect(isNew || (k !== replaced && seed?.equals(seedOf(k)))).toBe(true);
    }
    for (let k = 0; k <= expired; k++) expect(await log.get(HOUR + k)).toBeUndefined();
    const seedUnderWay = await log.get(HOUR + stored + 1);
    expect(seedUnderWay === undefined || seedUnderWay.equals(seedOf(stored + 1))).toBe(true);
    for (let k = stored + 1; k < stored + 40; k++) await log.put(HOUR + k, seedOf(k));
    for (let k = stored + 1; k < stored + 40; k++) expect(await log.get(HOUR + k)).toEqual(seedOf(k));
    return !whole;
  });
  expect(operations).toBeGreaterThan(40);
});

it("leaves no piece of an expired seed in the flash after the next expiry, wherever the power failed in the one before", async () => {
  const seed = Buffer.from(Array.from({ length: 32 }, (_, i) => 0x40 + i));
  const isLeft = ({ image }: ModelFlash): boolean =>
    Array.from({ length: 25 }, (_, at) => seed.subarray(at, at + 8)).some((piece) => image.includes(piece));
  const fractions = Array.from({ length: 33 }, (_, i) => i / 32);
  const operations = await everyCut(fractions, async (cut) => {
    const chip = new ModelFlash(4 * SECTOR_BYTES);
    const log = new SeedLog(chip, 0, 4, noPause);
    await log.mount();
    await log.put(HOUR, seed);
    for (let k = 1; k < 4; k++) await log.put(HOUR + k, Buffer.alloc(32, k));
    chip.cut = { ...cut, operation: chip.operations + cut.operation };
    const whole = await untilCut(async () => await log.expire(HOUR));
    const restarted = chip.restarted();
    const after = new SeedLog(restarted, 0, 4, noPause);
    await after.mount();
    const read = await after.get(HOUR);
    expect(read === undefined || read.equals(seed)).toBe(true);
    await after.expire(HOUR);
    expect(isLeft(restarted)).toBe(false);
    for (let k = 1; k < 4; k++) expect(await after.get(HOUR + k)).toEqual(Buffer.alloc(32, k));
    return !whole;
  });
  expect(operations).toBe(3);
});

it("finishes erasing everything, or has not begun, wherever the power fails", async () => {
  const make = new RowMaker();
  const full = await fullFlash(make, 5, HOUR);
  const rows = make.rows(10);
  await (await mountContacts(full)).append(HOUR, rows);
  const held = (await readHour(await mountContacts(full), HOUR - 1000)).length;
  const operations = await everyCut([0, 0.5, 1], async (cut) => {
    const flash = full.restarted();
    flash.cut = cut;
    const whole = await untilCut(async () => await (await mountContacts(flash)).eraseAll());
    const restarted = flash.restarted();
    const log = await mountContacts(restarted);
    const left = (await readHour(log, HOUR - 1000)).length;
    if (left === 0) {
      // At most a voided header of 11 bytes is left.
      expect(restarted.image.filter((byte) => byte !== 0xff).length).toBeLessThanOrEqual(11);
    } else {
      // The oldest sector makes place for the note that everything is to go.
      expect([held, held - 320]).toContain(left);
      expect(await readHour(log, HOUR)).toEqual(split(rows));
    }
    return !whole;
  });
  expect(operations).toBeGreaterThanOrEqual(5 + 4);
});

it("erases seeds, results and contacts together or not at all, wherever the power fails", async () => {
  const full = new ModelFlash(40 * SECTOR_BYTES);
  const before = new Logs(full, noPause);
  await before.mount();
  const seed = Buffer.alloc(32, 0x5e);
  const rows = new RowMaker().rows(10);
  await before.seeds.put(HOUR, seed);
  await before.results.append(HOUR, Buffer.alloc(32, 0x4e));
  await before.contacts.append(HOUR, rows);
  const operations = await everyCut([0, 1], async (cut) => {
    const flash = full.restarted();
    const logs = new Logs(flash, noPause);
    await logs.mount();
    flash.cut = { ...cut, operation: flash.operations + cut.operation };
    const whole = await untilCut(async () => await logs.eraseAll());
    const restarted = flash.restarted();
    const after = new Logs(restarted, noPause);
    await after.mount();
    const held = [seed, Buffer.alloc(32, 0x4e), rows.subarray(0, 12)].filter((bytes) =>
      restarted.image.includes(bytes),
    );
    expect(held).toHaveLength(after.wasErasing || held.length === 0 ? 0 : 3);
    return !whole;
  });
  expect(operations).toBeGreaterThan(40);
});

it("keeps the other rows of a group that is still open when some of it are erased and the power fails", async () => {
  const make = new RowMaker();
  const [old, kept] = [make.rows(3), make.rows(3)];
  for (let noise = 0; noise < 50; noise++) {
    const operations = await everyCut([], async ({ operation }) => {
      const flash = new ModelFlash(3 * SECTOR_BYTES);
      const log = await mountContacts(flash);
      await log.append(HOUR, old);
      await log.append(HOUR + 1, kept);
      flash.cut = { operation: flash.operations + operation, fraction: 0, noise: noiseOf(operation * 100 + noise) };
      const whole = await untilCut(async () => await log.expire(HOUR));
      expect(await readHour(await mountContacts(flash.restarted()), HOUR + 1)).toEqual(split(kept));
      return !whole;
    });
    expect(operations).toBeGreaterThanOrEqual(3);
  }
});

it("leaves no expired row in the flash after the next expiry, wherever the power failed in the one before", async () => {
  const make = new RowMaker();
  const [old, kept] = [make.rows(300), make.rows(20)];
  const fractions = Array.from({ length: 9 }, (_, i) => i / 8);
  const operations = await everyCut(fractions, async (cut) => {
    const flash = new ModelFlash(3 * SECTOR_BYTES);
    const log = await mountContacts(flash);
    await log.append(HOUR, old);
    await log.append(HOUR + 200, kept);
    flash.cut = { ...cut, operation: flash.operations + cut.operation };
    const whole = await untilCut(async () => await log.expire(HOUR));
    const restarted = flash.restarted();
    const after = await mountContacts(restarted);
    await after.expire(HOUR);
    for (let at = 0; at < old.length; at += 12) expect(restarted.image.includes(old.subarray(at, at + 12))).toBe(false);
    expect(await readHour(after, HOUR + 200)).toEqual(split(kept));
    return !whole;
  });
  expect(operations).toBe(21);
});

it("erases expired rows and shows of them only whole ones meanwhile, and keeps the others, wherever the power fails", async () => {
  const flash = new ModelFlash(5 * SECTOR_BYTES);
  const make = new RowMaker();
  const hours = Array.from({ length: 6 }, () => make.rows(75));
  const log = await mountContacts(flash);
  for (const [i, rows] of hours.entries()) await log.append(HOUR + i, rows);
  const operations = await everyCut([0, 0.5, 1], async (cut) => {
    const chip = flash.restarted();
    chip.cut = cut;
    const whole = await untilCut(async () => {
      const victim = await mountContacts(chip);
      for (let i = 0; i < 5; i++) await victim.expire(HOUR + i);
    });
    const restarted = chip.restarted();
    const after = await mountContacts(restarted);
    for (const [i, rows] of hours.entries()) {
      const written = new Set(split(rows));
      const read = await readHour(after, HOUR + i);
      expect(read.filter((row) => !written.has(row))).toEqual([]);
      if (i === 5) expect(read).toEqual(split(rows));
    }
    await after.expire(HOUR + 4);
    for (const [i, rows] of hours.entries())
      for (let at = 0; at < rows.length; at += 60)
        expect(restarted.image.includes(rows.subarray(at, at + 12))).toBe(i === 5);
    return !whole;
  });
  expect(operations).toBeGreaterThan(30);
});
