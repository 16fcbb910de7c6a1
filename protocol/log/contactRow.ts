import { copyBytes, readI8, sliceCopy, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { HOUR_MINUTES, minuteInHour } from "../base/time";
import { CHIRP_BYTES } from "../beacon/chirp";

/** Bytes in a contact row. */
export const ROW_BYTES = 12;

/** Bytes of the chirp that a row keeps. */
export const TAG_BYTES = 8;

/** Delay and hearings are four bits each and saturate. */
export const MAX_NIBBLE = 15;

const MINUTE_AT = 8;
/** Where the sealed bytes lie in a row, and how many they are. */
export const SEALED_AT = 9;
export const SEALED_BYTES = 3;
const DOMAIN = Buffer.from("PACT-META-v1", "utf8");

/** What was noted about one heard chirp; only the chirp opens it. */
export interface RowMetadata {
  /** The strongest hearing, dBm, -128 to 127. */
  readonly maxRssi: number;
  /** The transmit power that the frame stated, dBm. */
  readonly txPower: number;
  /** First receive minute minus origin minute, 0 to 15. */
  readonly delay: number;
  /** How often it was heard, 1 to 15, where 15 means 15 or more. */
  readonly hearings: number;
}

/** A row as it lies in flash: nothing here tells strength, path or person. */
export interface ContactRow {
  /** First 8 bytes of the chirp. */
  readonly tag: Buffer;
  /** Minute in the hour of the origin minute, 0 to 59. */
  readonly minuteInHour: number;
  /** 3 bytes of metadata, sealed under the chirp. */
  readonly sealed: Buffer;
}

/**
 * Makes the 12-byte row of a heard chirp (docs/protocol.md, "Contact row"). A chirp gets one row and never a second: two
 * rows would share a keystream.
 *
 * @param chirp 28 bytes
 * @param originMinute receive minute minus the frame's age
 */
export function sealRow(sha256: Sha256, chirp: Buffer, originMinute: number, metadata: RowMetadata): Buffer {
  expectLength("row.chirp", chirp, CHIRP_BYTES);
  const row = Buffer.alloc(ROW_BYTES);
  copyBytes(row, 0, chirp, 0, TAG_BYTES);
  row[MINUTE_AT] = minuteInHour(originMinute);
  const keystream = metadataKeystream(sha256, chirp, originMinute);
  row[SEALED_AT] = (metadata.maxRssi & 0xff) ^ keystream[0];
  row[SEALED_AT + 1] = (metadata.txPower & 0xff) ^ keystream[1];
  row[SEALED_AT + 2] = ((nibble(metadata.delay) << 4) | nibble(metadata.hearings)) ^ keystream[2];
  return row;
}

/** Reads a row's framing: all that can be known without the chirp. @throws FormatError */
export function decodeRow(bytes: Buffer): ContactRow {
  expectLength("row", bytes, ROW_BYTES);
  const minute = bytes[MINUTE_AT];
  if (minute >= HOUR_MINUTES) throw new FormatError("row.minute", MINUTE_AT, `${minute}, must be 0 to 59`);
  return {
    tag: sliceCopy(bytes, 0, TAG_BYTES),
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
  bytes[MINUTE_AT] = row.minuteInHour;
  bytes.set(row.sealed, SEALED_AT);
  return bytes;
}

/**
 * Opens a row's three sealed bytes with the chirp that it belongs to. There is no check value: with any other chirp or
 * origin minute the result is noise, so only a row whose tag matched may be opened.
 */
export function openMetadata(sha256: Sha256, sealed: Buffer, chirp: Buffer, originMinute: number): RowMetadata {
  expectLength("row.sealed", sealed, SEALED_BYTES);
  expectLength("row.chirp", chirp, CHIRP_BYTES);
  const keystream = metadataKeystream(sha256, chirp, originMinute);
  const plain = Buffer.alloc(SEALED_BYTES);
  for (let i = 0; i < SEALED_BYTES; i++) plain[i] = sealed[i] ^ keystream[i];
  return { maxRssi: readI8(plain, 0), txPower: readI8(plain, 1), delay: plain[2] >> 4, hearings: plain[2] & 15 };
}

function metadataKeystream(sha256: Sha256, chirp: Buffer, originMinute: number): Buffer {
  const message = Buffer.alloc(DOMAIN.length + CHIRP_BYTES + 4);
  message.set(DOMAIN, 0);
  message.set(chirp, DOMAIN.length);
  writeU32(message, DOMAIN.length + CHIRP_BYTES, originMinute);
  return sha256(message);
}

function nibble(value: number): number {
  return Math.min(value, MAX_NIBBLE);
}
