// One person's key of one day, as exports, batches and uploads carry it, and what makes one unusable.

import { MAX_ROLLING_PERIOD, TEK_BYTES } from "../../protocol/beacon/gaen";
import { TemporaryExposureKey_ReportType as ReportType } from "./proto/export_pb";

export { ReportType };

/** Most days between the onset of symptoms and a key's day that an export may state. */
export const MAX_ONSET_DAYS = 14;

/** A Temporary Exposure Key with what its owner's health authority says about it. */
export interface Tek {
  /** 16 bytes. */
  readonly key: Buffer;
  /** Interval in which it began. */
  readonly start: number;
  /** Intervals that it lasted, 1 to 144. */
  readonly period: number;
  /** 0 to 8; what it means is for each authority to say. */
  readonly risk: number;
  readonly reportType: ReportType;
  /** Days from the onset of symptoms to the key's day, -14 to 14; undefined where it is not known. */
  readonly onsetDays: number | undefined;
}

/** A key as it came, nothing of it believed yet. */
export interface RawTek {
  readonly key: Uint8Array;
  /** undefined where the file leaves it out. */
  readonly start: number | undefined;
  readonly period: number;
  readonly risk: number;
  readonly reportType: ReportType;
  readonly onsetDays: number | undefined;
}

/** Says why a key cannot be used; undefined if it can. Its onset is no reason: see usableOnset. */
export function refusalOf({ key, start, period }: RawTek): string | undefined {
  if (key.length !== TEK_BYTES) return `key is ${key.length} bytes, must be ${TEK_BYTES}`;
  if (start === undefined) return "has no rolling start interval";
  if (start < 0) return `rolling start interval ${start} is before 1970`;
  if (period < 1 || period > MAX_ROLLING_PERIOD)
    return `rolling period ${period}, must be 1 to ${MAX_ROLLING_PERIOD} intervals`;
  return undefined;
}

/** Days since onset as far as they can be believed: other numbers carry meanings of their own in some systems. */
export function usableOnset(onsetDays: number | undefined): number | undefined {
  return onsetDays !== undefined && Math.abs(onsetDays) <= MAX_ONSET_DAYS ? onsetDays : undefined;
}

/** The name that the format gives a report type: "CONFIRMED_TEST" and so on. */
export function reportTypeName(reportType: ReportType): string {
  return ReportType[reportType] ?? "UNKNOWN";
}
