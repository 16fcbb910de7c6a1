import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../protocol/base/formatError";
import { hasTool } from "../../../test/tools";
import { signBatch, verifyBatch } from "../batchSignature";
import { decodeBatch, type EfgsKey, encodeBatch, parseBatchTag } from "../efgsBatch";
import { lengthDelimited, number } from "./makeExport";

const KEYS: EfgsKey[] = [9, 1, 5].map((i) => ({
  key: Buffer.alloc(16, i),
  start: 2_649_888 + i,
  period: 144,
  risk: i,
  reportType: 1,
  onsetDays: i === 5 ? undefined : -i,
  origin: "DE",
  visitedCountries: i === 9 ? ["FR", "IT"] : [],
}));

describe("a batch", () => {
  it("comes back as it was", () => {
    const { bytes, signingBytes } = encodeBatch(KEYS);
    expect(decodeBatch(bytes)).toEqual({ keys: KEYS, refused: [], signingBytes });
  });

  it("is signed over every field in base64, keys sorted by the base64 of their whole text", () => {
    const text = encodeBatch(KEYS).signingBytes.toString("latin1");
    const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
    const of = (i: number, onset: string, countries: string) =>
      [
        base64(i.toString(16).padStart(2, "0").repeat(16)),
        base64((2_649_888 + i).toString(16).padStart(8, "0")),
        base64("00000090"),
        base64(i.toString(16).padStart(8, "0")),
        Buffer.from(countries).toString("base64"),
        "REU=",
        base64("00000001"),
        base64(onset),
        "",
      ].join(".");
    // By their keys it would be 1, 5, 9.
    expect(text).toBe(of(9, "fffffff7", "FR,IT") + of(1, "ffffffff", "") + of(5, "00000fa0", ""));
    expect(encodeBatch([...KEYS].reverse()).signingBytes.toString("latin1")).toBe(text);
  });

  it("refuses keys one by one, and is signed over them all", () => {
    const odd = [
      Buffer.concat([lengthDelimited(1, Buffer.alloc(15)), number(2, 1), number(3, 144), lengthDelimited(6, "DE")]),
      Buffer.concat([lengthDelimited(1, Buffer.alloc(16)), number(2, 1), number(3, 145), lengthDelimited(6, "DE")]),
      Buffer.concat([
        lengthDelimited(1, Buffer.alloc(16)),
        number(2, 1),
        number(3, 144),
        lengthDelimited(6, "Germany"),
      ]),
      Buffer.concat([
        lengthDelimited(1, Buffer.alloc(16)),
        number(2, 1),
        number(3, 144),
        lengthDelimited(6, "DE"),
        lengthDelimited(5, "x"),
      ]),
      Buffer.concat([
        lengthDelimited(1, Buffer.alloc(16)),
        number(2, 1),
        number(3, 144),
        lengthDelimited(6, "DE"),
        number(7, 99),
        number(99, 1),
      ]),
    ];
    const read = decodeBatch(Buffer.concat(odd.map((key) => lengthDelimited(1, key))));
    expect(read.refused).toEqual([
      { index: 0, reason: "key is 15 bytes, must be 16" },
      { index: 1, reason: "rolling period 145, must be 1 to 144 intervals" },
      { index: 2, reason: "origin is no country code of two capital letters" },
      { index: 3, reason: "a visited country is no code of two capital letters" },
    ]);
    expect(read.keys).toMatchObject([{ reportType: 0 }]);
    expect(read.signingBytes.toString("latin1").split(".")).toHaveLength(5 * 8 + 1);
  });

  it("has at most 5,000 keys, counted before they are made", () => {
    const many = Array.from({ length: 5_001 }, () => KEYS[0] as EfgsKey);
    expect(() => encodeBatch(many)).toThrow("5001 keys");
    expect(() => decodeBatch(Buffer.alloc(10_002, Buffer.from([0x0a, 0])))).toThrow("more than 5000 keys");
    expect(() => decodeBatch(Buffer.alloc(4 * 1024 * 1024 + 1))).toThrow("must be at most 4194304");
    expect(() => decodeBatch(Buffer.alloc(3, 0xff))).toThrow("is not protobuf");
  });

  it("has a tag of letters and digits", () => {
    expect(parseBatchTag("20201119-1")).toBe("20201119-1");
    for (const bad of ["", "a b", "../x", "x".repeat(65), "ü"]) expect(() => parseBatchTag(bad)).toThrow("batchTag");
  });
});

