import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sharedFile } from "../../test/tools";
import { sha256 } from "../../tools/base/sha256";
import { chirpOf } from "../beacon/chirp";
import { decodeFrame, encodeFrame, TEST_COMPANY } from "../beacon/frame";
import { decodeRow, openMetadata, sealRow } from "../log/contactRow";
import { VECTORS } from "./caseList";

describe("the published vectors", () => {
  const shared = sharedFile("vectors/pact-v1.json");
  it.skipIf(!shared)("are the design's, unchanged", () => {
    expect(VECTORS).toEqual(JSON.parse(readFileSync(shared ?? "", "utf8")));
  });

  it("are not empty", () => {
    expect(VECTORS.length).toBeGreaterThanOrEqual(10);
  });

  it.each(VECTORS)("derive, carry, seal and open the chirp of seed $seed at minute $t", (vector) => {
    const chirp = chirpOf(sha256, Buffer.from(vector.seed, "hex"), vector.t);
    expect(chirp.toString("hex")).toBe(vector.chirp);

    for (const [age, expected, kind] of [
      [0, vector.direct, "direct"],
      [7, vector.repeatedAge7, "repeated"],
    ] as const) {
      const { advA, advData } = encodeFrame(chirp, vector.txPower, age, TEST_COMPANY);
      expect({ advA: advA.toString("hex"), advData: advData.toString("hex") }).toEqual(expected);
      expect(decodeFrame(advA, advData, TEST_COMPANY)).toEqual({ kind, chirp, txPower: vector.txPower, age });
    }

    const { rssi, delay, hearings } = vector.row;
    const metadata = { maxRssi: rssi, txPower: vector.txPower, delay, hearings };
    const row = decodeRow(sealRow(sha256, chirp, vector.t, metadata));
    expect(row.tag.toString("hex")).toBe(vector.row.tag);
    expect(row.minuteInHour).toBe(vector.row.minute);
    expect(row.sealed.toString("hex")).toBe(vector.row.sealed);
    expect(openMetadata(sha256, row.sealed, chirp, vector.t)).toEqual(metadata);
  });
});
