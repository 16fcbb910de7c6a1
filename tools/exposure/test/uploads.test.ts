import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { hourOfSeconds } from "../../../protocol/base/time";
import {
  CHAFF_NUMBER,
  decodePermissionNumber,
  encodePermissionNumber,
} from "../../../protocol/report/permissionNumber";
import { encodeUploadFile } from "../../../protocol/report/uploadFile";
import type { Core } from "../core";
import { checkUpload } from "../intake/uploads";
import { ENGINES, FakeClock, makeUpload, REGION, START, storage, testCore, uploadBytes } from "./fixtures";
import { raceForNumbers } from "./race";

const NOW_HOUR = hourOfSeconds(START);

describe("An upload file", () => {
  const check = (fields: Parameters<typeof makeUpload>[0], now = START) =>
    checkUpload(encodeUploadFile(makeUpload(fields)), REGION, now);

  it("may end with the hour in progress, and with the next one only within the tolerance of clocks", () => {
    expect(check({ lastHour: NOW_HOUR }).seeds).toHaveLength(24);
    expect(() => check({ lastHour: NOW_HOUR + 1 })).toThrow(/has not begun/);
    const almostNextHour = (NOW_HOUR + 1) * 3600 - 120;
    expect(check({ lastHour: NOW_HOUR + 1 }, almostNextHour).seeds).toHaveLength(24);
    expect(() => check({ lastHour: NOW_HOUR + 1 }, almostNextHour - 60)).toThrow(/has not begun/);
  });

  it("may reach back 90 days, and a day for the way to the counter", () => {
    expect(check({ hours: 2160, lastHour: NOW_HOUR - 24 }).seeds).toHaveLength(2160);
    expect(() => check({ hours: 2160, lastHour: NOW_HOUR - 26 })).toThrow(/older than 90 days/);
  });

  it("must name this service's region first, and no region twice", () => {
    expect(check({ regions: [REGION, "US-NH"] }).regions).toEqual([REGION, "US-NH"]);
    expect(() => check({ regions: ["US-NH", REGION] })).toThrow(/home region is US-NH/);
    expect(() => check({ regions: [REGION, "DE", "DE"] })).toThrow(/named twice/);
  });

  it("must not use one seed for two hours", () => {
    const seed = randomBytes(32);
    expect(() => check({ hours: 2, seeds: [seed, seed] })).toThrow(FormatError);
  });
});

describe.each(ENGINES)("Taking uploads on %s", (engine) => {
  const clock = new FakeClock();
  let core: Core | undefined;
  beforeAll(async () => {
    const where = await storage(engine);
    core = where && (await testCore(where, clock));
  });
  const issue = async () => {
    const [text = ""] = (await core?.permissions.issue("P", 1)) ?? [];
    return decodePermissionNumber(text);
  };

  it("lets exactly one of fifty simultaneous uploads spend a number", async () => {
    if (core !== undefined) expect(await raceForNumbers(core, 5, 50)).toEqual(Array(5).fill(1));
  });

  it("gives the same answer again for a day, to the client that has the receipt and the very same file", async ({
    skip,
  }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const [number, receipt, file] = [await issue(), randomBytes(16), uploadBytes()];
    const before = await core.uploads.waiting();
    expect(await core.uploads.take(number, receipt, file)).toBe("accepted");
    clock.advance({ hours: 24 });
    await core.uploads.sweep();
    expect(await core.uploads.take(number, receipt, file)).toBe("accepted");
    expect(await core.uploads.take(number, randomBytes(16), file)).toBe("refused");
    expect(await core.uploads.take(number, receipt, uploadBytes())).toBe("refused");
    expect(await core.uploads.waiting()).toBe(before + 1);
    clock.advance({ days: 2 });
    await core.uploads.sweep();
    expect(await core.uploads.take(number, receipt, file)).toBe("refused");
  });

  it("accepts fifty retries of one upload at once and keeps it once", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const [number, receipt, file] = [await issue(), randomBytes(16), uploadBytes()];
    const before = await core.uploads.waiting();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => core?.uploads.take(number, receipt, file)));
    expect(new Set(outcomes)).toEqual(new Set(["accepted"]));
    expect(await core.uploads.waiting()).toBe(before + 1);
  });

  it("accepts chaff and keeps nothing of it", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const before = await core.uploads.waiting();
    const receiptsBefore = await core.database.query("select count(*) as n from receipt");
    expect(encodePermissionNumber(CHAFF_NUMBER)).toBe("00000-00000-00000-00000-00000-00");
    expect(await core.uploads.take(CHAFF_NUMBER, randomBytes(16), uploadBytes())).toBe("accepted");
    expect(await core.uploads.waiting()).toBe(before);
    expect(await core.database.query("select count(*) as n from receipt")).toEqual(receiptsBefore);
  });

  it("refuses what is no number at all as it refuses an unknown one", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    expect(await core.uploads.take(undefined, randomBytes(16), uploadBytes())).toBe("refused");
    expect(await core.uploads.take(randomBytes(16), randomBytes(16), uploadBytes())).toBe("refused");
  });
});
