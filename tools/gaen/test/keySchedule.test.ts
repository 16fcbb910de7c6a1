import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeGaenFrame, encodeGaenFrame, openAem, sealAem } from "../../../protocol/beacon/gaen";
import { expandDay, KeySchedule } from "../keySchedule";

interface Vectors {
  readonly enin0: number;
  readonly tek: string;
  readonly rpik: string;
  readonly aemk: string;
  readonly data: readonly { readonly rpi: string; readonly aem: string }[];
}

const VECTORS = JSON.parse(
  readFileSync(new URL("../../../protocol/test/vectors/gaen-v1.2.json", import.meta.url), "utf8"),
) as Vectors;
const TEK = Buffer.from(VECTORS.tek, "hex");

describe("the published vectors of specification v1.2", () => {
  const day = expandDay(TEK, VECTORS.enin0);
  const schedule = new KeySchedule(TEK);

  it("give the two keys of their TEK", () => {
    expect(schedule.rpik.toString("hex")).toBe(VECTORS.rpik);
    expect(schedule.aemk.toString("hex")).toBe(VECTORS.aemk);
  });

  it("give every RPI and every encrypted metadata of the day", () => {
    const made = VECTORS.data.map((_, i) => ({
      rpi: day.rpis.toString("hex", i * 16, (i + 1) * 16),
      aem: sealAem(8, day.keystreams.subarray(i * 16, i * 16 + 4)).toString("hex"),
    }));
    expect(made).toHaveLength(144);
    expect(made).toEqual(VECTORS.data);
  });

  it("are opened with their TEK: interval, version and transmit power of each frame, in both layouts", () => {
    for (const [i, { rpi, aem }] of VECTORS.data.entries())
      for (const hasFlags of [true, false]) {
        const advData = encodeGaenFrame(Buffer.from(rpi, "hex"), Buffer.from(aem, "hex"), hasFlags);
        const frame = decodeGaenFrame(advData);
        expect(schedule.intervalOf(frame.rpi)).toBe(VECTORS.enin0 + i);
        const metadata = openAem(frame.aem, schedule.keystreamOf(frame.rpi));
        expect(metadata).toEqual({ majorVersion: 1, minorVersion: 0, calibration: 0, txPower: 8 });
      }
  });
});

describe("a key schedule", () => {
  it("does not know the identifiers of another key", () => {
    const stranger = expandDay(Buffer.alloc(16, 1), VECTORS.enin0).rpis.subarray(0, 16);
    expect(new KeySchedule(TEK).intervalOf(stranger)).toBeUndefined();
  });

  it("makes the identifiers of the last interval that a u32 holds, and refuses the one after it", () => {
    const schedule = new KeySchedule(TEK);
    const { rpis } = schedule.expand(0xffffffff, 1);
    expect(schedule.intervalOf(rpis)).toBe(0xffffffff);
    expect(() => schedule.expand(0xffffffff, 2)).toThrow(/gaen.interval/);
    expect(() => schedule.expand(-1, 1)).toThrow(/gaen.interval/);
  });

  it.each([0, 15, 17, 32])("refuses a key of %i bytes", (length) => {
    expect(() => new KeySchedule(Buffer.alloc(length))).toThrow(/gaen.tek .*must be 16/);
  });
});
