import { readU32, sliceCopy, writeU32 } from "../../protocol/base/bytes";
import type { RowMetadata } from "../../protocol/log/contactRow";
import {
  ATTENUATION_CLASSES,
  attenuationClass,
  attenuationDb,
  isDirect,
  type ScoreConfig,
} from "../../protocol/match/score";

/**
 * What one published seed or identifier had in common with this keyfob's log, 16 bytes:
 * hour u32 | start of the seed or identifier 3 | flags 1 | direct minutes by attenuation class 4 x u8 | shared-space minutes alike 4 x u8.
 */
export const MATCH_BYTES = 16;

const SEED_ID_AT = 4;
const SEED_ID_BYTES = 3;
const FLAGS_AT = 7;
const DIRECT_AT = 8;
const SHARED_AT = DIRECT_AT + ATTENUATION_CLASSES;
const REVERSE = 1;
const MAX_COUNT = 255;

/** A record without minutes yet. `source`: the published seed or identifier; its first bytes keep it from counting twice, by way of two regions. */
export function newMatch(hour: number, source: Buffer, reverse: boolean): Buffer {
  const record = Buffer.alloc(MATCH_BYTES);
  writeU32(record, 0, hour);
  record.set(sliceCopy(source, 0, SEED_ID_BYTES), SEED_ID_AT);
  record[FLAGS_AT] = reverse ? REVERSE : 0;
  return record;
}

/** Counts matched minutes of one row. */
export function addMinutes(record: Buffer, score: ScoreConfig, metadata: RowMetadata, minutes: number): void {
  const attenuation = attenuationClass(score, attenuationDb(metadata.txPower, metadata.maxRssi));
  addTo(record, (isDirect(metadata.delay) ? DIRECT_AT : SHARED_AT) + attenuation, minutes);
}

/** Adds the minutes of another record. */
export function addMatch(record: Buffer, other: Buffer): void {
  for (let i = DIRECT_AT; i < MATCH_BYTES; i++) addTo(record, i, other[i]);
}

export function hourOfMatch(record: Buffer): number {
  return readU32(record, 0);
}

export function isReverse(record: Buffer): boolean {
  return (record[FLAGS_AT] & REVERSE) !== 0;
}

/** Minutes by class: `direct` or shared-space. */
export function minutesOf(record: Buffer, direct: boolean): number[] {
  const at = direct ? DIRECT_AT : SHARED_AT;
  return [record[at], record[at + 1], record[at + 2], record[at + 3]];
}

/** Whether two records are of the same seed. */
export function isSameSeed(a: Buffer, b: Buffer): boolean {
  for (let i = 0; i < FLAGS_AT; i++) if (a[i] !== b[i]) return false;
  return true;
}

function addTo(record: Buffer, at: number, minutes: number): void {
  record[at] = Math.min(MAX_COUNT, record[at] + minutes);
}
