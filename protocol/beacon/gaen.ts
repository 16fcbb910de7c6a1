import { copyBytes, readI8, sliceCopy } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";

// What phones send and how their identifiers are made: Exposure Notification, Bluetooth and Cryptography Specification
// v1.2 (Google and Apple, April 2020). AES is left to whoever has it.

/** Bytes of a Temporary Exposure Key (TEK), from which a phone makes a day's identifiers. */
export const TEK_BYTES = 16;

/** Bytes of a Rolling Proximity Identifier (RPI). */
export const RPI_BYTES = 16;

/** Bytes of Associated Encrypted Metadata (AEM): version, transmit power and two reserved bytes, encrypted. */
export const AEM_BYTES = 4;

/** Minutes in an interval, the time that one RPI is made for. */
export const INTERVAL_MINUTES = 10;

/** Most intervals that a TEK lasts: a day. */
export const MAX_ROLLING_PERIOD = 144;

/** HKDF-SHA-256 info, without a salt, of the 16-byte key that makes RPIs. */
export const RPIK_INFO = "EN-RPIK";

/** HKDF-SHA-256 info, without a salt, of the 16-byte key that encrypts metadata. */
export const AEMK_INFO = "EN-AEMK";

/** Transmit powers in dBm that a receiver believes; phones refuse others too. */
export const MIN_TX_POWER = -50;
export const MAX_TX_POWER = 20;

/** What one advertisement of a phone says. */
export interface GaenFrame {
  /** 16 bytes. */
  readonly rpi: Buffer;
  /** 4 bytes: noise to everybody who has not the TEK. */
  readonly aem: Buffer;
}

/** What a phone says of itself, readable once its TEK is published. */
export interface GaenMetadata {
  /** Bits 7-6 of the first byte: 1. */
  readonly majorVersion: number;
  /** Bits 5-4: 0, or 1 in version 1.1. */
  readonly minorVersion: number;
  /** Bits 3-2, version 1.1 on: how well the transmit power is calibrated, 0 to 3. */
  readonly calibration: number;
  /** dBm, -128 to 127. */
  readonly txPower: number;
}

// AD structures: Flags (iPhones send them, Android phones do not), complete list of 16-bit service UUIDs, service data.
const FLAGS = Buffer.from("02011a", "hex");
const SERVICE_UUIDS = Buffer.from("03036ffd", "hex");
const SERVICE_DATA_HEADER = Buffer.from("17166ffd", "hex");
const AD_TYPE_AT = 1;
const AD_DATA_AT = 4;

/** Bytes of advertising data without and with Flags. */
const PLAIN_BYTES = SERVICE_UUIDS.length + AD_DATA_AT + RPI_BYTES + AEM_BYTES;
const FLAGGED_BYTES = FLAGS.length + PLAIN_BYTES;

const RPI_PREFIX = Buffer.from("EN-RPI", "utf8");
const RPI_INTERVAL_AT = 12;

/**
 * Where the 20 bytes of RPI and AEM begin in advertising data of 28 or 31 bytes; -1 if this is no phone's frame. Cheap:
 * listeners hear hundreds of other frames a second.
 */
export function findGaenData(advData: Buffer): number {
  const length = advData.length;
  if (length !== PLAIN_BYTES && length !== FLAGGED_BYTES) return -1;
  let at = 0;
  while (at < length) {
    const end = at + 1 + advData[at];
    if (advData[at] === 0 || end > length) return -1;
    if (startsWith(advData, at, SERVICE_DATA_HEADER)) return at + AD_DATA_AT;
    at = end;
  }
  return -1;
}

/**
 * Reads a phone's frame: AD structures in any order, among them the service data.
 *
 * @param advData 31 bytes (with Flags) or 28 (without)
 * @throws FormatError for anything else
 */
