import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { programFile } from "../../base/root";
import { generateWire } from "../wire/generate";
import { parseWireSpec } from "../wire/spec";

const PAGE = readFileSync(programFile("services/keyfob.md"), "utf8");

describe("protocol/keyfob", () => {
  it("is what services/keyfob.md says: run `npm run wire` after a change of the page", () => {
    for (const [path, text] of generateWire()) expect(readFileSync(programFile(path), "utf8"), path).toBe(text);
  });

  it("holds nothing else but the version", () => {
    const generated = [...generateWire().keys()].map((path) => path.split("/").at(-1));
    expect(readdirSync(programFile("protocol/keyfob")).sort()).toEqual([...generated, "version.ts"].sort());
  });
});

describe("the page of the keyfob service", () => {
  it.each([
    ["state: StateFlags", "state: u8", "need padding of 1 byte(s) before request"],
    ["| 4 | to u32 |", "| 6 | to u32 |", "record HourRange: offsets and length do not fit"],
    ["(up to 8 in `redacted`), 8 bytes", "(up to 8 in `redacted`), 9 bytes", "record HourRange: offsets and length"],
    ["| 12 | last_sync u32 |", "| 11 | last_sync u32 |", "no report has last_sync at offset 11"],
    ["| 9 | snoozeMinutes |", "| 10 | snoozeMinutes |", "snoozeMinutes: keys are numbered from 1 without a gap"],
    ["| 1 | 1440 | 60 |", "| 1 | 1440 | 0 |", "snoozeMinutes: a default is missing or outside its range"],
    ["| hundredths | 0 | 1000 | 175 |  |  |", "| hundredths | 0 | 1000 | 175 |  | no |", 'weightNear: build is "yes"'],
    ["        seconds: u32\n", "        odd: u8\n        seconds: u32\n", "need padding of 3 byte(s) before seconds"],
    ["        redacted: bytes\n", "        redacted: bytes\n        last: u8\n", "follows a variable-sized field"],
  ])("is refused when it contradicts itself: %j", (found, put, message) => {
    expect(PAGE).toContain(found);
    expect(() => parseWireSpec(PAGE.replace(found, put))).toThrow(message);
  });
});
