// Batches of keys as the European Federation Gateway Service (EFGS) exchanges them, here the format between a cluster's hub
// and its regions (docs/gaen.md, "Batches between regions").

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError } from "../../protocol/base/formatError";
import type { RefusedTek } from "./exportFile";
import { type DiagnosisKey, DiagnosisKeyBatchSchema } from "./proto/efgs_pb";
import { type RawTek, ReportType, refusalOf, type Tek, usableOnset } from "./tek";

/** Most keys in a batch. */
export const MAX_BATCH_KEYS = 5_000;

const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const MAX_COUNTRIES = 250;
const KEYS_FIELD = 1;
/** How batches say that nobody knows whether there were symptoms; 0 would be the day of their onset. */
const UNKNOWN_ONSET = 4_000;
const COUNTRY = /^[A-Z]{2}$/;

/** A key with the countries that it concerns, as ISO 3166-1 codes of two letters. */
export interface EfgsKey extends Tek {
  readonly origin: string;
  readonly visitedCountries: readonly string[];
}

/** A batch as it was read. */
export interface EfgsBatch {
  readonly keys: readonly EfgsKey[];
  readonly refused: readonly RefusedTek[];
  /** What the batch's signature signs: all its keys, the refused ones too. */
  readonly signingBytes: Buffer;
}

/** Lays out a batch. @throws FormatError if there are too many keys */
export function encodeBatch(keys: readonly EfgsKey[]): { bytes: Buffer; signingBytes: Buffer } {
  if (keys.length > MAX_BATCH_KEYS)
    throw new FormatError("batch.keys", 0, `${keys.length} keys, must be at most ${MAX_BATCH_KEYS}`);
  const batch = create(DiagnosisKeyBatchSchema, {
    keys: keys.map(({ key, start, period, risk, reportType, onsetDays, origin, visitedCountries }) => ({
      keyData: key,
      rollingStartIntervalNumber: start,
      rollingPeriod: period,
      transmissionRiskLevel: risk,
      visitedCountries: [...visitedCountries],
      origin,
      // Both enumerations number their types alike.
      reportType: reportType as number,
      daysSinceOnsetOfSymptoms: onsetDays ?? UNKNOWN_ONSET,
    })),
  });
  return {
    bytes: Buffer.from(toBinary(DiagnosisKeyBatchSchema, batch)),
    signingBytes: signingBytesOf(batch.keys),
  };
}

/**
 * Reads a batch. Keys are refused one by one; the signature covers them all the same.
 *
 * @throws FormatError if it is no batch, or larger than one may be
 */
export function decodeBatch(bytes: Buffer): EfgsBatch {
  if (bytes.length > MAX_BATCH_BYTES)
    throw new FormatError("batch", MAX_BATCH_BYTES, `${bytes.length} bytes, must be at most ${MAX_BATCH_BYTES}`);
  const messages = decodeMessages(bytes);
  const keys: EfgsKey[] = [];
  const refused: RefusedTek[] = [];
  for (const [index, message] of messages.entries()) {
    const raw = rawOf(message);
    const { origin, visitedCountries } = message;
    const reason = refusalOf(raw) ?? refusalOfCountries(origin, visitedCountries);
    if (reason !== undefined) refused.push({ index, reason });
    else
      keys.push({
        ...raw,
        key: Buffer.from(raw.key),
        start: raw.start as number,
        onsetDays: usableOnset(raw.onsetDays),
        origin,
        visitedCountries,
      });
  }
  return { keys, refused, signingBytes: signingBytesOf(messages) };
}

function decodeMessages(bytes: Buffer): DiagnosisKey[] {
  try {
    const reader = new BinaryReader(bytes);
    let count = 0;
    while (reader.pos < reader.len) {
      const at = reader.pos;
      const [field, wireType] = reader.tag();
      if (field === KEYS_FIELD && wireType === WireType.LengthDelimited && ++count > MAX_BATCH_KEYS)
        throw new FormatError("batch.keys", at, `more than ${MAX_BATCH_KEYS} keys`);
      reader.skip(wireType, field);
    }
    return fromBinary(DiagnosisKeyBatchSchema, bytes, { readUnknownFields: false }).keys;
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError("batch", 0, `is not protobuf: ${(error as Error).message}`);
  }
}

function rawOf(message: DiagnosisKey): RawTek {
  return {
    key: message.keyData,
    start: message.rollingStartIntervalNumber,
    period: message.rollingPeriod,
    risk: message.transmissionRiskLevel,
    // An enumeration that is open: later numbers are types that we do not know.
    reportType: message.reportType in ReportType ? (message.reportType as number) : ReportType.UNKNOWN,
    onsetDays: message.daysSinceOnsetOfSymptoms,
  };
}

function refusalOfCountries(origin: string, visited: readonly string[]): string | undefined {
  if (!COUNTRY.test(origin)) return "origin is no country code of two capital letters";
  if (visited.length > MAX_COUNTRIES) return `${visited.length} visited countries, must be at most ${MAX_COUNTRIES}`;
  return visited.every((country) => COUNTRY.test(country))
    ? undefined
    : "a visited country is no code of two capital letters";
}

/**
 * The canonical bytes: of each key every field in base64 with a point behind it, keys sorted by the base64 of that whole text.
 * That is what EFGS's own code does; its page says "by key".
 */
function signingBytesOf(keys: readonly DiagnosisKey[]): Buffer {
  const texts = keys.map((key) =>
    Buffer.from(
      [
        Buffer.from(key.keyData),
        int32(key.rollingStartIntervalNumber),
        int32(key.rollingPeriod),
        int32(key.transmissionRiskLevel),
        Buffer.from(key.visitedCountries.join(","), "latin1"),
        Buffer.from(key.origin, "latin1"),
        int32(key.reportType),
        int32(key.daysSinceOnsetOfSymptoms),
      ]
        .map((field) => `${field.toString("base64")}.`)
        .join(""),
      "latin1",
    ),
  );
  const sorted = texts.map((text) => ({ text, by: text.toString("base64") }));
  sorted.sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0));
  return Buffer.concat(sorted.map(({ text }) => text));
}

/** Four bytes, most significant first, of a number with or without a sign. */
function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** Reads a batch's tag: what its sender calls it, once and never again. @throws FormatError */
export function parseBatchTag(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text))
    throw new FormatError("batchTag", 0, "must be 1 to 64 letters, digits, hyphens or underscores");
  return text;
}
