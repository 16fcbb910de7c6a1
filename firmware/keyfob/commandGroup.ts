import type { Status } from "./codes";
import { putU16 } from "./littleEndian";

/**
 * Some commands of services/keyfob.md that belong together. A group parses the payload itself and answers with the payload
 * of the report; undefined: no report (the packet cannot be understood, or wants none).
 */
export interface CommandGroup {
  /** Whether `command` is one of this group's. */
  offers(command: number): boolean;
  handle(command: number, payload: Buffer): Promise<Buffer | undefined>;
}

/** The report `request u16 | status u8`, with zeros up to `length` bytes. */
export function statusReport(request: number, status: Status, length: number): Buffer {
  const report = Buffer.alloc(length);
  putU16(report, 0, request);
  report[2] = status;
  return report;
}
