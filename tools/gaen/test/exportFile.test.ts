import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readExport } from "../exportFile";
import { parsePublicKey } from "../signature";
import { exportBin, exportSig, lengthDelimited, makeExport, makeKeyPair, number, OID, zipOf } from "./makeExport";

const ONE = makeKeyPair();
const TWO = makeKeyPair();
const KEY = Buffer.alloc(16, 7);
const trusted = { publicKey: ONE.publicKey };

describe("a sample export of Google's server", () => {
  const sample = JSON.parse(readFileSync(new URL("vectors/google-export.json", import.meta.url), "utf8")) as {
    zip: string;
    publicKey: string;
  };
  const archive = Buffer.from(sample.zip, "base64");

  it("is read, and verified with its public key", () => {
    const read = readExport(archive, [{ publicKey: parsePublicKey(sample.publicKey), id: "some_id", version: "1" }]);
    expect(read).toMatchObject({
      region: "US",
      startTimestamp: 1_590_159_600,
      endTimestamp: 1_590_246_000,
      batchNum: 1,
      batchSize: 1,
      isVerified: true,
      signatures: [{ keyId: "some_id", keyVersion: "1", algorithm: OID, verdict: "valid" }],
    });
    expect(read.added.refused).toEqual([]);
    expect(read.added.keys.map(({ key, start, period, risk }) => [key.toString("hex"), start, period, risk])).toEqual([
      ["172fc480e598490c34177604339b1543", 2_649_980, 1, 8],
      ["2b63053ac483238de176169e861f3dcd", 2_649_866, 114, 1],
    ]);
  });

  it("is forged if one byte of it is another", () => {
    const read = readExport(archive, [{ publicKey: ONE.publicKey }]);
    expect(read).toMatchObject({ isVerified: false, signatures: [{ verdict: "invalid" }] });
  });
});

describe("the signatures of an export", () => {
  const keys = [{ key: KEY, start: 2_649_888 }];
  const judged = (signing: object, given = [trusted] as Parameters<typeof readExport>[1]) => {
    const { isVerified, signatures } = readExport(
      makeExport(keys, [{ privateKey: ONE.privateKey, ...signing }]),
      given,
    );
    return { isVerified, verdict: signatures[0]?.verdict, reason: signatures[0]?.reason };
  };

  it("leave it unverified without a key, or with one for another id or version", () => {
    expect(judged({}, [])).toEqual({ isVerified: false, verdict: "unchecked", reason: "no public key was given" });
    for (const other of [{ id: "311" }, { version: "v2" }])
      expect(judged({}, [{ ...trusted, ...other }])).toEqual({
        isVerified: false,
        verdict: "unchecked",
        reason: 'no public key was given for id "310" and version "v1"',
      });
    expect(judged({}, [{ ...trusted, id: "310", version: "v1" }]).isVerified).toBe(true);
  });

  it("are refused, with the reason, if raw r || s or of another algorithm", () => {
    expect(judged({ isRaw: true })).toMatchObject({ isVerified: false, verdict: "refused" });
    expect(judged({ isRaw: true }).reason).toContain("raw r || s of 64 bytes, must be DER");
    for (const algorithm of ["ES256", "ECDSA", "1.2.840.10045.4.3.4", ""])
      expect(judged({ algorithm }).reason).toBe(`algorithm "${algorithm}", must be ${OID} (ECDSA with SHA-256)`);
  });

  it("are two while a health authority changes its key, and either one will do", () => {
    const both = [
      { privateKey: ONE.privateKey, version: "v1" },
      { privateKey: TWO.privateKey, version: "v2" },
    ];
    const archive = makeExport(keys, both);
    for (const [given, verdicts] of [
      [{ publicKey: ONE.publicKey, id: "310", version: "v1" }, ["valid", "unchecked"]],
      [{ publicKey: TWO.publicKey, id: "310", version: "v2" }, ["unchecked", "valid"]],
      [{ publicKey: TWO.publicKey }, ["invalid", "valid"]],
    ] as const) {
      const read = readExport(archive, [given]);
      expect(read.isVerified).toBe(true);
      expect(read.signatures.map(({ verdict }) => verdict)).toEqual(verdicts);
    }
  });

  it("do not fit another file", () => {
    const signing = [{ privateKey: ONE.privateKey }];
    const other = exportBin([{ key: Buffer.alloc(16, 8), start: 1 }], signing);
    const archive = zipOf({ "export.bin": other, "export.sig": exportSig(exportBin(keys, signing), signing) });
    expect(readExport(archive, [trusted])).toMatchObject({ isVerified: false, signatures: [{ verdict: "invalid" }] });
  });

  it.each([
    ["no key", "no key"],
    ["a private key", ONE.privateKey.export({ type: "sec1", format: "pem" }).toString()],
  ])("are not checked with %s", (_, pem) => {
    expect(() => parsePublicKey(pem)).toThrow(/publicKey/);
  });
});

