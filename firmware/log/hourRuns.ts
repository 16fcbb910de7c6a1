import { readU16, writeU16 } from "../../protocol/bytes";
import { CRC_START, crc16, storedCrc } from "./crc16";

/** Bytes of one entry: first slot 9 bits, hour 7 bits (relative to the sector's, plus 1) | check. */
export const RUN_BYTES = 3;

/** Entries in a sector, besides the run that its header begins. */
export const MAX_RUNS = 15;

/** The slots from `start` on hold rows of `hour`. */
export interface HourRun {
  readonly start: number;
  /** UTC hour, or 0 where it is not known because the next entry is rotten: these rows do not count. */
  hour: number;
}

/** Encodes the entry of a run in a sector that was opened for `firstHour`. */
export function encodeRun(run: HourRun, firstHour: number): Buffer {
  const bytes = Buffer.alloc(RUN_BYTES);
  writeU16(bytes, 0, (run.start << 7) | (run.hour - firstHour + 1));
  bytes[2] = runCheck(bytes, 0);
  return bytes;
}

/** First slot that the k-th entry after `at` states; the programming of an entry can be cut only so that it reads more. */
export function runStart(bytes: Buffer, at: number, k: number): number {
  return readU16(bytes, at + k * RUN_BYTES) >> 7;
}

/** Whether the k-th entry after `at` is whole. */
export function isRun(bytes: Buffer, at: number, k: number): boolean {
  return bytes[at + k * RUN_BYTES + 2] === runCheck(bytes, at + k * RUN_BYTES);
}

/** How many of the entries after `at` are in use, voided ones included. */
export function usedRuns(bytes: Buffer, at: number): number {
  for (let k = MAX_RUNS - 1; k >= 0; k--) if (!isAll(bytes, at + k * RUN_BYTES, 0xff)) return k + 1;
  return 0;
}

/** The runs of a sector in slot order, the one that its header begins first. */
export function decodeRuns(bytes: Buffer, at: number, firstHour: number): HourRun[] {
  const runs: HourRun[] = [{ start: 0, hour: firstHour }];
  const used = usedRuns(bytes, at);
  for (let k = 0; k < used; k++) {
    if (isAll(bytes, at + k * RUN_BYTES, 0)) continue;
    const hour = firstHour + (readU16(bytes, at + k * RUN_BYTES) & 127) - 1;
    if (isRun(bytes, at, k)) runs.push({ start: runStart(bytes, at, k), hour });
    else runs[runs.length - 1].hour = 0;
  }
  return runs;
}

function runCheck(bytes: Buffer, at: number): number {
  const check = storedCrc(crc16(bytes, at, 2, CRC_START)) & 0xff;
  return check === 0 || check === 0xff ? 0x55 : check;
}

function isAll(bytes: Buffer, at: number, value: number): boolean {
  for (let i = 0; i < RUN_BYTES; i++) if (bytes[at + i] !== value) return false;
  return true;
}
