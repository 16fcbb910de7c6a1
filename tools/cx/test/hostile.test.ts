import { describe, expect, it } from "vitest";
import { attack } from "./hostile";

const EACH = 1_500;
const SEED = 18;

describe("files of CX from somebody who means harm", () => {
  it(`are refused or read, never more: ${EACH} tampered ones of each kind, drawn with seed ${SEED}`, () => {
    const refused = attack(EACH, SEED);
    expect(refused.reports).toBeGreaterThan(0.9 * EACH);
    expect(refused.publications).toBeGreaterThan(0.7 * EACH);
    expect(refused.contents).toBeGreaterThan(0.5 * EACH);
  });
});