describe.skipIf(!hasTool("openssl"))("a batch's signature", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-efgs-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const signer = (name: string, subject: string) => {
    openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
      "-subj",
      subject,
      "-days",
      "2",
    );
    const certificate = readFileSync(join(folder, `${name}.crt`), "utf8");
    const thumbprint = createHash("sha256").update(new X509Certificate(certificate).raw).digest("hex");
    return { key: readFileSync(join(folder, `${name}.key`), "utf8"), certificate, thumbprint };
  };
  const germany = signer("de", "/C=DE/CN=hub of Germany");
  const france = signer("fr", "/C=FR/CN=hub of France");
  const nobody = signer("none", "/CN=nobody's hub");
  const trusted = new Set([germany.thumbprint, france.thumbprint, nobody.thumbprint]);
  const now = new Date();
  const { bytes, signingBytes } = encodeBatch(KEYS);
  const batch = decodeBatch(bytes);

  it("is verified by the reader and by openssl", async () => {
    const signature = await signBatch(signingBytes, germany.key, germany.certificate);
    expect(await verifyBatch(batch, signature, trusted, now)).toBe("DE");
    writeFileSync(join(folder, "ours.cms"), Buffer.from(signature, "base64"));
    writeFileSync(join(folder, "content"), signingBytes);
    const verify = [
      "cms",
      "-verify",
      "-inform",
      "DER",
      "-in",
      "ours.cms",
      "-content",
      "content",
      "-binary",
      "-noverify",
    ];
    expect(openssl(...verify).equals(signingBytes)).toBe(true);
  });

  it("by openssl, with signed attributes or without, is verified", async () => {
    writeFileSync(join(folder, "content"), signingBytes);
    for (const extra of [[], ["-noattr"]]) {
      const cms = openssl(
        "cms",
        "-sign",
        "-binary",
        "-in",
        "content",
        "-signer",
        "de.crt",
        "-inkey",
        "de.key",
        "-outform",
        "DER",
        "-md",
        "sha256",
        ...extra,
      );
      expect(await verifyBatch(batch, cms.toString("base64"), trusted, now)).toBe("DE");
    }
  });

  it("is refused, with the reason, for another batch, signer, country, time or form", async () => {
    const signature = await signBatch(signingBytes, germany.key, germany.certificate);
    const other = decodeBatch(encodeBatch(KEYS.slice(1)).bytes);
    writeFileSync(join(folder, "content"), signingBytes);
    const attached = openssl(
      "cms",
      "-sign",
      "-binary",
      "-nodetach",
      "-in",
      "content",
      "-signer",
      "de.crt",
      "-inkey",
      "de.key",
      "-outform",
      "DER",
    );
    const bare = openssl(
      "cms",
      "-sign",
      "-binary",
      "-nocerts",
      "-in",
      "content",
      "-signer",
      "de.crt",
      "-inkey",
      "de.key",
      "-outform",
      "DER",
    );
    const swapped = await signBatch(signingBytes, france.key, germany.certificate);
    const inAWeek = new Date(now.getTime() + 7 * 86_400_000);
    const byFrance = await signBatch(signingBytes, france.key, france.certificate);
    const byNobody = await signBatch(signingBytes, nobody.key, nobody.certificate);
    const cases: [() => Promise<string>, string][] = [
      [() => verifyBatch(other, signature, trusted, now), "does not fit the batch"],
      [() => verifyBatch(batch, swapped, trusted, now), "does not fit the batch"],
      [() => verifyBatch(batch, signature, new Set([france.thumbprint]), now), "is none of those that are trusted"],
      [() => verifyBatch(batch, signature, trusted, inAWeek), "is valid from"],
      [() => verifyBatch(batch, byFrance, trusted, now), "comes from DE, but FR signed it"],
      [() => verifyBatch(batch, byNobody, trusted, now), "does not name one country"],
      [() => verifyBatch(batch, attached.toString("base64"), trusted, now), "must be detached"],
      [() => verifyBatch(batch, bare.toString("base64"), trusted, now), "must have one signer and its one certificate"],
      [() => verifyBatch(batch, "no base64!", trusted, now), "is not base64"],
      [() => verifyBatch(batch, "AAAA", trusted, now), "is no CMS SignedData"],
    ];
    for (const [verdict, message] of cases) {
      await expect(verdict(), message).rejects.toThrow(message);
      await expect(verdict()).rejects.toBeInstanceOf(FormatError);
    }
  });

  it("with a byte changed is refused, but for those of its wrapping that say nothing", async () => {
    const genuine = Buffer.from(await signBatch(signingBytes, germany.key, germany.certificate), "base64");
    let refused = 0;
    let tried = 0;
    for (let at = 0; at < genuine.length; at += 13) {
      const changed = Buffer.from(genuine);
      changed[at] = (changed[at] as number) ^ 1;
      tried++;
      await verifyBatch(batch, changed.toString("base64"), trusted, now).then(
        (country) => expect(country).toBe("DE"),
        (error) => {
          expect(error).toBeInstanceOf(FormatError);
          refused++;
        },
      );
    }
    expect(refused).toBeGreaterThan(0.75 * tried);
  });
});
