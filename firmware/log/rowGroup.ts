import { copyBytes, isZero, readU16, writeU16 } from "../../protocol/base/bytes";
import { ROW_BYTES } from "../../protocol/log/contactRow";
import { CRC_START, crc16, storedCrc } from "./crc16";

// A group: 16 checks of 4 bits, even rows high | head 2 | 16 rows of 12 | seal 2. It is read in one packet.

/** Rows in a group. */
export const GROUP_ROWS = 16;

/** Bytes of checks, with which a group begins. */
export const CHECK_BYTES = GROUP_ROWS / 2;

/** Where the head lies: the group's hour (relative to its sector's, plus 1) and the complement of that byte. */
export const HEAD_AT = CHECK_BYTES;

/** Where the rows begin. What lies before tells of which hours they are. */
export const ROWS_AT = HEAD_AT + 2;

/** Where the seal lies: the CRC of the rest, written when the group takes no more rows. */
export const SEAL_AT = ROWS_AT + GROUP_ROWS * ROW_BYTES;

/** Bytes in a group: 12.75 for each row. */
export const GROUP_BYTES = SEAL_AT + 2;

/** The check of a row that is not written. */
const UNWRITTEN = 15;

/**
 * Checks by 2 * (hour of the row - hour of the group + 1) + parity of the row. All have two bits set, so a check whose
 * programming was cut is never another check. It is programmed after the row, and so also says that the row is whole.
 */
const CHECKS = [3, 5, 6, 9, 10, 12];

/** Whether rows of an hour can lie in a group of another. */
export function fitsGroup(hour: number, groupHour: number): boolean {
  return hour >= groupHour - 1 && hour <= groupHour + 1;
}

/** Writes a group's head: its hour, 1 before to 254 after the first hour of its sector. */
export function setHead(group: Buffer, groupHour: number, firstHour: number): void {
  group[HEAD_AT] = groupHour - firstHour + 1;
  group[HEAD_AT + 1] = ~group[HEAD_AT] & 0xff;
}

/** The hour of the group that begins at `at`, or 0 if it has no head: a blank, voided or torn one. */
export function groupHourAt(bytes: Buffer, at: number, firstHour: number): number {
  const hour = bytes[at + HEAD_AT];
  return hour === (~bytes[at + HEAD_AT + 1] & 0xff) ? firstHour + hour - 1 : 0;
}

/** Whether the group that begins at `at` has rows of the hour; only what lies before its rows is looked at. */
export function holdsHour(bytes: Buffer, at: number, hour: number, firstHour: number): boolean {
  const groupHour = groupHourAt(bytes, at, firstHour);
  if (groupHour === 0 || !fitsGroup(hour, groupHour)) return false;
  for (let k = 0; k < GROUP_ROWS; k++) if (hoursAfter(bytes, at, k) === hour - groupHour) return true;
  return false;
}

/** The check of the row at `at`, of an hour `hoursAfter` (-1 to 1) that of its group. */
export function rowCheck(bytes: Buffer, at: number, hoursAfter: number): number {
  return CHECKS[2 * (hoursAfter + 1) + parity(bytes, at)];
}

/** Sets the k-th check of a group. */
export function setCheck(group: Buffer, k: number, check: number): void {
  const byte = group[k >> 1];
  group[k >> 1] = k & 1 ? (byte & 0xf0) | check : (byte & 15) | (check << 4);
}

function checkAt(bytes: Buffer, at: number, k: number): number {
  const byte = bytes[at + (k >> 1)];
  return k & 1 ? byte & 15 : byte >> 4;
}

/** The hour of the k-th row relative to that of the group that begins at `at`, -1 to 1, or 2 if no row counts there. */
function hoursAfter(bytes: Buffer, at: number, k: number): number {
  const index = CHECKS.indexOf(checkAt(bytes, at, k));
  return index < 0 ? 2 : (index >> 1) - 1;
}

