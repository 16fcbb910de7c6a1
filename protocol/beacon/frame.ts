import { copyBytes, readI8 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import { CHIRP_BYTES } from "./chirp";

/** Bytes in an advertiser address (AdvA), here always most significant byte first; HCI wants them the other way round. */
export const ADV_A_BYTES = 6;

/** Bytes of advertising data in every frame: all that a legacy advertisement holds. */
export const ADV_DATA_BYTES = 31;

/** The Bluetooth company id for tests; a deployment sets its own. */
export const TEST_COMPANY = 0xffff;

/** A repeater sends a chirp until this age, in minutes; an older frame is ignored. */
export const MAX_AGE_MINUTES = 10;

/** Which kind of frame carried a chirp. */
export type FrameKind = "direct" | "repeated" | "findMy";

/** What one advertisement says. */
export interface Frame {
  readonly kind: FrameKind;
  /** 28 bytes. */
  readonly chirp: Buffer;
  /** Transmit power in dBm, -128 to 127; 0 for a Find My frame, which does not say. */
  readonly txPower: number;
  /** Minutes since a repeater first heard the chirp, 1 to 10; 0 from its wearer. */
  readonly age: number;
}

/** What goes on the air for one chirp. */
export interface Advertisement {
  /** 6 bytes, most significant first: a non-resolvable private address. */
  readonly advA: Buffer;
  /** 31 bytes. */
  readonly advData: Buffer;
}

// Manufacturer-specific data of 30 bytes is all that fits, so the first 46 bits of the chirp travel in the address.
const AD_LENGTH = 0x1e;
const AD_MANUFACTURER = 0xff;
const MAGIC_0 = 0x50;
const MAGIC_1 = 0x41;
const VERSION_1 = 0x08;
const CTL_FIXED_BITS = 0x3f;
const CTL_AT = 6;
const TX_POWER_AT = 7;
const AGE_AT = 8;
const CHIRP_AT = 9;

const APPLE_COMPANY = 0x004c;
const FIND_MY_TYPE = 0x12;
const FIND_MY_LENGTH = 0x19;
const FIND_MY_KEY_AT = 7;
const FIND_MY_TOP_BITS_AT = 29;

/** Lays out the frame of a chirp (docs/protocol.md, "Frame"). `age` is 0 for a wearer and 1 to 10 for a repeater. */
export function encodeFrame(chirp: Buffer, txPower: number, age: number, company: number): Advertisement {
  expectLength("frame.chirp", chirp, CHIRP_BYTES);
  if (age < 0 || age > MAX_AGE_MINUTES) throw new FormatError("frame.age", AGE_AT, `${age}, must be 0 to 10`);
  if (txPower < -128 || txPower > 127)
    throw new FormatError("frame.txPower", TX_POWER_AT, `${txPower} is not an i8 in dBm`);
  const advA = Buffer.alloc(ADV_A_BYTES);
  copyBytes(advA, 0, chirp, 0, ADV_A_BYTES);
  advA[0] = chirp[0] & 0x3f;
  const advData = Buffer.alloc(ADV_DATA_BYTES);
  advData[0] = AD_LENGTH;
  advData[1] = AD_MANUFACTURER;
  advData[2] = company & 0xff;
  advData[3] = (company >> 8) & 0xff;
  advData[4] = MAGIC_0;
  advData[5] = MAGIC_1;
  advData[CTL_AT] = (chirp[0] & 0xc0) | VERSION_1;
  advData[TX_POWER_AT] = txPower & 0xff;
  advData[AGE_AT] = age;
  copyBytes(advData, CHIRP_AT, chirp, ADV_A_BYTES, CHIRP_BYTES - ADV_A_BYTES);
  return { advA, advData };
}

/** Whether advertising data starts like a chirp frame of `company`. Cheap: listeners hear hundreds of other frames a second. */
export function looksLikeChirpFrame(advData: Buffer, company: number): boolean {
  return (
    advData.length === ADV_DATA_BYTES &&
    advData[4] === MAGIC_0 &&
    advData[5] === MAGIC_1 &&
    hasManufacturerHeader(advData, company)
  );
}

/** Whether advertising data starts like an Apple Find My frame. */
export function looksLikeFindMyFrame(advData: Buffer): boolean {
  return (
    advData.length === ADV_DATA_BYTES &&
    advData[4] === FIND_MY_TYPE &&
    advData[5] === FIND_MY_LENGTH &&
    hasManufacturerHeader(advData, APPLE_COMPANY)
  );
}

/**
 * Reads a chirp frame of `company` or an Apple Find My frame.
 *
 * @param advA 6 bytes, most significant first
 * @param advData 31 bytes
 * @throws FormatError for anything else: other lengths, vendors, versions, set spare bits, an age above 10
 */
export function decodeFrame(advA: Buffer, advData: Buffer, company: number): Frame {
  expectLength("frame.advA", advA, ADV_A_BYTES);
  expectLength("frame.advData", advData, ADV_DATA_BYTES);
  if (looksLikeFindMyFrame(advData)) return decodeFindMy(advA, advData);
  if (!hasManufacturerHeader(advData, company))
    throw new FormatError("frame.header", 0, "not manufacturer-specific data of the configured company");
  if (advData[4] !== MAGIC_0 || advData[5] !== MAGIC_1) throw new FormatError("frame.magic", 4, 'must be "PA"');
  const ctl = advData[CTL_AT];
  if ((ctl & CTL_FIXED_BITS) !== VERSION_1)
    throw new FormatError("frame.ctl", CTL_AT, "unknown version or spare bits set");
  const age = advData[AGE_AT];
  if (age > MAX_AGE_MINUTES) throw new FormatError("frame.age", AGE_AT, `${age} minutes, must be 0 to 10`);
  if ((advA[0] & 0xc0) !== 0) throw new FormatError("frame.advA", 0, "not a non-resolvable private address");
  return {
    kind: age === 0 ? "direct" : "repeated",
    chirp: joinChirp(advA, ctl, advData, CHIRP_AT),
    txPower: readI8(advData, TX_POWER_AT),
    age,
  };
}

function decodeFindMy(advA: Buffer, advData: Buffer): Frame {
  const topBits = advData[FIND_MY_TOP_BITS_AT];
  if (topBits > 3) throw new FormatError("findMy.topBits", FIND_MY_TOP_BITS_AT, `${topBits}, must be 0 to 3`);
  if ((advA[0] & 0xc0) !== 0xc0) throw new FormatError("findMy.advA", 0, "not a static random address");
  return { kind: "findMy", chirp: joinChirp(advA, topBits << 6, advData, FIND_MY_KEY_AT), txPower: 0, age: 0 };
}

/** Joins 2 bits of `topBits`, 46 bits of the address and 22 bytes of the data to the 28 bytes that they are. */
function joinChirp(advA: Buffer, topBits: number, advData: Buffer, at: number): Buffer {
  const chirp = Buffer.alloc(CHIRP_BYTES);
  chirp.set(advA, 0);
  chirp[0] = (topBits & 0xc0) | (advA[0] & 0x3f);
  copyBytes(chirp, ADV_A_BYTES, advData, at, CHIRP_BYTES - ADV_A_BYTES);
  return chirp;
}

function hasManufacturerHeader(advData: Buffer, company: number): boolean {
  return (
    advData[0] === AD_LENGTH &&
    advData[1] === AD_MANUFACTURER &&
    advData[2] === (company & 0xff) &&
    advData[3] === ((company >> 8) & 0xff)
  );
}
