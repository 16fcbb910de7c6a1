import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sharedFile } from "../../test/tools";
import { sha256 } from "../../tools/base/sha256";
import { chirpOf } from "../beacon/chirp";
import { decodeFindMyFrame } from "../beacon/findMy";
import { decodeChirpFrame, encodeChirpFrame, TEST_COMPANY } from "../beacon/pact";
import { Beacon } from "../beacon/sighting";
import { decodeRow, openMetadata, sealRow } from "../log/contactRow";
import { BEACON_VECTORS, VECTORS } from "./caseList";

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

    for (const [age, expected] of [
      [0, vector.direct],
      [7, vector.repeatedAge7],
    ] as const) {
      const { advA, advData } = encodeChirpFrame(chirp, vector.txPower, age, TEST_COMPANY);
      expect({ advA: advA.toString("hex"), advData: advData.toString("hex") }).toEqual(expected);
      expect(decodeChirpFrame(advA, advData, TEST_COMPANY)).toEqual({
        kind: Beacon.Pact,
        id: chirp,
        txPowerDbm: vector.txPower,
        age,
      });
    }

    const { rssi, delay, hearings } = vector.row;
    const metadata = { maxRssi: rssi, txPower: vector.txPower, delay, hearings };
    const row = decodeRow(sealRow(sha256, Beacon.Pact, chirp, vector.t, metadata));
    expect(row.tag.toString("hex")).toBe(vector.row.tag);
    expect(row.minuteInHour).toBe(vector.row.minute);
    expect(row.sealed.toString("hex")).toBe(vector.row.sealed);
    expect(openMetadata(sha256, Beacon.Pact, row.sealed, chirp, vector.t)).toEqual(metadata);
  });

  it.each(BEACON_VECTORS)("seal and open the row of identifier $id of kind $kind at minute $originMinute", (vector) => {
    const { kind, originMinute, frame } = vector;
    const id = Buffer.from(vector.id, "hex");
    const { bytes, ...metadata } = vector.row;
    expect(sealRow(sha256, kind, id, originMinute, metadata).toString("hex")).toBe(bytes);
    const row = decodeRow(Buffer.from(bytes, "hex"));
    expect([row.kind, row.minuteInHour]).toEqual([kind, originMinute % 60]);
    expect(openMetadata(sha256, kind, row.sealed, id, originMinute)).toEqual(metadata);
    if (frame)
      expect(decodeFindMyFrame(Buffer.from(frame.advA, "hex"), Buffer.from(frame.advData, "hex"))).toEqual({
        kind,
        id,
        txPowerDbm: 0,
        age: 0,
      });
  });
});
