import { afterEach, describe, expect, it } from "vitest";
import { clipHours, mergeHours } from "../../desk/hours";
import { formatHours, parseLocalHours } from "../localTime";

const zone = process.env.TZ;
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** Hours since 1970 of a UTC time. */
const utc = (text: string) => Date.parse(`${text}Z`) / 3_600_000;
const hours = (text: string) => parseLocalHours("--redact", text);

describe("a range of local times", () => {
  it("covers every UTC hour that it touches", () => {
    process.env.TZ = "America/New_York";
    expect(hours("2026-11-20T18:00..2026-11-20T22:30")).toEqual({
      from: utc("2026-11-20T23:00"),
      to: utc("2026-11-21T04:00"),
    });
    expect(hours("2026-11-20T18:59..19:01")).toEqual({ from: utc("2026-11-20T23:00"), to: utc("2026-11-21T01:00") });
  });

  it("covers half-hour zones without letting a minute slip", () => {
    process.env.TZ = "Asia/Kolkata";
    expect(hours("2026-11-20T18:00..19:00")).toEqual({ from: utc("2026-11-20T12:00"), to: utc("2026-11-20T14:00") });
  });

  it("means whole days where only dates are given, on the days of changing clocks too", () => {
    process.env.TZ = "America/New_York";
    expect(hours("2026-11-01").to - hours("2026-11-01").from).toBe(25);
    expect(hours("2026-03-08").to - hours("2026-03-08").from).toBe(23);
    expect(hours("2026-11-18..2026-11-20")).toEqual({ from: utc("2026-11-18T05:00"), to: utc("2026-11-21T05:00") });
    expect(hours("2026-11-18T10:00..2026-11-19").to).toBe(utc("2026-11-20T05:00"));
  });

  it("may be written with a space, with 24:00, and with spaces around the dots", () => {
    process.env.TZ = "UTC";
    expect(hours("2026-11-20 18:00 .. 24:00")).toEqual({ from: utc("2026-11-20T18:00"), to: utc("2026-11-21T00:00") });
  });

  it.each([
    "",
    "yesterday",
    "2026-11-20T18:00",
    "2026-13-01",
    "2026-02-30",
    "2026-11-20T25:00..26:00",
    "18:00..19:00",
    "2026-11-20..2026-11-21..2026-11-22",
    "2026-11-20T18:00..17:00",
    "2026-11-20T18:00..18:00",
  ])("is refused when it is %j", (text) => {
    expect(() => hours(text)).toThrow(/--redact/);
  });
});

describe("ranges of hours", () => {
  it("are joined where they touch or overlap, and cut to the window", () => {
    const merged = mergeHours([
      { from: 20, to: 30 },
      { from: 1, to: 5 },
      { from: 5, to: 7 },
      { from: 22, to: 25 },
    ]);
    expect(merged).toEqual([
      { from: 1, to: 7 },
      { from: 20, to: 30 },
    ]);
    expect(clipHours(merged, { from: 6, to: 21 })).toEqual([
      { from: 6, to: 7 },
      { from: 20, to: 21 },
    ]);
    expect(clipHours(merged, { from: 7, to: 20 })).toEqual([]);
  });

  it("are written in local time", () => {
    process.env.TZ = "America/New_York";
    expect(formatHours({ from: utc("2026-11-20T23:00"), to: utc("2026-11-21T04:00") })).toBe(
      "Fri, 20 Nov 2026, 18:00 to Fri, 20 Nov 2026, 23:00",
    );
  });
});