describe("the keys of an export", () => {
  const signing = [{ privateKey: ONE.privateKey }];
  const read = (...parameters: Parameters<typeof makeExport> extends [infer K, ...unknown[]] ? [K] : never) =>
    readExport(makeExport(...parameters, signing), [trusted]);

  it("may be unsorted, start anywhere in the day, be several of one day, and lack what they may lack", () => {
    const wanted = [
      { key: Buffer.alloc(16, 9), start: 2_649_901, period: 17, reportType: 3, onsetDays: -3, risk: 2 },
      { key: Buffer.alloc(16, 1), start: 2_649_901 },
      { key: Buffer.alloc(16, 4), start: 2_649_888, period: 144 },
    ];
    const { added } = read(wanted);
    expect(added).toEqual({
      refused: [],
      keys: [
        { key: Buffer.alloc(16, 9), start: 2_649_901, period: 17, risk: 2, reportType: 3, onsetDays: -3 },
        { key: Buffer.alloc(16, 1), start: 2_649_901, period: 144, risk: 0, reportType: 0, onsetDays: undefined },
        { key: Buffer.alloc(16, 4), start: 2_649_888, period: 144, risk: 0, reportType: 0, onsetDays: undefined },
      ],
    });
  });

  it("are refused one by one, each with its place and reason, and the others are kept", () => {
    const start = 2_649_888;
    const { added } = read([
      { key: Buffer.alloc(15), start },
      { key: KEY, start },
      { key: Buffer.alloc(17), start },
      { key: KEY, start, period: 0 },
      { key: KEY, start, period: 145 },
      { key: KEY, start, period: -1 },
      { key: KEY },
      { key: KEY, start: -5 },
      { key: Buffer.alloc(0), start },
    ]);
    expect(added.keys).toHaveLength(1);
    expect(added.refused).toEqual([
      { index: 0, reason: "key is 15 bytes, must be 16" },
      { index: 2, reason: "key is 17 bytes, must be 16" },
      { index: 3, reason: "rolling period 0, must be 1 to 144 intervals" },
      { index: 4, reason: "rolling period 145, must be 1 to 144 intervals" },
      { index: 5, reason: "rolling period -1, must be 1 to 144 intervals" },
      { index: 6, reason: "has no rolling start interval" },
      { index: 7, reason: "rolling start interval -5 is before 1970" },
      { index: 8, reason: "key is 0 bytes, must be 16" },
    ]);
  });

  it("lose an onset beyond two weeks, which means something else in some systems, and are kept", () => {
    const days = [-15, -14, 14, 15, 3000];
    const { added } = read(days.map((onsetDays, i) => ({ key: Buffer.alloc(16, i), start: 1, onsetDays })));
    expect(added.keys.map(({ onsetDays }) => onsetDays)).toEqual([undefined, -14, 14, undefined, undefined]);
  });

  it("may have fields, and the file entries, of later versions", () => {
    const unknown = Buffer.concat([number(8, 2), lengthDelimited(900, "later"), number(5, 9)]);
    const bin = Buffer.concat([exportBin([{ key: KEY, start: 1, unknown }], signing), lengthDelimited(77, "later")]);
    const entries = {
      "README.txt": Buffer.from("a third entry"),
      "export.sig": exportSig(bin, signing),
      "export.bin": bin,
    };
    const { added, isVerified } = readExport(zipOf(entries), [trusted]);
    expect(isVerified).toBe(true);
    expect(added.keys).toMatchObject([{ key: KEY, start: 1, reportType: 0 }]);
  });

  it("that are known better now stand in a list of their own", () => {
    const archive = makeExport([], signing, [{ key: KEY, start: 1, reportType: 5 }]);
    expect(readExport(archive, []).revised).toMatchObject({ keys: [{ key: KEY, reportType: 5 }], refused: [] });
  });
});

describe("a file that is no export", () => {
  const bin = exportBin([], []);
  const sig = Buffer.alloc(0);

  it.each<[string, Record<string, Uint8Array>, string]>([
    ["without export.sig", { "export.bin": bin }, "zip.directory at offset 0: holds no export.sig"],
    ["with the entries in a folder", { "a/export.bin": bin, "a/export.sig": sig }, "holds no export.bin"],
    ["of another version", { "export.bin": Buffer.from("EK Export v2    "), "export.sig": sig }, "export.header"],
    ["with an empty export.bin", { "export.bin": Buffer.alloc(0), "export.sig": sig }, "export.header"],
    ["with noise", { "export.bin": Buffer.concat([bin, Buffer.alloc(9, 255)]), "export.sig": sig }, "is not protobuf"],
    ["with noise as signature", { "export.bin": bin, "export.sig": Buffer.alloc(9, 255) }, "signatures at offset 0"],
    [
      "with a time that is none",
      {
        "export.bin": Buffer.concat([Buffer.from("EK Export v1    "), Buffer.from("09ffffffffffffffff", "hex")]),
        "export.sig": sig,
      },
      "export.startTimestamp",
    ],
  ])("%s says so", (_, entries, message) => {
    expect(() => readExport(zipOf(entries), [])).toThrow(message);
  });

  it("but half a million empty keys is refused before they are made", () => {
    const body = Buffer.concat([Buffer.from("EK Export v1    "), Buffer.alloc(1_000_002, Buffer.from([0x3a, 0]))]);
    // The compressed file would be caught as a bomb; this one is stored as it is.
    const archive = storedZip({ "export.bin": body, "export.sig": sig });
    expect(() => readExport(archive, [])).toThrow(/export at offset \d+: more than 500000 elements/);
    const many = Buffer.concat(Array.from({ length: 101 }, () => lengthDelimited(1, "")));
    expect(() => readExport(zipOf({ "export.bin": bin, "export.sig": many }), [])).toThrow("more than 100 elements");
  });
});

function storedZip(entries: Record<string, Uint8Array>): Buffer {
  return zipOf(
    Object.fromEntries(Object.entries(entries).map(([name, bytes]) => [name, [bytes, { level: 0 }]])) as never,
  );
}
