import { Command, type Status } from "./codes";
import { getU16, putU16 } from "./littleEndian";

const NONE = 255;

// command | where it has its request | bytes of its report | where that has the request, and the status
// biome-ignore format: a table
const LAYOUTS = Buffer.from([
  Command.ClockSet, 4, 12, 8, 10,
  Command.ConfigGet, 0, 16, 12, 14,
  Command.ConfigSet, 4, 16, 12, 14,
  Command.Snooze, 0, 7, 4, 6,
  Command.RegionKeyAdd, 0, 4, 0, 2,
  Command.RegionKeyRemove, 0, 4, 0, 2,
  Command.RegionKeyGet, 0, 47, 4, 6,
  Command.ConsentAsk, 0, 5, 0, 2,
  Command.ExportBegin, 4, 8, 0, 2,
  Command.ExportBlock, 0, 4, 0, NONE,
  Command.ExportEnd, 0, 3, 0, 2,
  Command.ImportBegin, 0, 7, 4, 6,
  Command.ImportVerify, 0, 4, 0, 2,
  Command.ResultsBegin, 0, 8, 0, 2,
  Command.ResultsBlock, 0, 4, 0, NONE,
  Command.ResultsEnd, 0, 3, 0, 2,
  Command.Erase, 4, 7, 4, 6,
]);
const ENTRY_BYTES = 5;

function findLayout(command: number): number {
  for (let at = 0; at < LAYOUTS.length; at += ENTRY_BYTES) if (LAYOUTS[at] === command) return at;
  return -1;
}

/** The `request` of a command that has one, 0 otherwise. */
export function requestOf(command: number, payload: Buffer): number {
  const at = findLayout(command);
  return at < 0 || payload.length < LAYOUTS[at + 1] + 2 ? 0 : getU16(payload, LAYOUTS[at + 1]);
}

/** The report that refuses a command with `status`, everything else zero; undefined for a command without such a report. */
export function refusal(command: number, payload: Buffer, status: Status): Buffer | undefined {
  const at = findLayout(command);
  if (at < 0 || payload.length < LAYOUTS[at + 1] + 2) return undefined;
  const report = Buffer.alloc(LAYOUTS[at + 2]);
  putU16(report, LAYOUTS[at + 3], getU16(payload, LAYOUTS[at + 1]));
  if (LAYOUTS[at + 4] !== NONE) report[LAYOUTS[at + 4]] = status;
  return report;
}
