import { copyBytes, readI8, sliceCopy } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import {
  ADV_A_BYTES,
  ADV_DATA_BYTES,
  type Advertisement,
  hasManufacturerHeader,
  joinId,
  manufacturerHeader,
} from "./advertisement";
import { CHIRP_BYTES } from "./chirp";
import { Beacon, type BeaconFrame, MAX_AGE_MINUTES, type RepeatedCodec } from "./sighting";

/** The Bluetooth company id for tests; a deployment sets its own. */
export const TEST_COMPANY = 0xffff;

const MAGIC_0 = 0x50;
const MAGIC_1 = 0x41;
const VERSION_1 = 0x08;
const CTL_FIXED_BITS = 0x3f;
const CTL_AT = 6;
const TX_POWER_AT = 7;
const AGE_AT = 8;
const CHIRP_AT = 9;
const ADV_NONCONN_IND = 3;

/** How chirps are heard and repeated. */
export function pactCodec(): RepeatedCodec {
  return { kind: Beacon.Pact, claims: looksLikeChirp, decode: decodeChirpFrame, encode: encodeChirpFrame };
}

/** Lays out the frame of a chirp (docs/protocol.md, "Frame"). `age` is 0 for a wearer and 1 to 10 for a repeater. */
export function encodeChirpFrame(chirp: Buffer, txPowerDbm: number, age: number, company: number): Advertisement {
  expectLength("frame.chirp", chirp, CHIRP_BYTES);
  if (age < 0 || age > MAX_AGE_MINUTES) throw new FormatError("frame.age", AGE_AT, `${age}, must be 0 to 10`);
  if (txPowerDbm < -128 || txPowerDbm > 127)
    throw new FormatError("frame.txPower", TX_POWER_AT, `${txPowerDbm} is not an i8 in dBm`);
  const advA = sliceCopy(chirp, 0, ADV_A_BYTES);
  advA[0] = chirp[0] & 0x3f;
  const advData = Buffer.alloc(ADV_DATA_BYTES);
  advData.set(manufacturerHeader(company), 0);
  advData[4] = MAGIC_0;
  advData[5] = MAGIC_1;
  advData[CTL_AT] = (chirp[0] & 0xc0) | VERSION_1;
  advData[TX_POWER_AT] = txPowerDbm & 0xff;
  advData[AGE_AT] = age;
  copyBytes(advData, CHIRP_AT, chirp, ADV_A_BYTES, CHIRP_BYTES - ADV_A_BYTES);
  return { advA, advData };
}

/**
 * Reads a chirp's frame of `company`.
 *
 * @throws FormatError for anything else: other lengths, vendors, versions, set spare bits, an age above 10
 */
export function decodeChirpFrame(advA: Buffer, advData: Buffer, company: number): BeaconFrame {
  expectLength("frame.advA", advA, ADV_A_BYTES);
  expectLength("frame.advData", advData, ADV_DATA_BYTES);
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
    kind: Beacon.Pact,
    id: joinId(advA, ctl, advData, CHIRP_AT),
    age,
    txPowerDbm: readI8(advData, TX_POWER_AT),
  };
}

function looksLikeChirp(pduType: number, bytes: Buffer, at: number, length: number): boolean {
  return (
    length === ADV_DATA_BYTES && bytes[at + 4] === MAGIC_0 && bytes[at + 5] === MAGIC_1 && pduType === ADV_NONCONN_IND
  );
}
