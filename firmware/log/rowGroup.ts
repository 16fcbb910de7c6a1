import { copyBytes, readU16 } from "../../protocol/bytes";
import { ROW_BYTES } from "../../protocol/contactRow";
import { CRC_START, crc16, storedCrc } from "./crc16";

/** Rows that share one seal, and that one packet reads. */
export const GROUP_ROWS = 16;

/** Where a group keeps its 16 check nibbles, one a row, even rows high. */
export const CHECKS_AT = GROUP_ROWS * ROW_BYTES;

/** Bytes of check nibbles. */
export const CHECK_BYTES = GROUP_ROWS / 2;

/** Where a group keeps its seal: CRC-16 of all its rows, written when the last is. */
export const SEAL_AT = CHECKS_AT + CHECK_BYTES;

/** Bytes in a group: 16 rows of 12, 8 of checks, 2 of seal. */
export const GROUP_BYTES = SEAL_AT + 2;

/** A check nibble whose row has not been written, or not wholly. */
export const UNWRITTEN = 15;

/** A check nibble whose row was erased. */
export const VOID = 0;

/** The check of the row at `at`: 1 to 14. It is written only after the row, and so also says that the row is whole. */
export function rowCheck(bytes: Buffer, at: number): number {
  return 1 + (crc16(bytes, at, ROW_BYTES, CRC_START) % 14);
}

/** The k-th of the check nibbles that start at `at`. */
export function getCheck(bytes: Buffer, at: number, k: number): number {
  const byte = bytes[at + (k >> 1)];
  return k & 1 ? byte & 15 : byte >> 4;
}

/** Sets the k-th of the check nibbles that start at `at`. */
export function setCheck(bytes: Buffer, at: number, k: number, check: number): void {
  const byte = bytes[at + (k >> 1)];
  bytes[at + (k >> 1)] = k & 1 ? (byte & 0xf0) | check : (byte & 15) | (check << 4);
}

/** CRC over the rows of a group that count, to go on from when more are added. */
export function groupCrc(group: Buffer): number {
  let crc = CRC_START;
  for (let k = 0; k < GROUP_ROWS; k++) {
    const check = getCheck(group, CHECKS_AT, k);
    if (check !== VOID && check !== UNWRITTEN) crc = crc16(group, k * ROW_BYTES, ROW_BYTES, crc);
  }
  return crc;
}

/**
 * The sound rows `from` to `to` - 1 of a group, one after the other; empty if there are none.
 *
 * A group with its seal stands or falls as a whole. A seal that has only some of its bits, or bits too few, is being
 * written or was voided when a row of the group expired: there each row stands on its own check.
 */
export function soundRows(group: Buffer, from: number, to: number): Buffer {
  const seal = storedCrc(groupCrc(group));
  const stored = readU16(group, SEAL_AT);
  const common = stored & seal;
  const rotten = common !== stored && common !== seal;
  const rows = Buffer.alloc(GROUP_ROWS * ROW_BYTES);
  let length = 0;
  for (let k = from; k < to && !rotten; k++) {
    const check = getCheck(group, CHECKS_AT, k);
    if (check === VOID || check === UNWRITTEN) continue;
    if (stored !== seal && check !== rowCheck(group, k * ROW_BYTES)) continue;
    copyBytes(rows, length, group, k * ROW_BYTES, ROW_BYTES);
    length += ROW_BYTES;
  }
  return rows.slice(0, length);
}

/** Whether no row of the group has been written. */
export function isUnwritten(group: Buffer): boolean {
  for (let i = 0; i < CHECK_BYTES; i++) if (group[CHECKS_AT + i] !== 0xff) return false;
  return true;
}
