// Makes exports that any Exposure Notification client can read (docs/gaen.md, "Exports").

import { createHmac, type KeyObject, sign } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { zipSync } from "fflate";
import { MAX_ROLLING_PERIOD, TEK_BYTES } from "../../protocol/beacon/gaen";
import { EXPORT_ENTRY, EXPORT_HEADER, SIGNATURE_ENTRY } from "./exportFile";
import {
  type SignatureInfo,
  SignatureInfoSchema,
  TEKSignatureListSchema,
  TemporaryExposureKeyExportSchema,
  TemporaryExposureKeySchema,
} from "./proto/export_pb";
import { ECDSA_SHA256_OID } from "./signature";
import type { Tek } from "./tek";

/** Fewest keys in an export that is not empty, as the Corona-Warn-App had it: fewer would stand out as one person's. */
export const MIN_EXPORT_KEYS = 140;

/** Most keys in a file; more make a second one of the same window. */
const MAX_FILE_KEYS = 30_000;

/** A fixed date, so that the same content makes the same bytes: the first that a zip can state. */
const ZIP_DATE = "1980-01-01T12:00:00";

/** What an export is about. */
export interface ExportWindow {
  readonly region: string;
  /** Unix seconds: keys that came to the server from `startTimestamp` on and before `endTimestamp`. */
  readonly startTimestamp: number;
  readonly endTimestamp: number;
}

/** A signing key; during a change of keys there are two. */
export interface ExportSigner {
  readonly privateKey: KeyObject;
  readonly id: string;
  readonly version: string;
}

/** A file to publish. */
export interface WrittenExport {
  /** Under the feed's root: region, window, number. */
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * Keys that bring a window's up to MIN_EXPORT_KEYS; none if it has none. Like the true ones in everything but the key, and
 * the same whenever they are made again: comparing two versions of a file shows nothing.
 *
 * @param secret 32 random bytes that nobody else knows
 */
export function fillingKeys(teks: readonly Tek[], window: ExportWindow, secret: Buffer): Tek[] {
  if (teks.length === 0) return [];
  const sorted = sortByKey(teks);
  const filling: Tek[] = [];
  for (let i = sorted.length; i < MIN_EXPORT_KEYS; i++) {
    const random = createHmac("sha256", secret)
      .update(`${window.region} ${window.startTimestamp} ${window.endTimestamp} ${i}`)
      .digest();
    const like = sorted[random.readUInt32BE(TEK_BYTES) % sorted.length] as Tek;
    filling.push({ ...like, key: random.subarray(0, TEK_BYTES) });
  }
  return filling;
}

/**
 * Lays out, signs and packs the keys of a window, sorted by their bytes so that nothing tells whose belong together. The
 * caller fills them first (fillingKeys). Each file says that it is 1 of 1; of several, later ones add their number to the
 * end of the window, because Android drops a file that repeats (start, end, number).
 */
export function writeExports(
  window: ExportWindow,
  teks: readonly Tek[],
  revised: readonly Tek[],
  signers: readonly ExportSigner[],
): WrittenExport[] {
  const sorted = sortByKey(teks);
  const files: WrittenExport[] = [];
  for (let from = 0; from === 0 || from < sorted.length; from += MAX_FILE_KEYS) {
    const part = sorted.slice(from, from + MAX_FILE_KEYS);
    const number = files.length;
    const endTimestamp = window.endTimestamp + number;
    files.push({
      path: `${window.region}/${window.startTimestamp}-${endTimestamp}-${String(number + 1).padStart(5, "0")}.zip`,
      bytes: writeExport({ ...window, endTimestamp }, part, number === 0 ? sortByKey(revised) : [], signers),
    });
  }
  return files;
}

function writeExport(
  { region, startTimestamp, endTimestamp }: ExportWindow,
  teks: readonly Tek[],
  revised: readonly Tek[],
  signers: readonly ExportSigner[],
): Buffer {
  const contents = create(TemporaryExposureKeyExportSchema, {
    startTimestamp: BigInt(startTimestamp),
    endTimestamp: BigInt(endTimestamp),
    region,
    batchNum: 1,
    batchSize: 1,
    signatureInfos: signers.map(infoOf),
    keys: teks.map(messageOf),
    revisedKeys: revised.map(messageOf),
  });
  const bin = Buffer.concat([
    Buffer.from(EXPORT_HEADER, "latin1"),
    toBinary(TemporaryExposureKeyExportSchema, contents),
  ]);
  const sig = toBinary(
    TEKSignatureListSchema,
    create(TEKSignatureListSchema, {
      signatures: signers.map((signer) => ({
        signatureInfo: infoOf(signer),
        batchNum: 1,
        batchSize: 1,
        signature: sign("sha256", bin, signer.privateKey),
      })),
    }),
  );
  return Buffer.from(zipSync({ [EXPORT_ENTRY]: bin, [SIGNATURE_ENTRY]: sig }, { mtime: ZIP_DATE, level: 6 }));
}

function infoOf({ id, version }: ExportSigner): SignatureInfo {
  return create(SignatureInfoSchema, {
    verificationKeyId: id,
    verificationKeyVersion: version,
    signatureAlgorithm: ECDSA_SHA256_OID,
  });
}

/** A period of a whole day is left out, as Google's server does: readers know the default. */
function messageOf({ key, start, period, risk, reportType, onsetDays }: Tek) {
  return create(TemporaryExposureKeySchema, {
    keyData: key,
    transmissionRiskLevel: risk,
    rollingStartIntervalNumber: start,
    ...(period === MAX_ROLLING_PERIOD ? {} : { rollingPeriod: period }),
    reportType,
    ...(onsetDays === undefined ? {} : { daysSinceOnsetOfSymptoms: onsetDays }),
  });
}

function sortByKey(teks: readonly Tek[]): Tek[] {
  return [...teks].sort((a, b) => a.key.compare(b.key));
}
