import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { attack } from "./hostile";

const EACH = 35_000;
/** Chosen anew in each run, and printed, so that what fails can be run again. */
const SEED = Number(process.env.CX_HOSTILE_SEED ?? randomInt(2 ** 31));
const MEGABYTE = 1024 * 1024;

describe("files of CX from somebody who means harm", () => {
  it(`are refused or read, never more, in bounded memory: 105,000 tampered ones (CX_HOSTILE_SEED=${SEED})`, () => {
    const before = process.memoryUsage().rss;
    const refused = attack(EACH, SEED);
    expect(refused.reports).toBeGreaterThan(0.9 * EACH);
    expect(refused.publications).toBeGreaterThan(0.7 * EACH);
    expect(refused.contents).toBeGreaterThan(0.5 * EACH);
    expect(process.memoryUsage().rss - before).toBeLessThan(500 * MEGABYTE);
  }, 300_000);
});
