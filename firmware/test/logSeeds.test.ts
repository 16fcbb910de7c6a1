import { describe, expect, it } from "vitest";
import { FlashError, SECTOR_BYTES } from "../board/flashStore";
import { Logs } from "../log/logs";
import { RecordLog } from "../log/recordLog";
import { SeedLog } from "../log/seedLog";
import { HOUR, noiseOf, noPause } from "./logRig";
import { ModelFlash, PowerLoss } from "./modelFlash";

const SECTORS = 26;
const RETENTION_HOURS = 2160;

async function mountSeeds(flash: ModelFlash): Promise<SeedLog> {
  const log = new SeedLog(flash, 0, SECTORS, noPause);
  await log.mount();
  return log;
}

async function mountRecords(flash: ModelFlash, sectors = 4): Promise<RecordLog> {
  const log = new RecordLog(flash, 0, sectors, 0x52, true, noPause);
  await log.mount();
  return log;
}

function seedOf(hour: number): Buffer {
  const noise = noiseOf(hour);
  return Buffer.from(Array.from({ length: 32 }, () => Math.floor(noise() * 256)));
}

describe("the seed log", () => {
  it("keeps 90 days of seeds and erases each from the flash image at its hour, for a year", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    for (let hour = 0; hour < 365 * 24; hour++) {
      await log.put(HOUR + hour, seedOf(hour));
      await log.expire(HOUR + hour - RETENTION_HOURS);
      if (hour % 1001 !== 1000) continue;
      const newest = hour - RETENTION_HOURS;
      expect(flash.image.includes(seedOf(hour))).toBe(true);
      for (let gone = Math.max(0, newest - 300); gone <= newest; gone++) {
        expect(flash.image.includes(seedOf(gone))).toBe(false);
        expect(await log.get(HOUR + gone)).toBeUndefined();
      }
      expect(await log.get(HOUR + Math.max(0, newest + 1))).toEqual(seedOf(Math.max(0, newest + 1)));
    }
    for (let hour = 365 * 24 - RETENTION_HOURS; hour < 365 * 24; hour++)
      expect(await log.get(HOUR + hour)).toEqual(seedOf(hour));
    const mean = flash.wear.reduce((sum, erases) => sum + erases, 0) / SECTORS;
    expect(Math.max(...flash.wear)).toBeLessThanOrEqual(2 * mean);
  });

  it("tells the hours that had no seed", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    for (const hour of [0, 1, 5, 300, 301]) await log.put(HOUR + hour, seedOf(hour));
    for (const reader of [log, await mountSeeds(flash)])
      for (let hour = -3; hour < 310; hour++)
        expect(await reader.get(HOUR + hour)).toEqual([0, 1, 5, 300, 301].includes(hour) ? seedOf(hour) : undefined);
  });

  it("replaces the running hour's seed when an export ends, and erases the exported one", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    await log.put(HOUR, seedOf(1));
    await log.put(HOUR, seedOf(2));
    await log.put(HOUR, seedOf(3));
    await log.put(HOUR + 1, seedOf(4));
    for (const reader of [log, await mountSeeds(flash)]) {
      expect(await reader.get(HOUR)).toEqual(seedOf(3));
      expect(await reader.get(HOUR + 1)).toEqual(seedOf(4));
    }
    expect(flash.image.includes(seedOf(1))).toBe(false);
    expect(flash.image.includes(seedOf(2))).toBe(false);
  });

  it("finishes at the next start a replacement that the power cut, also when the next hour's seed is there already", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    await log.put(HOUR, seedOf(1));
    await log.put(HOUR + 1, seedOf(2));
    // The new seed takes two operations; the third erases the old one.
    flash.cut = { operation: flash.operations + 3, fraction: 0 };
    await expect(log.put(HOUR, seedOf(3))).rejects.toThrow(PowerLoss);
    const restarted = flash.restarted();
    expect(restarted.image.includes(seedOf(1))).toBe(true);
    expect(await (await mountSeeds(restarted)).get(HOUR)).toEqual(seedOf(3));
    expect(restarted.image.includes(seedOf(1))).toBe(false);
  });

  it("erases on the first occasion what expired while it was off", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    for (let hour = 0; hour < 500; hour++) await log.put(HOUR + hour, seedOf(hour));
    const later = await mountSeeds(flash);
    await later.expire(HOUR + 450);
    for (let hour = 0; hour < 500; hour++) expect(flash.image.includes(seedOf(hour))).toBe(hour > 450);
    await later.expire(HOUR + 10_000);
    for (let hour = 0; hour < 500; hour++) expect(flash.image.includes(seedOf(hour))).toBe(false);
  });

  it("reads the 504 seeds of a 21-day export in about a hundred packets", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    for (let hour = 0; hour < 900; hour++) await log.put(HOUR + hour, seedOf(hour));
    const before = flash.packets;
    for (let hour = 396; hour < 900; hour++) expect(await log.get(HOUR + hour)).toEqual(seedOf(hour));
    expect(flash.packets - before).toBeLessThan(130);
  });

  it("finds a seed that is stored while another is being looked up", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    await log.put(HOUR, seedOf(0));
    for (let hour = 1; hour < 50; hour++) {
      const [, before] = await Promise.all([log.put(HOUR + hour, seedOf(hour)), log.get(HOUR + hour - 1)]);
      expect(before).toEqual(seedOf(hour - 1));
      expect(await log.get(HOUR + hour)).toEqual(seedOf(hour));
    }
  });

  it("loses no seed when sectors fail", async () => {
    const flash = new ModelFlash(SECTORS * SECTOR_BYTES);
    const log = await mountSeeds(flash);
    for (let hour = 0; hour < 400; hour++) {
      if (hour === 50) flash.broken.add(0);
      if (hour === 200) flash.broken.add(2).add(3);
      await log.put(HOUR + hour, seedOf(hour));
    }
    expect(log.failedSectors()).toBe(3);
    const after = await mountSeeds(flash);
    for (let hour = 0; hour < 400; hour++) expect(await after.get(HOUR + hour)).toEqual(seedOf(hour));
  });
});

