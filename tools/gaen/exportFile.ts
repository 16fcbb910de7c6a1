// Reads an export of temporary exposure keys (docs/gaen.md, "Exports"): a zip with export.bin and export.sig.

import { fromBinary, isFieldSet } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError } from "../../protocol/base/formatError";
import { MAX_U32 } from "../../protocol/base/time";
import {
  TEKSignatureListSchema,
  type TemporaryExposureKey,
  type TemporaryExposureKeyExport,
  TemporaryExposureKeyExportSchema,
  TemporaryExposureKeySchema,
} from "./proto/export_pb";
import { judgeSignature, type SignatureVerdict, type StatedSignature, type VerificationKey } from "./signature";
import { type RawTek, refusalOf, type Tek, usableOnset } from "./tek";
import { readZipEntries } from "./zip";

/** The two entries of an export; a reader passes over any others. */
export const EXPORT_ENTRY = "export.bin";
export const SIGNATURE_ENTRY = "export.sig";

/** What export.bin begins with. */
export const EXPORT_HEADER = "EK Export v1    ";

const MAX_ENTRY_BYTES = 64 * 1024 * 1024;
/** As many as Google's server puts into one file at most. */
const MAX_KEYS = 500_000;
const MAX_SIGNATURES = 100;

// Field numbers of TemporaryExposureKeyExport and TEKSignatureList, whose elements are counted before they are made.
const SIGNATURE_INFOS_FIELD = 6;
const KEYS_FIELD = 7;
const REVISED_KEYS_FIELD = 8;
const SIGNATURES_FIELD = 1;

/** A key that was not taken, by its place in the file's list. */
export interface RefusedTek {
  readonly index: number;
  readonly reason: string;
}

export interface TekList {
  readonly keys: readonly Tek[];
  readonly refused: readonly RefusedTek[];
}

/** One export, read whole. */
export interface GaenExport {
  readonly region: string;
  /** Unix seconds, the window in which the keys came to their server. */
  readonly startTimestamp: number;
  readonly endTimestamp: number;
  readonly batchNum: number;
  readonly batchSize: number;
  readonly added: TekList;
  /** Keys of earlier files of which something is known better now. */
  readonly revised: TekList;
  readonly signatures: readonly (StatedSignature & SignatureVerdict)[];
  /** Whether at least one signature is valid by a key that was given. */
  readonly isVerified: boolean;
}

/**
 * Reads an export and judges its signatures. A key that cannot be used is refused by itself.
 *
 * @param keys public keys that are trusted; without any the export stays unverified
 * @throws FormatError if the file is no export
 */
export function readExport(archive: Buffer, keys: readonly VerificationKey[]): GaenExport {
  const [bin, sig] = readZipEntries(archive, [EXPORT_ENTRY, SIGNATURE_ENTRY], MAX_ENTRY_BYTES) as [Buffer, Buffer];
  const contents = decodeExportBin(bin);
  const signatures = decodeSignatureList(sig).map((stated) => ({ ...stated, ...judgeSignature(bin, stated, keys) }));
  return {
    region: contents.region,
    startTimestamp: timestamp("export.startTimestamp", contents.startTimestamp),
    endTimestamp: timestamp("export.endTimestamp", contents.endTimestamp),
    batchNum: contents.batchNum,
    batchSize: contents.batchSize,
    added: sortOut(contents.keys),
    revised: sortOut(contents.revisedKeys),
    signatures,
    isVerified: signatures.some(({ verdict }) => verdict === "valid"),
  };
}

function decodeExportBin(bin: Buffer): TemporaryExposureKeyExport {
  const header = bin.toString("latin1", 0, EXPORT_HEADER.length);
  if (header !== EXPORT_HEADER)
    throw new FormatError("export.header", 0, `must be "${EXPORT_HEADER}", the only version there is`);
  const body = bin.subarray(EXPORT_HEADER.length);
  return decodeWithin("export", body, EXPORT_HEADER.length, [KEYS_FIELD, REVISED_KEYS_FIELD], MAX_KEYS, () => {
    expectFew("export.signatureInfos", body, EXPORT_HEADER.length, [SIGNATURE_INFOS_FIELD], MAX_SIGNATURES);
    return fromBinary(TemporaryExposureKeyExportSchema, body, { readUnknownFields: false });
  });
}

function decodeSignatureList(sig: Buffer): StatedSignature[] {
  const { signatures } = decodeWithin("signatures", sig, 0, [SIGNATURES_FIELD], MAX_SIGNATURES, () =>
    fromBinary(TEKSignatureListSchema, sig, { readUnknownFields: false }),
  );
  return signatures.map(({ signatureInfo, batchNum, batchSize, signature }) => ({
    keyId: signatureInfo?.verificationKeyId ?? "",
    keyVersion: signatureInfo?.verificationKeyVersion ?? "",
    algorithm: signatureInfo?.signatureAlgorithm ?? "",
    batchNum,
    batchSize,
    signature,
  }));
}

/** Decodes protobuf after its elements were counted, and makes the library's errors ours. */
function decodeWithin<T>(
  field: string,
  bytes: Buffer,
  offset: number,
  fields: readonly number[],
  max: number,
  decode: () => T,
): T {
  try {
    expectFew(field, bytes, offset, fields, max);
    return decode();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(field, offset, `is not protobuf: ${(error as Error).message}`);
  }
}

/** Refuses more elements than any real file has: one of two bytes would become an object of hundreds. */
function expectFew(field: string, bytes: Buffer, offset: number, fields: readonly number[], max: number): void {
  const reader = new BinaryReader(bytes);
  let count = 0;
  while (reader.pos < reader.len) {
    const at = reader.pos;
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited && fields.includes(number) && ++count > max)
      throw new FormatError(field, offset + at, `more than ${max} elements`);
    reader.skip(wireType, number);
  }
}

function timestamp(field: string, value: bigint): number {
  if (value > BigInt(MAX_U32)) throw new FormatError(field, 0, `${value} is no time in Unix seconds`);
  return Number(value);
}

function sortOut(keys: readonly TemporaryExposureKey[]): TekList {
  const usable: Tek[] = [];
  const refused: RefusedTek[] = [];
  for (const [index, message] of keys.entries()) {
    const raw = rawOf(message);
    const reason = refusalOf(raw);
    if (reason !== undefined) refused.push({ index, reason });
    else
      usable.push({
        ...raw,
        key: Buffer.from(raw.key),
        start: raw.start as number,
        onsetDays: usableOnset(raw.onsetDays),
      });
  }
  return { keys: usable, refused };
}

function rawOf(message: TemporaryExposureKey): RawTek {
  const { field } = TemporaryExposureKeySchema;
  return {
    key: message.keyData,
    start: isFieldSet(message, field.rollingStartIntervalNumber) ? message.rollingStartIntervalNumber : undefined,
    period: message.rollingPeriod,
    risk: message.transmissionRiskLevel,
    reportType: message.reportType,
    onsetDays: isFieldSet(message, field.daysSinceOnsetOfSymptoms) ? message.daysSinceOnsetOfSymptoms : undefined,
  };
}
