import { isZero, readU16, readU32, sliceCopy, writeU16, writeU32 } from "../../protocol/base/bytes";
import { CRC_START, crc16, storedCrc } from "./crc16";

/** Bytes of a record's payload. */
export const PAYLOAD_BYTES = 32;

/** Bytes of a record's hour, with which it begins. */
export const HOUR_BYTES = 4;

/** Where a record has its CRC, which is programmed after the rest. */
export const CRC_AT = HOUR_BYTES + PAYLOAD_BYTES;

/** Bytes of a record: hour u32 | payload 32 | CRC u16. */
export const RECORD_BYTES = CRC_AT + 2;

/** What stands for the hour where no record has been written. */
export const BLANK_HOUR = 0xffffffff;

/** Encodes a record; a payload of less than 32 bytes is filled up with zeros. */
export function encodeRecord(hour: number, payload: Buffer): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  writeU32(record, 0, hour);
  record.set(payload, 4);
  writeU16(record, CRC_AT, recordCrc(record, 0));
  return record;
}

/** The payload of the record at `at`, or undefined if it is not whole or was erased. */
export function payloadAt(records: Buffer, at: number): Buffer | undefined {
  if (isZero(records, at, RECORD_BYTES) || readU16(records, at + CRC_AT) !== recordCrc(records, at)) return undefined;
  return sliceCopy(records, at + 4, PAYLOAD_BYTES);
}

/** The payload of the last whole record of an hour among records that lie one after the other. */
export function findRecord(records: Buffer, hour: number): Buffer | undefined {
  let found: Buffer | undefined;
  for (let at = 0; at < records.length; at += RECORD_BYTES)
    if (readU32(records, at) === hour) found = payloadAt(records, at) || found;
  return found;
}

function recordCrc(bytes: Buffer, at: number): number {
  return storedCrc(crc16(bytes, at, CRC_AT, CRC_START));
}