describe("the results log", () => {
  it("hands out all records in the order of writing, also after a restart, filled up to 32 bytes", async () => {
    const flash = new ModelFlash(4 * SECTOR_BYTES);
    const log = await mountRecords(flash);
    const written: string[] = [];
    for (let k = 0; k < 250; k++) {
      await log.append(HOUR - ((k * 131) % 500), seedOf(k).subarray(0, 5 + (k % 20)));
      const payload = Buffer.alloc(32);
      seedOf(k).copy(payload, 0, 0, 5 + (k % 20));
      written.push(`${HOUR - ((k * 131) % 500)} ${payload.toString("hex")}`);
    }
    for (const reader of [log, await mountRecords(flash)]) {
      const read: string[] = [];
      await reader.visitRecords(async (hour, payload) => {
        read.push(`${hour} ${payload.toString("hex")}`);
      });
      expect(read).toEqual(written);
    }
  });

  it("erases expired records in any order of hours, and keeps the others", async () => {
    const flash = new ModelFlash(4 * SECTOR_BYTES);
    const log = await mountRecords(flash);
    for (let k = 0; k < 200; k++) await log.append(HOUR + ((k * 131) % 500), seedOf(k));
    await log.expire(HOUR + 250);
    for (let k = 0; k < 200; k++) {
      const hour = (k * 131) % 500;
      expect(await log.get(HOUR + hour)).toEqual(hour > 250 ? seedOf(k) : undefined);
      expect(flash.image.includes(seedOf(k))).toBe(hour > 250);
    }
  });

  it("shows no record that was not written, whichever single bit flips", async () => {
    const flash = new ModelFlash(3 * SECTOR_BYTES);
    const log = await mountRecords(flash, 3);
    for (let k = 0; k < 3; k++) await log.append(HOUR, seedOf(k));
    const written = [seedOf(0), seedOf(1), seedOf(2)].map((seed) => seed.toString("hex"));
    for (let bit = 0; bit < (11 + 3 * 38) * 8; bit++) {
      const rotten = flash.restarted();
      rotten.image[bit >> 3] = (rotten.image[bit >> 3] as number) ^ (1 << (bit & 7));
      const after = await mountRecords(rotten, 3);
      let read = 0;
      await after.visitRecords(async (_hour, payload) => {
        expect(written).toContain(payload.toString("hex"));
        read++;
      });
      expect(read).toBe(bit < 11 * 8 ? 0 : 2);
    }
  });
});

describe("all logs of a keyfob", () => {
  it("refuse a store that is too small", () => {
    expect(() => new Logs(new ModelFlash(32 * SECTOR_BYTES), noPause)).toThrow(FlashError);
  });

  it("share a 2 MiB store without touching each other, and go together", async () => {
    const flash = new ModelFlash(2 << 20);
    const logs = new Logs(flash, noPause);
    await logs.mount();
    for (let hour = 0; hour < 300; hour++) {
      await logs.seeds.put(HOUR + hour, seedOf(hour));
      await logs.contacts.append(HOUR + hour, Buffer.alloc(12 * 60, hour & 0xff));
      if (hour % 10 === 0) await logs.results.append(HOUR + hour, Buffer.from([hour / 10]));
    }
    await logs.expire(HOUR + 199);
    for (let hour = 0; hour < 300; hour++) {
      const isHeld = hour > 199;
      let rows = 0;
      await logs.contacts.readHour(HOUR + hour, async (part) => {
        rows += part.length / 12;
      });
      expect([rows, await logs.seeds.get(HOUR + hour)]).toEqual(isHeld ? [60, seedOf(hour)] : [0, undefined]);
      if (hour % 10 === 0) expect((await logs.results.get(HOUR + hour))?.[0]).toBe(isHeld ? hour / 10 : undefined);
    }
    expect(logs.failedSectors()).toBe(0);
    await logs.eraseAll();
    expect(flash.image.every((byte) => byte === 0xff)).toBe(true);
  });
});
