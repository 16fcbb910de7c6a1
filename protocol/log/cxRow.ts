import { copyBytes, readI8, sliceCopy, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { HOUR_MINUTES, minuteInHour } from "../base/time";
import { CONTACT_ID_BYTES } from "../beacon/cxGenerator";
import { MAX_NIBBLE, ROW_BYTES, SEALED_AT, SEALED_BYTES, TAG_BYTES } from "./contactRow";

// The row that hearing a CX contact identifier leaves (docs/cx.md, "Row"). Only the whole identifier opens it, and half of
// that is never stored.

const MINUTE_AT = 8;
/** The two top bits of the minute's byte say which beacon a row is of; 2 is CX. */
const KIND_BITS = 0x80;
const MINUTE_BITS = 0x3f;
const DOMAIN = Buffer.from("CX-META-v1", "utf8");

/** What was noted about one identifier within 15 minutes. */
export interface CxMetadata {
  /** The strongest hearing, dBm, -128 to 127. */
  readonly maxRssi: number;
  /** The transmit power that the frame stated, dBm. */
  readonly txPower: number;
  /** Minutes in which it was heard, 0 to 15. */
  readonly minutes: number;
  /** How often it was heard, 1 to 15, where 15 means 15 or more. */
  readonly hearings: number;
}

/** A row as it lies in flash. */
export interface CxRow {
  /** First 8 bytes of the identifier. */
  readonly tag: Buffer;
  /** Minute in the hour of the first hearing, 0 to 59. */
  readonly minuteInHour: number;
  /** 3 bytes of metadata, sealed under identifier and minute. */
  readonly sealed: Buffer;
}

/**
 * Makes the 12-byte row of an identifier. One that lives longer than 15 minutes gets another row: its first minute differs,
 * and so does the keystream.
 *
 * @param id 16 bytes
 * @param firstMinute minute of the first hearing, since 1970
 */
export function sealCxRow(sha256: Sha256, id: Buffer, firstMinute: number, metadata: CxMetadata): Buffer {
  expectLength("cxRow.id", id, CONTACT_ID_BYTES);
  const row = Buffer.alloc(ROW_BYTES);
  copyBytes(row, 0, id, 0, TAG_BYTES);
  row[MINUTE_AT] = KIND_BITS | minuteInHour(firstMinute);
  const keystream = metadataKeystream(sha256, id, firstMinute);
  row[SEALED_AT] = (metadata.maxRssi & 0xff) ^ keystream[0];
  row[SEALED_AT + 1] = (metadata.txPower & 0xff) ^ keystream[1];
  row[SEALED_AT + 2] =
    ((Math.min(metadata.minutes, MAX_NIBBLE) << 4) | Math.min(metadata.hearings, MAX_NIBBLE)) ^ keystream[2];
  return row;
}

/** Reads all of a row that can be read without its identifier. @throws FormatError */
export function decodeCxRow(bytes: Buffer): CxRow {
  expectLength("cxRow", bytes, ROW_BYTES);
  if ((bytes[MINUTE_AT] & ~MINUTE_BITS) !== KIND_BITS)
    throw new FormatError("cxRow.kind", MINUTE_AT, "not the row of a CX identifier");
  const minute = bytes[MINUTE_AT] & MINUTE_BITS;
  if (minute >= HOUR_MINUTES) throw new FormatError("cxRow.minute", MINUTE_AT, `${minute}, must be 0 to 59`);
  return {
    tag: sliceCopy(bytes, 0, TAG_BYTES),
    minuteInHour: minute,
    sealed: sliceCopy(bytes, SEALED_AT, SEALED_BYTES),
  };
}

/** Opens a row's sealed bytes; with any other identifier or minute the result is noise. */
export function openCxMetadata(sha256: Sha256, sealed: Buffer, id: Buffer, firstMinute: number): CxMetadata {
  expectLength("cxRow.sealed", sealed, SEALED_BYTES);
  expectLength("cxRow.id", id, CONTACT_ID_BYTES);
  const keystream = metadataKeystream(sha256, id, firstMinute);
  const plain = Buffer.alloc(SEALED_BYTES);
  for (let i = 0; i < SEALED_BYTES; i++) plain[i] = sealed[i] ^ keystream[i];
  return { maxRssi: readI8(plain, 0), txPower: readI8(plain, 1), minutes: plain[2] >> 4, hearings: plain[2] & 15 };
}

function metadataKeystream(sha256: Sha256, id: Buffer, firstMinute: number): Buffer {
  const message = Buffer.alloc(DOMAIN.length + CONTACT_ID_BYTES + 4);
  message.set(DOMAIN, 0);
  message.set(id, DOMAIN.length);
  writeU32(message, DOMAIN.length + CONTACT_ID_BYTES, firstMinute);
  return sha256(message);
}
