import { describe, expect, it } from "vitest";
import { SECTOR_BYTES } from "../board/flashStore";
import { Logs } from "../log/logs";
import { HOUR, mountContacts, noPause, RowMaker } from "./logRig";
import { ModelFlash } from "./modelFlash";

/** DeviceScript sends a packet every 20 ms. */
const PACKET_MS = 20;

/** Bytes of flash that a row takes when `perHour` come in an hour, `late` of a batch's rows being of the hour before. */
async function bytesPerRow(perHour: number, isInterleaved: boolean): Promise<number> {
  const flash = new ModelFlash(64 * SECTOR_BYTES);
  const log = await mountContacts(flash);
  const make = new RowMaker();
  const used = (): number => flash.wear.filter((erases) => erases > 0).length;
  let rows = 0;
  for (let minute = 60; used() < 63; minute++) {
    const hour = HOUR + Math.floor(minute / 60);
    const isEdge = isInterleaved && minute % 60 < 13;
    for (let i = 0; i < perHour / 60; i += 1) {
      await log.append(isEdge && i % 2 === 0 ? hour - 1 : hour, make.rows(1));
      rows++;
    }
  }
  return (62 * SECTOR_BYTES) / rows;
}

describe("the contact log's space", () => {
  for (const perHour of [60, 600, 3000])
    it(`is at most 13 bytes a row at ${perHour} rows an hour, in order or not`, async () => {
      expect(await bytesPerRow(perHour, false)).toBeLessThanOrEqual(12.81);
      expect(await bytesPerRow(perHour, true)).toBeLessThanOrEqual(12.81);
    });

  it("is enough for 150,000 rows beside seeds and results in 2 MiB, worn evenly and mounted in under 2 s", async () => {
    const flash = new ModelFlash(2 << 20);
    const logs = new Logs(flash, noPause);
    await logs.mount();
    const make = new RowMaker();
    for (let hour = 0; hour < 500; hour++) {
      await logs.seeds.put(HOUR + hour, Buffer.alloc(32, hour));
      for (let minute = 0; minute < 60; minute += 5) await logs.contacts.append(HOUR + hour, make.rows(100));
    }
    const restarted = flash.restarted();
    const after = new Logs(restarted, noPause);
    await after.mount();
    expect(restarted.packets * PACKET_MS).toBeLessThan(1000);
    let held = 0;
    let hoursHeld = 0;
    for (let hour = 0; hour < 500; hour++) {
      const before = held;
      await after.contacts.readHour(HOUR + hour, async (rows) => {
        held += rows.length / 12;
      });
      if (held > before) hoursHeld++;
    }
    expect(held).toBeGreaterThanOrEqual(150_000);
    expect(hoursHeld).toBeLessThanOrEqual(130);
    const contacts = flash.wear.slice(30);
    const mean = contacts.reduce((sum, erases) => sum + erases, 0) / contacts.length;
    expect(Math.max(...contacts)).toBeLessThanOrEqual(2 * mean);
  });

  it("lets one hour of 2 MiB be found without reading the others", async () => {
    const flash = new ModelFlash(2 << 20);
    const log = await mountContacts(flash);
    const make = new RowMaker();
    for (let hour = 0; hour < 2000; hour++) await log.append(HOUR + hour, make.rows(70));
    const after = await mountContacts(flash);
    const before = flash.packets;
    let rows = 0;
    await after.readHour(HOUR + 1000, async (part) => {
      rows += part.length / 12;
    });
    expect(rows).toBe(70);
    expect(flash.packets - before).toBeLessThanOrEqual(10);
    await after.readHour(HOUR + 3000, async () => {});
    expect(flash.packets - before).toBeLessThanOrEqual(10);
  });
});
