import { isZero, readU32, sliceCopy, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import { MAX_U32 } from "../base/time";
import { INTERVAL_MINUTES, MAX_ROLLING_PERIOD, RPI_BYTES, TEK_BYTES } from "../beacon/gaen";
import type { BeaconLayout } from "./beaconReport";

/** Bytes of a source: a TEK, its span and its class. */
export const GAEN_SOURCE_BYTES = 24;

/** Bytes of an entry: an RPI, the byte that encrypts its transmit power, its class. */
export const GAEN_ENTRY_BYTES = 18;

/** Exposure Notification in beacon reports: ten RPIs in a block, intervals of ten minutes. */
export const GAEN_LAYOUT: BeaconLayout = {
  kind: 1,
  sourceBytes: GAEN_SOURCE_BYTES,
  entryBytes: GAEN_ENTRY_BYTES,
  idBytes: RPI_BYTES,
  intervalMinutes: INTERVAL_MINUTES,
};

/** A published key as a beacon report carries it. */
export interface GaenSource {
  /** 16 bytes. */
  readonly tek: Buffer;
  /** First interval, u32. */
  readonly start: number;
  /** Intervals, 1 to 144. */
  readonly period: number;
  /** Report type and infectiousness, 0 to 31 (keyClassOf). */
  readonly keyClass: number;
}

const START_AT = TEK_BYTES;
const PERIOD_AT = 20;
const CLASS_AT = 21;
const ZERO_AT = 22;
const MAX_CLASS = 31;

/** Lays out a 24-byte source. @throws FormatError */
export function encodeGaenSource(source: GaenSource): Buffer {
  expectLength("source.tek", source.tek, TEK_BYTES);
  expectPlausible(source, 0);
  const bytes = Buffer.alloc(GAEN_SOURCE_BYTES);
  bytes.set(source.tek, 0);
  writeU32(bytes, START_AT, source.start);
  bytes[PERIOD_AT] = source.period;
  bytes[CLASS_AT] = source.keyClass;
  return bytes;
}

/** Reads the source at `offset`, of which 24 bytes must exist. @throws FormatError */
export function decodeGaenSource(bytes: Buffer, offset: number): GaenSource {
  const source: GaenSource = {
    tek: sliceCopy(bytes, offset, TEK_BYTES),
    start: readU32(bytes, offset + START_AT),
    period: bytes[offset + PERIOD_AT],
    keyClass: bytes[offset + CLASS_AT],
  };
  expectPlausible(source, offset);
  if (!isZero(bytes, offset + ZERO_AT, GAEN_SOURCE_BYTES - ZERO_AT))
    throw new FormatError("source.reserved", offset + ZERO_AT, "must be zero");
  return source;
}

function expectPlausible({ start, period, keyClass }: GaenSource, offset: number): void {
  if (period < 1 || period > MAX_ROLLING_PERIOD)
    throw new FormatError("source.period", offset + PERIOD_AT, `${period}, must be 1 to ${MAX_ROLLING_PERIOD}`);
  if (start < 0 || start + period - 1 > MAX_U32)
    throw new FormatError("source.start", offset + START_AT, `${start} lasts beyond u32 intervals`);
  if (keyClass < 0 || keyClass > MAX_CLASS)
    throw new FormatError("source.class", offset + CLASS_AT, `${keyClass}, must be 0 to ${MAX_CLASS}`);
}
