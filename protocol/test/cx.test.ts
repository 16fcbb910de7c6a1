import { createCipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sharedFile } from "../../test/tools";
import { sha256 } from "../../tools/base/sha256";
import { FormatError } from "../base/formatError";
import { decodeCxFrame, encodeCxFrame } from "../beacon/cx";
import { ContactIdGenerator, isGeneratorType, SeedCalculation } from "../beacon/cxGenerator";
import { TEST_COMPANY } from "../beacon/pact";
import { Aes } from "../crypto/aes";
import { CtrDrbg, CtrDrbgInstantiation } from "../crypto/ctrDrbg";
import { decodeCxRow, openCxMetadata, sealCxRow } from "../log/cxRow";
import * as arb from "./arbitraries";
import { AES_ANSWERS, AES_TEXT, CX_VECTORS, counting, cxFrame, placesOf, spkiOf } from "./cxCaseList";

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

function uuid(id: Buffer): string {
  return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function calculateSeed(type: number, preseed: Buffer, publicKey: Buffer): string {
  const calculation = new SeedCalculation(type, preseed, publicKey);
  while (calculation.step());
  return calculation.seed().toString("hex");
}

describe("the vectors of CX", () => {
  const shared = sharedFile("vectors/cx-v1.json");
  it.skipIf(!shared)("are the published and derived ones, unchanged", () => {
    expect(CX_VECTORS).toEqual(JSON.parse(readFileSync(shared ?? "", "utf8")));
  });

  it.each(CX_VECTORS.generator)("make the identifiers of $name, 2,048 of them, and no more", (vector) => {
    const generator = new ContactIdGenerator(vector.type, hex(vector.seed));
    const ids = Array.from({ length: 2048 }, () => generator.next());
    for (const place of placesOf(vector.ids)) expect(uuid(ids[place] as Buffer)).toBe(vector.ids[place]);
    expect(sha256(Buffer.concat(ids)).toString("hex")).toBe(vector.sha256OfAll2048);
    expect(() => generator.next()).toThrow(/2048 identifiers, and no more/);
  });

  it.each(CX_VECTORS.generatorRefused)("refuse type $type with a seed of $seedBytes bytes", ({ type, seedBytes }) => {
    expect(() => new ContactIdGenerator(type, Buffer.alloc(seedBytes))).toThrow(FormatError);
  });

  it.each(CX_VECTORS.seedCalculator)("calculate the seed of $name", ({ type, preseed, key, seed }) => {
    expect(calculateSeed(type, hex(preseed), spkiOf(key))).toBe(seed);
  });

  it.each(CX_VECTORS.drbg)("give the DRBG's first output: $name", ({ entropy, nonce, personalization, output }) => {
    const instantiation = new CtrDrbgInstantiation(16, hex(entropy), hex(nonce), hex(personalization));
    while (instantiation.step());
    expect(
      instantiation
        .result()
        .generate(output.length / 2)
        .toString("hex"),
    ).toBe(output);
  });

  it.each(CX_VECTORS.drbgSteps)("step the DRBG from a given state: $name", ({ key, v, output, keyAfter, vAfter }) => {
    const state = hex(key + v);
    expect(new CtrDrbg(state).generate(16).toString("hex")).toBe(output);
    expect(state.toString("hex")).toBe(keyAfter + vAfter);
  });
});

describe("AES", () => {
  it.each(AES_ANSWERS)("encrypts FIPS 197's example for keys of $keyBytes bytes", ({ keyBytes, output }) => {
    const block = Buffer.from(AES_TEXT);
    const aes = new Aes(keyBytes);
    aes.setKey(counting(keyBytes), 0);
    aes.encryptBlock(block, 0);
    expect(block.toString("hex")).toBe(output);
  });

  it.each([16, 32])(
    "agrees with OpenSSL for keys of %i bytes, one cipher under one key after the other",
    (keyBytes) => {
      const aes = new Aes(keyBytes);
      fc.assert(
        fc.property(arb.bytes(keyBytes), arb.bytes(16), (key, text) => {
          const cipher = createCipheriv(keyBytes === 16 ? "aes-128-ecb" : "aes-256-ecb", key, null).setAutoPadding(
            false,
          );
          const expected = cipher.update(text);
          aes.setKey(key, 0);
          aes.encryptBlock(text, 0);
          expect(text.equals(expected)).toBe(true);
        }),
        { numRuns: 500, seed: 197 },
      );
    },
  );

  it("refuses keys of other lengths", () => {
    for (const length of [0, 15, 24, 33]) expect(() => new Aes(length)).toThrow(/must be 16 or 32/);
  });
});

describe("a DRBG", () => {
  it("gives other bytes in two short calls than in one long one: each call ends with a new key", () => {
    const state = () => Buffer.alloc(32, 5);
    const one = new CtrDrbg(state()).generate(32);
    const two = new CtrDrbg(state());
    expect(two.generate(16)).toEqual(one.subarray(0, 16));
    expect(two.generate(16)).not.toEqual(one.subarray(16));
  });

  it("is not there before the last step of its instantiation", () => {
    const instantiation = new CtrDrbgInstantiation(16, Buffer.alloc(16), Buffer.alloc(8), Buffer.alloc(0));
    instantiation.step();
    expect(() => instantiation.result()).toThrow(/before its last step/);
  });
});

describe("a CX frame", () => {
  const id = hex("aeaa089103d8400cbeb0046a2dab8522");

  it("is the specification's example, 24 bytes under an address that follows from the identifier", () => {
    const { advA, advData } = encodeCxFrame(sha256, id, -8, TEST_COMPANY);
    expect(advA.toString("hex")).toBe("1e8382d31935");
    expect(advData.toString("hex")).toBe("17ffffff435808f8aeaa089103d8400cbeb0046a2dab8522");
    expect(decodeCxFrame(advA, advData, TEST_COMPANY)).toEqual({ id, txPower: -8 });
  });

  it("comes back from the air as it was sent", () => {
    fc.assert(
      fc.property(cxFrame, (frame) => {
        const { id: heard, txPower } = decodeCxFrame(frame.subarray(0, 6), frame.subarray(6), TEST_COMPANY);
        const { advA, advData } = encodeCxFrame(sha256, heard, txPower, TEST_COMPANY);
        expect(Buffer.concat([advA, advData]).equals(frame)).toBe(true);
      }),
      { numRuns: 300, seed: 8 },
    );
  });

  it.each([
    [0, 0x1e, "header"],
    [2, 0x4c, "header"],
    [4, 0x50, "magic"],
    [6, 0x10, "ctl"],
    [14, 0x10, "id"],
    [16, 0x00, "id"],
  ])("is refused with byte %i as 0x%x: cxFrame.%s", (at, value, field) => {
    const { advA, advData } = encodeCxFrame(sha256, id, -8, TEST_COMPANY);
    advData[at] = value;
    expect(() => decodeCxFrame(advA, advData, TEST_COMPANY)).toThrow(`cxFrame.${field}`);
  });

  it("is refused under an address that others could resolve or recognise, and to a power that is no i8", () => {
    const { advA, advData } = encodeCxFrame(sha256, id, -8, TEST_COMPANY);
    for (const bits of [0x40, 0x80, 0xc0]) {
      const other = Buffer.from(advA);
      other[0] = (other[0] as number) | bits;
      expect(() => decodeCxFrame(other, advData, TEST_COMPANY)).toThrow("cxFrame.advA");
    }
    expect(() => encodeCxFrame(sha256, id, 128, TEST_COMPANY)).toThrow("cxFrame.txPower");
  });
});

describe("a CX row", () => {
  const id = hex("aeaa089103d8400cbeb0046a2dab8522");
  const metadata = { maxRssi: -61, txPower: -8, minutes: 12, hearings: 15 };

  it("is the specification's example, with the kind in the minute's top bits", () => {
    const row = sealCxRow(sha256, id, 26_439_840, metadata);
    expect(row.toString("hex")).toBe("aeaa089103d8400c80bba8f1");
    const { tag, minuteInHour, sealed } = decodeCxRow(row);
    expect(tag).toEqual(id.subarray(0, 8));
    expect(minuteInHour).toBe(0);
    expect(openCxMetadata(sha256, sealed, id, 26_439_840)).toEqual(metadata);
  });

  it("keeps no byte of the identifier's second half, which alone opens it", () => {
    const other = Buffer.from(id);
    other[15] = (other[15] as number) ^ 1;
    const { sealed } = decodeCxRow(sealCxRow(sha256, id, 26_439_840, metadata));
    expect(openCxMetadata(sha256, sealed, other, 26_439_840)).not.toEqual(metadata);
    expect(openCxMetadata(sha256, sealed, id, 26_439_841)).not.toEqual(metadata);
  });

  it("holds at most 15 minutes and hearings, and is refused as a row of another beacon or minute", () => {
    const row = sealCxRow(sha256, id, 26_439_899, { ...metadata, minutes: 16, hearings: 99 });
    expect(openCxMetadata(sha256, decodeCxRow(row).sealed, id, 26_439_899)).toEqual({ ...metadata, minutes: 15 });
    for (const [minute, field] of [
      [0x00, "kind"],
      [0x40, "kind"],
      [0xc0, "kind"],
      [0xbc, "minute"],
    ] as const) {
      row[8] = minute;
      expect(() => decodeCxRow(row)).toThrow(`cxRow.${field}`);
    }
  });
});

describe("generator types", () => {
  it("are 1 and 2", () => {
    expect([0, 1, 2, 3, -1].map(isGeneratorType)).toEqual([false, true, true, false, false]);
  });
});
