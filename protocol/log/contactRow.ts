import { copyBytes, readI8, sliceCopy, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { HOUR_MINUTES, minuteInHour } from "../base/time";
import type { Beacon } from "../beacon/sighting";

/** Bytes in a contact row. */
export const ROW_BYTES = 12;

/** Bytes of the identifier that a row keeps. */
export const TAG_BYTES = 8;

/** Delay and hearings are four bits each and saturate. */
export const MAX_NIBBLE = 15;

/** Where a row has its minute in the hour, and in the two top bits its kind. */
const MINUTE_AT = 8;
const KIND_SHIFT = 6;
const MINUTE_BITS = 0x3f;
/** Where the sealed bytes lie in a row, and how many they are. */
export const SEALED_AT = 9;
export const SEALED_BYTES = 3;
const DOMAIN = Buffer.from("PACT-META-v1", "utf8");

/** What was noted about one heard identifier; only the identifier opens it. */
export interface RowMetadata {
  /** The strongest hearing, dBm, -128 to 127. */
  readonly maxRssi: number;
  /** The transmit power that the frame stated, dBm. */
  readonly txPower: number;
  /** First receive minute minus origin minute, 0 to 15. */
  readonly delay: number;
  /** How often it was heard, 1 to 15, where 15 means 15 or more; of a lasting kind: in how many minutes, 1 to 15. */
  readonly hearings: number;
}

/** A row as it lies in flash: nothing here tells strength, path or person. */
export interface ContactRow {
  /** First 8 bytes of the identifier. */
  readonly tag: Buffer;
  readonly kind: Beacon;
  /** Minute in the hour of the origin minute, 0 to 59. */
  readonly minuteInHour: number;
  /** 3 bytes of metadata, sealed under the identifier. */
  readonly sealed: Buffer;
}

/**
 * Makes the 12-byte row of a heard identifier (docs/protocol.md, "Contact row"). There is one for an identifier and origin
 * minute, and never a second: two rows would share a keystream.
 *
 * @param id 16 to 28 bytes
 * @param originMinute receive minute minus the frame's age
 */
export function sealRow(sha256: Sha256, kind: Beacon, id: Buffer, originMinute: number, metadata: RowMetadata): Buffer {
  const row = Buffer.alloc(ROW_BYTES);
  copyBytes(row, 0, id, 0, TAG_BYTES);
  row[MINUTE_AT] = (kind << KIND_SHIFT) | minuteInHour(originMinute);
  const keystream = metadataKeystream(sha256, kind, id, originMinute);
  row[SEALED_AT] = (metadata.maxRssi & 0xff) ^ keystream[0];
  row[SEALED_AT + 1] = (metadata.txPower & 0xff) ^ keystream[1];
  row[SEALED_AT + 2] = ((nibble(metadata.delay) << 4) | nibble(metadata.hearings)) ^ keystream[2];
  return row;
}

/** Kind of the row at `at`. */
export function kindOfRow(rows: Buffer, at: number): Beacon {
  return rows[at + MINUTE_AT] >> KIND_SHIFT;
}

/** Minute in the hour of the origin minute of the row at `at`, 0 to 59; in a row that makes no sense up to 63. */
export function minuteOfRow(rows: Buffer, at: number): number {
  return rows[at + MINUTE_AT] & MINUTE_BITS;
}

/** Reads a row's framing: all that can be known without the identifier. @throws FormatError */
export function decodeRow(bytes: Buffer): ContactRow {
  expectLength("row", bytes, ROW_BYTES);
  const minute = minuteOfRow(bytes, 0);
  if (minute >= HOUR_MINUTES) throw new FormatError("row.minute", MINUTE_AT, `${minute}, must be 0 to 59`);
  return {
    tag: sliceCopy(bytes, 0, TAG_BYTES),
    kind: kindOfRow(bytes, 0),
    minuteInHour: minute,
    sealed: sliceCopy(bytes, SEALED_AT, SEALED_BYTES),
  };
}

/** Writes a row's framing; the inverse of decodeRow. */
export function encodeRow(row: ContactRow): Buffer {
  expectLength("row.tag", row.tag, TAG_BYTES);
  expectLength("row.sealed", row.sealed, SEALED_BYTES);
  const bytes = Buffer.alloc(ROW_BYTES);
  bytes.set(row.tag, 0);
  bytes[MINUTE_AT] = (row.kind << KIND_SHIFT) | row.minuteInHour;
  bytes.set(row.sealed, SEALED_AT);
  return bytes;
}

/**
 * Opens a row's three sealed bytes with the identifier that it belongs to. There is no check value: with any other kind,
 * identifier or origin minute the result is noise, so only a row whose tag matched may be opened.
 */
export function openMetadata(
  sha256: Sha256,
  kind: Beacon,
  sealed: Buffer,
  id: Buffer,
  originMinute: number,
): RowMetadata {
  expectLength("row.sealed", sealed, SEALED_BYTES);
  const keystream = metadataKeystream(sha256, kind, id, originMinute);
  const plain = Buffer.alloc(SEALED_BYTES);
  for (let i = 0; i < SEALED_BYTES; i++) plain[i] = sealed[i] ^ keystream[i];
  return { maxRssi: readI8(plain, 0), txPower: readI8(plain, 1), delay: plain[2] >> 4, hearings: plain[2] & 15 };
}

/**
 * What a row's three sealed bytes are XORed with: the first three bytes of a digest of identifier, kind and origin minute. The
 * kind lies where the minute has its two top bits, as in the row: they are zero until the year 4011.
 */
export function metadataKeystream(sha256: Sha256, kind: Beacon, id: Buffer, originMinute: number): Buffer {
  const minuteAt = DOMAIN.length + id.length;
  const message = Buffer.alloc(minuteAt + 4);
  message.set(DOMAIN, 0);
  message.set(id, DOMAIN.length);
  writeU32(message, minuteAt, originMinute);
  message[minuteAt] = message[minuteAt] ^ (kind << KIND_SHIFT);
  return sha256(message);
}

function nibble(value: number): number {
  return Math.min(value, MAX_NIBBLE);
}
