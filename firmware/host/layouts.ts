import { getU16, putU16 } from "../base/littleEndian";
import type { Command, Status } from "./codes";
import { Group } from "./commandGroup";

// What services/keyfob.md says of each command and its report, 8 bytes each in hexadecimal (text lies in flash, where numbers
// would take code). A test holds it against the specification.
//
// code | group | bytes of its payload (80 more: at least so many) | where that has the request | bytes of the report (00: it
// has none, or none to refuse with) | where that has the request | and the status (ff: nowhere) | values in the report (80
// more: and bytes at the end)
const TABLE = Buffer.from(
  "8000020000ffff0e" + // status
    "8100020000ffff81" + // counters
    "820708040c080a05" + // clockSet
    "83000300100c0e06" + // configGet
    "84000704100c0e06" + // configSet
    "8501040007040603" + // snooze
    "8802280004000203" + // regionKeyAdd
    "8902100004000203" + // regionKeyRemove
    "8a0203002f040685" + // regionKeyGet
    "8c01030005000204" + // consentAsk
    "9003880408000205" + // exportBegin
    "910304000400ff82" + // exportBlock
    "9203020003000202" + // exportEnd
    "9804420007040603" + // importBegin
    "9904890400ffff00" + // importPiece
    "9a08000000ffff03" + // importProgress
    "9b04020004000203" + // importVerify
    "a005020008000205" + // resultsBegin
    "a10504000400ff82" + // resultsBlock
    "a205020003000202" + // resultsEnd
    "a806060407040603", // erase
  "hex",
);
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
  for (let at = 0; at < TABLE.length; at += ENTRY_BYTES) if (TABLE[at] === code) return at;
  return -1;
}

/** The group of a command: Group.None of what is none. */
export function groupOf(command: number): Group {
  const at = find(command);
  return at < 0 ? Group.None : TABLE[at + GROUP];
}

/** Whether a command's payload is as long as it has to be. */
export function isWellFormed(command: Command, payload: Buffer): boolean {
  const bytes = TABLE[find(command) + PAYLOAD_BYTES];
  return bytes < AT_LEAST ? payload.length === bytes : payload.length >= bytes - AT_LEAST;
}

/** The `request` of a well-formed command. */
export function requestOf(command: Command, payload: Buffer): number {
  return getU16(payload, TABLE[find(command) + REQUEST_AT]);
}

/** The report of a well-formed command, of the length that it has without bytes at the end: `request`, `status`, zeros. */
export function reportTo(command: Command, payload: Buffer, status: Status): Buffer {
  const at = find(command);
  const report = Buffer.alloc(TABLE[at + REPORT_BYTES]);
  putU16(report, TABLE[at + REPORT_REQUEST_AT], requestOf(command, payload));
  if (TABLE[at + STATUS_AT] !== NOWHERE) report[TABLE[at + STATUS_AT]] = status;
  return report;
}

/** The report that refuses whatever came in; undefined where there is none, or no `request` to answer. */
export function refusal(command: number, payload: Buffer, status: Status): Buffer | undefined {
  const at = find(command);
  const canAnswer = at >= 0 && TABLE[at + REPORT_BYTES] > 0 && payload.length >= TABLE[at + REQUEST_AT] + 2;
  return canAnswer ? reportTo(command, payload, status) : undefined;
}

/** How many values the packet of a report has, `HAS_BYTES` more if bytes follow. */
export function valuesOf(report: Command): number {
  return TABLE[find(report) + VALUES];
}
export const HAS_BYTES = 0x80;
