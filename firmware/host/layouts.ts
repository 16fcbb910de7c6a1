import { type Command, Group, type Status } from "../../protocol/keyfob/codes";
import { COMMAND_TABLE } from "../../protocol/keyfob/layouts";
import { getU16, putU16 } from "../base/littleEndian";

const ENTRY_BYTES = 8;

const GROUP = 1;
const PAYLOAD_BYTES = 2;
const REQUEST_AT = 3;
const REPORT_BYTES = 4;
const REPORT_REQUEST_AT = 5;
const STATUS_AT = 6;
const VALUES = 7;
const AT_LEAST = 0x80;
const NOWHERE = 0xff;

/** Row of a command or report, -1 if there is none. */
function find(code: number): number {
  for (let at = 0; at < COMMAND_TABLE.length; at += ENTRY_BYTES) if (COMMAND_TABLE[at] === code) return at;
  return -1;
}

/** The group of a command: Group.None of what is none. */
export function groupOf(command: number): Group {
  const at = find(command);
  return at < 0 ? Group.None : COMMAND_TABLE[at + GROUP];
}

/** Whether a command's payload is as long as it has to be. */
export function isWellFormed(command: Command, payload: Buffer): boolean {
  const bytes = COMMAND_TABLE[find(command) + PAYLOAD_BYTES];
  return bytes < AT_LEAST ? payload.length === bytes : payload.length >= bytes - AT_LEAST;
}

/** The `request` of a well-formed command. */
export function requestOf(command: Command, payload: Buffer): number {
  return getU16(payload, COMMAND_TABLE[find(command) + REQUEST_AT]);
}

/** The report of a well-formed command, of the length that it has without bytes at the end: `request`, `status`, zeros. */
export function reportTo(command: Command, payload: Buffer, status: Status): Buffer {
  const at = find(command);
  const report = Buffer.alloc(COMMAND_TABLE[at + REPORT_BYTES]);
  putU16(report, COMMAND_TABLE[at + REPORT_REQUEST_AT], requestOf(command, payload));
  if (COMMAND_TABLE[at + STATUS_AT] !== NOWHERE) report[COMMAND_TABLE[at + STATUS_AT]] = status;
  return report;
}

/** The report that refuses whatever came in; undefined where there is none, or no `request` to answer. */
export function refusal(command: number, payload: Buffer, status: Status): Buffer | undefined {
  const at = find(command);
  const canAnswer =
    at >= 0 && COMMAND_TABLE[at + REPORT_BYTES] > 0 && payload.length >= COMMAND_TABLE[at + REQUEST_AT] + 2;
  return canAnswer ? reportTo(command, payload, status) : undefined;
}

/** How many values the packet of a report has, `HAS_BYTES` more if bytes follow. */
export function valuesOf(report: Command): number {
  return COMMAND_TABLE[find(report) + VALUES];
}
export const HAS_BYTES = 0x80;
