// Exports as other systems make them, odd and hostile ones too: laid out byte for byte, with no code of the product.

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { zipSync } from "fflate";

export const OID = "1.2.840.10045.4.3.2";

/** A key of P-256 and its public half in PEM. */
export function makeKeyPair(): { privateKey: KeyObject; publicKey: KeyObject; pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, publicKey, pem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

export interface Signing {
  readonly privateKey: KeyObject;
  readonly id?: string;
  readonly version?: string;
  readonly algorithm?: string;
  /** Raw r || s instead of DER. */
  readonly isRaw?: boolean;
}

/** What a test wants in an export; everything may be left out of a key but its bytes. */
export interface WantedKey {
  readonly key: Buffer;
  readonly start?: number;
  readonly period?: number;
  readonly risk?: number;
  readonly reportType?: number;
  readonly onsetDays?: number;
  /** Fields of the wire that no version of the format knows. */
  readonly unknown?: Buffer;
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function lengthDelimited(field: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

export function number(field: number, value: number | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.concat([varint(field << 3), varint(value)]);
}

function fixed64(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return Buffer.concat([varint((field << 3) | 1), bytes]);
}

function keyMessage({ key, start, period, risk, reportType, onsetDays, unknown }: WantedKey): Buffer {
  return Buffer.concat([
    lengthDelimited(1, key),
    number(2, risk),
    number(3, start),
    number(4, period),
    number(5, reportType),
    number(6, onsetDays === undefined ? undefined : onsetDays < 0 ? -2 * onsetDays - 1 : 2 * onsetDays),
    unknown ?? Buffer.alloc(0),
  ]);
}

function signatureInfo({ id = "310", version = "v1", algorithm = OID }: Signing): Buffer {
  return Buffer.concat([lengthDelimited(3, version), lengthDelimited(4, id), lengthDelimited(5, algorithm)]);
}

export function exportBin(
  keys: readonly WantedKey[],
  signings: readonly Signing[],
  revised: readonly WantedKey[] = [],
): Buffer {
  return Buffer.concat([
    Buffer.from("EK Export v1    "),
    fixed64(1, 1_605_818_700),
    fixed64(2, 1_605_819_000),
    lengthDelimited(3, "US"),
    number(4, 1),
    number(5, 1),
    ...signings.map((signing) => lengthDelimited(6, signatureInfo(signing))),
    ...keys.map((key) => lengthDelimited(7, keyMessage(key))),
    ...revised.map((key) => lengthDelimited(8, keyMessage(key))),
  ]);
}

export function exportSig(bin: Buffer, signings: readonly Signing[]): Buffer {
  return Buffer.concat(
    signings.map((signing) => {
      const dsaEncoding = signing.isRaw ? "ieee-p1363" : "der";
      return lengthDelimited(
        1,
        Buffer.concat([
          lengthDelimited(1, signatureInfo(signing)),
          number(2, 1),
          number(3, 1),
          lengthDelimited(4, sign("sha256", bin, { key: signing.privateKey, dsaEncoding })),
        ]),
      );
    }),
  );
}

/** A whole export. */
export function makeExport(
  keys: readonly WantedKey[],
  signings: readonly Signing[],
  revised: readonly WantedKey[] = [],
): Buffer {
  const bin = exportBin(keys, signings, revised);
  return zipOf({ "export.bin": bin, "export.sig": exportSig(bin, signings) });
}

export function zipOf(entries: Record<string, Uint8Array>): Buffer {
  return Buffer.from(zipSync(entries));
}
