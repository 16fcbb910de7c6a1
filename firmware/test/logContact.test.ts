import { describe, expect, it } from "vitest";
import { ROW_BYTES } from "../../protocol/log/contactRow";
import { FlashError, SECTOR_BYTES } from "../board/flashStore";
import { HOUR, mountContacts, RowMaker, readHour, split } from "./logRig";
import { ModelFlash } from "./modelFlash";

const small = (): ModelFlash => new ModelFlash(8 * SECTOR_BYTES);

describe("the contact log", () => {
  it("gives back the rows of each hour, and of that hour only, in the order of writing", async () => {
    const log = await mountContacts(small());
    const make = new RowMaker();
    const first = make.rows(40);
    const second = make.rows(3);
    await log.append(HOUR, first);
    await log.append(HOUR + 1, second);
    expect(await readHour(log, HOUR)).toEqual(split(first));
    expect(await readHour(log, HOUR + 1)).toEqual(split(second));
    expect(await readHour(log, HOUR + 2)).toEqual([]);
    expect(await readHour(log, HOUR - 1)).toEqual([]);
  });

  it("holds them over a restart and goes on behind them", async () => {
    const flash = small();
    const make = new RowMaker();
    const rows = [make.rows(5), make.rows(30), make.rows(1)];
    for (const part of rows) await (await mountContacts(flash)).append(HOUR, part);
    expect(await readHour(await mountContacts(flash), HOUR)).toEqual(split(Buffer.concat(rows)));
  });

  it("takes rows of two hours in turn, as they come at the edge of an hour", async () => {
    const flash = small();
    const log = await mountContacts(flash);
    const make = new RowMaker();
    const before: Buffer[] = [];
    const after: Buffer[] = [];
    for (let minute = 0; minute < 13; minute++) {
      before.push(make.rows(2));
      after.push(make.rows(1));
      await log.append(HOUR, before[minute] as Buffer);
      await log.append(HOUR + 1, after[minute] as Buffer);
    }
    for (const reader of [log, await mountContacts(flash)]) {
      expect(await readHour(reader, HOUR)).toEqual(split(Buffer.concat(before)));
      expect(await readHour(reader, HOUR + 1)).toEqual(split(Buffer.concat(after)));
    }
    expect(flash.wear.filter((erases) => erases > 0)).toHaveLength(1);
  });

  it("takes hours in any order, as after the clock was set back", async () => {
    const flash = small();
    const log = await mountContacts(flash);
    const make = new RowMaker();
    const hours = [HOUR, HOUR + 500, HOUR - 3, HOUR + 40, HOUR + 39];
    const rows = hours.map(() => make.rows(20));
    for (const [i, hour] of hours.entries()) await log.append(hour, rows[i] as Buffer);
    for (const reader of [log, await mountContacts(flash)])
      for (const [i, hour] of hours.entries()) expect(await readHour(reader, hour)).toEqual(split(rows[i] as Buffer));
  });

  it("reuses the oldest sector when all are full, and keeps all others", async () => {
    const log = await mountContacts(small());
    const make = new RowMaker();
    for (let hour = 0; hour < 30; hour++) await log.append(HOUR + hour, make.rows(320));
    for (let hour = 0; hour < 22; hour++) expect(await readHour(log, HOUR + hour)).toEqual([]);
    for (let hour = 22; hour < 30; hour++) expect(await readHour(log, HOUR + hour)).toHaveLength(320);
  });

  it("erases expired rows from the flash image, to the hour, and keeps the others, sealed or not", async () => {
    const flash = small();
    const log = await mountContacts(flash);
    const make = new RowMaker();
    const rows = Array.from({ length: 12 }, () => make.rows(70));
    for (const [i, part] of rows.entries()) await log.append(HOUR + i, part);
    for (let expired = 0; expired < 12; expired++) {
      await log.expire(HOUR + expired);
      for (const [i, part] of rows.entries()) {
        expect(await readHour(log, HOUR + i)).toEqual(i <= expired ? [] : split(part));
        for (let at = 0; at < part.length; at += ROW_BYTES)
          expect(flash.image.includes(part.subarray(at, at + ROW_BYTES))).toBe(i > expired);
      }
    }
    await log.append(HOUR + 20, rows[0] as Buffer);
    expect(await readHour(await mountContacts(flash), HOUR + 20)).toEqual(split(rows[0] as Buffer));
  });

  it("erases rows that expired while it was off", async () => {
    const flash = small();
    const rows = new RowMaker().rows(700);
    await (await mountContacts(flash)).append(HOUR, rows);
    const log = await mountContacts(flash);
    await log.expire(HOUR + 2000);
    expect(await readHour(log, HOUR)).toEqual([]);
    for (let at = 0; at < rows.length; at += ROW_BYTES)
      expect(flash.image.includes(rows.subarray(at, at + ROW_BYTES))).toBe(false);
  });

  it("erases everything on demand, and starts anew", async () => {
    const flash = small();
    const log = await mountContacts(flash);
    const make = new RowMaker();
    await log.append(HOUR, make.rows(1000));
    await log.eraseAll();
    expect(flash.image.every((byte) => byte === 0xff)).toBe(true);
    expect(await readHour(log, HOUR)).toEqual([]);
    const rows = make.rows(17);
    await log.append(HOUR, rows);
    expect(await readHour(await mountContacts(flash), HOUR)).toEqual(split(rows));
  });

  it("takes a sector that fails out of use, says so, and loses no row", async () => {
    const flash = small();
    const log = await mountContacts(flash);
    const make = new RowMaker();
    const rows: string[] = [];
    for (let minute = 0; minute < 100; minute++) {
      if (minute === 10) flash.broken.add(0);
      if (minute === 30) flash.broken.add(2).add(3);
      const part = make.rows(10);
      await log.append(HOUR, part);
      rows.push(...split(part));
    }
    expect(log.failedSectors()).toBe(3);
    expect(await readHour(log, HOUR)).toEqual(rows);
    expect(await readHour(await mountContacts(flash), HOUR)).toEqual(rows);
  });

  it("reports a store that cannot be written at all, and keeps what it holds", async () => {
    const flash = small();
    const log = await mountContacts(flash);
    const make = new RowMaker();
    const rows = make.rows(20);
    await log.append(HOUR, rows);
    for (let sector = 0; sector < 8; sector++) flash.broken.add(sector);
    await expect(log.append(HOUR, make.rows(1))).rejects.toThrow(FlashError);
    expect(await readHour(log, HOUR)).toEqual(split(rows));
  });

  it("hands a slow reader no row of another hour when its sectors are reused meanwhile", async () => {
    const log = await mountContacts(small());
    const make = new RowMaker();
    const rows = make.rows(8 * 320);
    await log.append(HOUR, rows);
    const written = new Set(split(rows));
    let read = 0;
    await log.readHour(HOUR, async (part) => {
      for (const row of split(part)) expect(written.has(row)).toBe(true);
      read++;
      if (read === 3) for (let hour = 1; hour < 9; hour++) await log.append(HOUR + hour * 200, make.rows(320));
    });
    expect(read).toBe(3);
  });

  it("lets two writers and a reader work at the same time", async () => {
    const log = await mountContacts(small());
    const make = new RowMaker();
    const a = Array.from({ length: 20 }, () => make.rows(7));
    const b = Array.from({ length: 20 }, () => make.rows(3));
    const write = async (hour: number, parts: Buffer[]): Promise<void> => {
      for (const part of parts) await log.append(hour, part);
    };
    await Promise.all([write(HOUR, a), write(HOUR + 1, b), readHour(log, HOUR)]);
    expect(await readHour(log, HOUR)).toEqual(split(Buffer.concat(a)));
    expect(await readHour(log, HOUR + 1)).toEqual(split(Buffer.concat(b)));
  });
});