/** The seal that fits a group as it is: CRC of head, rows that count, and checks. */
export function sealOf(group: Buffer): number {
  let crc = crc16(group, HEAD_AT, ROWS_AT - HEAD_AT, CRC_START);
  for (let k = 0; k < GROUP_ROWS; k++)
    if (hoursAfter(group, 0, k) !== 2) crc = crc16(group, ROWS_AT + k * ROW_BYTES, ROW_BYTES, crc);
  return storedCrc(crc16(group, 0, CHECK_BYTES, crc));
}

/**
 * The sound rows of one hour in a group, one after the other; empty if there are none.
 *
 * A sealed group stands or falls as a whole. A seal that has only some of its bits cleared, or more, is being written or was
 * voided when a row of the group expired: there each row stands on its own check.
 */
export function soundRows(group: Buffer, hour: number, firstHour: number): Buffer {
  const rows = Buffer.alloc(GROUP_ROWS * ROW_BYTES);
  const groupHour = groupHourAt(group, 0, firstHour);
  if (groupHour === 0 || !fitsGroup(hour, groupHour)) return rows.slice(0, 0);
  const seal = sealOf(group);
  const stored = readU16(group, SEAL_AT);
  const common = stored & seal;
  if (common !== stored && common !== seal) return rows.slice(0, 0);
  let length = 0;
  for (let k = 0; k < GROUP_ROWS; k++) {
    const at = ROWS_AT + k * ROW_BYTES;
    if (hoursAfter(group, 0, k) !== hour - groupHour) continue;
    if (stored !== seal && !isSound(group, k)) continue;
    copyBytes(rows, length, group, at, ROW_BYTES);
    length += ROW_BYTES;
  }
  return rows.slice(0, length);
}

/**
 * Voids the checks that their rows do not answer to, because cells lost bits. Returns whether there were any. What is no check,
 * because its programming was cut, stays: clearing it might make it one for a moment.
 */
export function voidWrongChecks(group: Buffer): boolean {
  let voided = false;
  for (let k = 0; k < GROUP_ROWS; k++) {
    if (hoursAfter(group, 0, k) === 2 || isSound(group, k)) continue;
    setCheck(group, k, 0);
    voided = true;
  }
  return voided;
}

/**
 * Voids the rows of `lastHour` and of every hour before, and their checks; also what a power cut left of rows. Returns
 * whether there were any.
 */
export function voidRows(group: Buffer, lastHour: number, firstHour: number): boolean {
  const groupHour = groupHourAt(group, 0, firstHour);
  let voided = false;
  for (let k = 0; k < GROUP_ROWS; k++) {
    const at = ROWS_AT + k * ROW_BYTES;
    const after = hoursAfter(group, 0, k);
    const isOver =
      after === 2 ? checkAt(group, 0, k) !== UNWRITTEN || groupHour < lastHour : groupHour + after <= lastHour;
    if (!isOver || isZero(group, at, ROW_BYTES)) continue;
    if (after !== 2) setCheck(group, k, 0);
    group.set(Buffer.alloc(ROW_BYTES), at);
    voided = true;
  }
  if (voided) writeU16(group, SEAL_AT, 0);
  return voided;
}

/** Whether `length` bytes from `at` are as an erase leaves them. */
export function isBlank(bytes: Buffer, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== 0xff) return false;
  return true;
}

/** Whether the k-th row has the parity that its check states. */
function isSound(group: Buffer, k: number): boolean {
  const after = hoursAfter(group, 0, k);
  if (after === 2) return false;
  return rowCheck(group, ROWS_AT + k * ROW_BYTES, after) === checkAt(group, 0, k);
}

/** 1 if an odd number of the row's bits are set, else 0. */
function parity(bytes: Buffer, at: number): number {
  let bits = 0;
  for (let i = at; i < at + ROW_BYTES; i++) bits ^= bytes[i];
  bits ^= bits >> 4;
  bits ^= bits >> 2;
  return (bits ^ (bits >> 1)) & 1;
}
