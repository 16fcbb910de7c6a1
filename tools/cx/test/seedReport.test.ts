import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CX_VECTORS, spkiOf } from "../../../protocol/test/cxCaseList";
import { CxError } from "../der";
import { calculateSeed, MAX_REPORT_BYTES, readSeedReport, type SeedToReport, writeSeedReport } from "../seedReport";
import { outcomeOf } from "./hostile";

const VECTORS = CX_VECTORS.seedReports;

function keyOf(name: string): KeyObject {
  return createPrivateKey({
    key: Buffer.from(CX_VECTORS.keys[name]?.pkcs8 ?? "", "hex"),
    format: "der",
    type: "pkcs8",
  });
}

function toReport(type: number, preseed: string, key: string): SeedToReport {
  return { generatorType: type, preseed: Buffer.from(preseed, "hex"), publicKey: spkiOf(key), privateKey: keyOf(key) };
}

function reasonOf(bytes: Buffer): string {
  const outcome = outcomeOf(() => readSeedReport(bytes));
  return outcome instanceof CxError ? outcome.reason : "valid";
}

describe("reading seed reports", () => {
  it.each(VECTORS)(
    "judges the vector '$name' as the specification does",
    ({ der, valid, publisherName, challenge, seeds }) => {
      const bytes = Buffer.from(der, "hex");
      if (!valid) {
        expect(() => readSeedReport(bytes)).toThrow(CxError);
        return;
      }
      const report = readSeedReport(bytes);
      if (publisherName !== undefined) expect(report.publisherName).toBe(publisherName);
      if (challenge !== undefined) expect(report.challenge).toBe(challenge);
      if (seeds !== undefined) expect(report.seeds.map(({ seed }) => seed.toString("hex"))).toEqual(seeds);
    },
  );

  it("says why it refuses", () => {
    const reasons = Object.fromEntries(
      VECTORS.filter(({ valid }) => !valid).map(({ name, der }) => [name, reasonOf(Buffer.from(der, "hex"))]),
    );
    expect(reasons).toEqual({
      "a preseed changed": "signature",
      "the publisher's name changed": "signature",
      "a signature too many": "format",
      "algorithm replaced by sha512WithRSA": "signature",
      "one byte more": "format",
      "no descriptors": "format",
      "generator type 7": "generator type",
    });
  });

  it("names extensions that it does not know, and passes them over", () => {
    const vector = VECTORS.find(({ name }) => name === "with an extension");
    expect(readSeedReport(Buffer.from(vector?.der ?? "", "hex")).unknownExtensions).toHaveLength(1);
  });

  it("refuses a weak key, however right its signature", () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const weak = {
      ...toReport(1, "00".repeat(24), "ED1"),
      publicKey: publicKey.export({ format: "der", type: "spki" }),
    };
    expect(() => writeSeedReport("P", "1234", [{ ...weak, privateKey }])).toThrow(RangeError);
  });

  it("refuses a report that is larger than any honest one", () => {
    expect(reasonOf(Buffer.alloc(MAX_REPORT_BYTES + 1, 0x30))).toBe("format");
  });
});

describe("writing seed reports", () => {
  it.each(VECTORS.filter(({ deterministic }) => deterministic))("gives the bytes of the vector '$name'", (vector) => {
    const seeds = (vector.descriptors ?? []).map(({ type, preseed, key }) => toReport(type, preseed, key));
    const written = writeSeedReport(vector.publisherName ?? "", vector.challenge ?? "", seeds);
    expect(written.toString("hex")).toBe(vector.der);
  });

  it.each([
    ["ec", { namedCurve: "prime256v1" }],
    ["ec", { namedCurve: "secp384r1" }],
    ["ed25519", {}],
    ["rsa", { modulusLength: 2048 }],
  ])("signs with keys of kind %s %o, and says days and counts where they are known", (kind, options) => {
    const { publicKey, privateKey } = (
      generateKeyPairSync as (k: string, o: object) => { publicKey: KeyObject; privateKey: KeyObject }
    )(kind, options);
    const spki = publicKey.export({ format: "der", type: "spki" });
    const preseeds = [randomBytes(24), randomBytes(24)];
    const uses = [
      { iterations: 96, day: 20_777 },
      { iterations: 12, day: 20_778 },
    ];
    const report = readSeedReport(
      writeSeedReport(
        "Gesundheitsamt Ä",
        "1234 5678",
        preseeds.map((preseed, i) => ({ generatorType: 1, preseed, publicKey: spki, privateKey, use: uses[i] })),
      ),
    );
    expect(report.publisherName).toBe("Gesundheitsamt Ä");
    expect(report.unknownExtensions).toEqual([]);
    expect(report.seeds.map(({ use }) => use)).toEqual(uses);
    expect(report.seeds.map(({ seed }) => seed)).toEqual(preseeds.map((preseed) => calculateSeed(1, preseed, spki)));
  });

  it("refuses to leave days and counts out for some seeds only", () => {
    const seed = toReport(1, "00".repeat(24), "ED1");
    expect(() => writeSeedReport("P", "1", [seed, { ...seed, use: { iterations: 1, day: 1 } }])).toThrow(RangeError);
    expect(() => writeSeedReport("P", "1", [])).toThrow(RangeError);
  });
});