describe("a contact log whose cells lose bits", () => {
  it("never shows a row that was not written, whichever single bit flips in a header, a sealed or an open group", async () => {
    const flash = new ModelFlash(3 * SECTOR_BYTES);
    const make = new RowMaker();
    const log = await mountContacts(flash);
    const rows = make.rows(21);
    await log.append(HOUR, rows);
    const written = new Set(split(rows));
    let lost = 0;
    for (let bit = 0; bit < (11 + 2 * 204) * 8; bit++) {
      const rotten = flash.restarted();
      rotten.image[bit >> 3] = (rotten.image[bit >> 3] as number) ^ (1 << (bit & 7));
      const after = await mountContacts(rotten);
      for (const hour of [HOUR - 1, HOUR, HOUR + 1]) {
        const read = await readHour(after, hour);
        expect(read.filter((row) => !written.has(row) || hour !== HOUR)).toEqual([]);
        lost += hour === HOUR ? 21 - read.length : 0;
      }
      const next = make.rows(2);
      await after.append(HOUR + 1, next);
      expect(await readHour(after, HOUR + 1)).toEqual(split(next));
    }
    expect(lost).toBeGreaterThan(0);
  });

  it("never shows such a row after an expiry either, which seals the group that is open", async () => {
    const rows = new RowMaker().rows(5);
    const written = new Set(split(rows));
    let lost = 0;
    for (let bit = 11 * 8; bit < (11 + 204) * 8; bit++) {
      const flash = new ModelFlash(3 * SECTOR_BYTES);
      const log = await mountContacts(flash);
      await log.append(HOUR, rows);
      flash.image[bit >> 3] = (flash.image[bit >> 3] as number) ^ (1 << (bit & 7));
      await log.expire(HOUR - 1);
      for (let start = 0; start < 2; start++) {
        const read = await readHour(start === 0 ? log : await mountContacts(flash), HOUR);
        expect([bit, read.filter((row) => !written.has(row))]).toEqual([bit, []]);
        lost += rows.length / 12 - read.length;
      }
    }
    // One row for each bit of a row and of its check, at both times; all five only for bits of head and seal.
    expect(lost).toBeGreaterThanOrEqual(2 * 5 * (12 + 0.5) * 8);
    expect(lost).toBeLessThanOrEqual(2 * 5 * (12 + 0.5 + 2 + 2) * 8);
  });

  it("survives sectors full of garbage", async () => {
    const flash = small();
    for (let i = 0; i < flash.size; i++) flash.image[i] = (i * i * 7 + (i >> 5)) & 0xff;
    const log = await mountContacts(flash);
    expect(await readHour(log, HOUR)).toEqual([]);
    const rows = new RowMaker().rows(100);
    await log.append(HOUR, rows);
    expect(await readHour(await mountContacts(flash), HOUR)).toEqual(split(rows));
  });
});
