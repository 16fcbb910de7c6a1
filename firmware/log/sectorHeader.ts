import { readU16, readU32, writeU16, writeU32 } from "../../protocol/base/bytes";
import { CRC_START, crc16, storedCrc } from "./crc16";

/** Bytes of the header that opens every sector of a log. */
export const HEADER_BYTES = 11;

/** Hours that a sector may reach beyond the hour it was opened for; it also may reach one hour back. */
export const MAX_SPAN = 126;

/** Stands for a span that is not known: the sector may hold any hour up to MAX_SPAN. */
export const UNKNOWN_SPAN = 255;

/** Where a header has its CRC. */
export const HEADER_CRC_AT = HEADER_BYTES - 2;

/** The start of a sector: kind 1 | sequence u32 | first hour u24 | span of the sector before, 1 | CRC u16. */
export interface SectorHeader {
  /** Which log the sector belongs to, or that everything before is being erased. */
  readonly kind: number;
  /** Counts the sectors that the log has opened, so that the newest can be told. */
  readonly sequence: number;
  /** UTC hour that the sector was opened for. */
  readonly firstHour: number;
  /** Last hour minus first hour of the sector with the sequence number before this one, or UNKNOWN_SPAN. */
  readonly spanBefore: number;
  /** Whether the sector is being overwritten: nothing in it counts, and the other fields may be torn. */
  readonly isGoing: boolean;
}

/** Encodes a header; an hour fits 24 bits until the year 3883. */
export function encodeHeader(kind: number, sequence: number, firstHour: number, spanBefore: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes[0] = kind;
  writeU32(bytes, 1, sequence);
  bytes[5] = (firstHour >> 16) & 0xff;
  writeU16(bytes, 6, firstHour);
  bytes[8] = spanBefore;
  writeU16(bytes, HEADER_CRC_AT, headerCrc(bytes, 0));
  return bytes;
}

/** The header at `at`, or undefined if there is none: a blank, torn or rotten one. A CRC that only lost bits was voided. */
export function decodeHeader(bytes: Buffer, at: number): SectorHeader | undefined {
  const stored = readU16(bytes, at + HEADER_CRC_AT);
  const crc = headerCrc(bytes, at);
  if ((stored & crc) !== stored) return undefined;
  return {
    kind: bytes[at],
    sequence: readU32(bytes, at + 1),
    firstHour: (bytes[at + 5] << 16) | readU16(bytes, at + 6),
    spanBefore: bytes[at + 8],
    isGoing: stored !== crc,
  };
}

function headerCrc(bytes: Buffer, at: number): number {
  return storedCrc(crc16(bytes, at, HEADER_CRC_AT, CRC_START));
}