export function decodeGaenFrame(advData: Buffer): GaenFrame {
  if (advData.length !== PLAIN_BYTES && advData.length !== FLAGGED_BYTES)
    throw new FormatError(
      "gaen.advData",
      Math.min(advData.length, FLAGGED_BYTES),
      `${advData.length} bytes, must be ${FLAGGED_BYTES} with Flags or ${PLAIN_BYTES} without`,
    );
  const at = findGaenData(advData);
  if (at < 0)
    throw new FormatError("gaen.serviceData", AD_TYPE_AT, "no Exposure Notification service data of 20 bytes");
  return { rpi: sliceCopy(advData, at, RPI_BYTES), aem: sliceCopy(advData, at + RPI_BYTES, AEM_BYTES) };
}

/** Lays out a phone's advertising data: 31 bytes with Flags, as iPhones send them, or 28 without, as Android phones do. */
export function encodeGaenFrame(rpi: Buffer, aem: Buffer, hasFlags: boolean): Buffer {
  expectLength("gaen.rpi", rpi, RPI_BYTES);
  expectLength("gaen.aem", aem, AEM_BYTES);
  const start = hasFlags ? FLAGS.length : 0;
  const advData = Buffer.alloc(start + PLAIN_BYTES);
  if (hasFlags) advData.set(FLAGS, 0);
  advData.set(SERVICE_UUIDS, start);
  const dataAt = start + SERVICE_UUIDS.length;
  advData.set(SERVICE_DATA_HEADER, dataAt);
  advData.set(rpi, dataAt + AD_DATA_AT);
  advData.set(aem, dataAt + AD_DATA_AT + RPI_BYTES);
  return advData;
}

/** Interval number (ENIN) of a minute since 1970. */
export function intervalOfMinute(minute: number): number {
  return Math.floor(minute / INTERVAL_MINUTES);
}

/** The 16 bytes whose AES-128 encryption is the RPI of `interval`: "EN-RPI", six zeros, the interval little-endian. */
export function rpiPlaintext(interval: number): Buffer {
  const block = Buffer.alloc(RPI_BYTES);
  block.set(RPI_PREFIX, 0);
  let rest = interval;
  for (let i = 0; i < 4; i++) {
    const higher = Math.floor(rest / 0x100);
    block[RPI_INTERVAL_AT + i] = rest - higher * 0x100;
    rest = higher;
  }
  return block;
}

/** The interval of a decrypted RPI; -1 if it was made with another key. */
export function intervalOfPlaintext(block: Buffer): number {
  expectLength("gaen.rpi", block, RPI_BYTES);
  if (!startsWith(block, 0, RPI_PREFIX)) return -1;
  for (let i = RPI_PREFIX.length; i < RPI_INTERVAL_AT; i++) if (block[i] !== 0) return -1;
  let interval = 0;
  for (let i = RPI_BYTES - 1; i >= RPI_INTERVAL_AT; i--) interval = interval * 0x100 + block[i];
  return interval;
}

/**
 * Opens an AEM with the first 4 bytes of its keystream, AES-128(AEMK, RPI). There is no check value: with another key or
 * RPI the result is noise.
 */
export function openAem(aem: Buffer, keystream: Buffer): GaenMetadata {
  expectLength("gaen.aem", aem, AEM_BYTES);
  const plain = Buffer.alloc(AEM_BYTES);
  for (let i = 0; i < AEM_BYTES; i++) plain[i] = aem[i] ^ keystream[i];
  return {
    majorVersion: plain[0] >> 6,
    minorVersion: (plain[0] >> 4) & 3,
    calibration: (plain[0] >> 2) & 3,
    txPower: readI8(plain, 1),
  };
}

/** Makes the AEM of a phone of version 1.0: the inverse of openAem. */
export function sealAem(txPower: number, keystream: Buffer): Buffer {
  if (txPower < -128 || txPower > 127) throw new FormatError("gaen.txPower", 1, `${txPower} is not an i8 in dBm`);
  const aem = Buffer.alloc(AEM_BYTES);
  copyBytes(aem, 0, keystream, 0, AEM_BYTES);
  aem[0] = aem[0] ^ 0x40;
  aem[1] = aem[1] ^ (txPower & 0xff);
  return aem;
}

function startsWith(bytes: Buffer, at: number, start: Buffer): boolean {
  if (at + start.length > bytes.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start[i]) return false;
  return true;
}
