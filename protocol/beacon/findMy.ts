// Apple Find My, as far as its advertisements carry a key (docs/protocol.md, "Apple Find My"). We hear them and send none.

import { expectLength, FormatError } from "../base/formatError";
import { ADV_A_BYTES, ADV_DATA_BYTES, hasManufacturerHeader, joinId } from "./advertisement";
import { Beacon, type BeaconCodec, type BeaconFrame } from "./sighting";

const APPLE_COMPANY = 0x004c;
const TYPE = 0x12;
const LENGTH = 0x19;
const KEY_AT = 7;
const TOP_BITS_AT = 29;

/** How Find My keys are heard. */
export function findMyCodec(): BeaconCodec {
  return { kind: Beacon.FindMy, claims: looksLikeFindMy, decode: decodeFindMyFrame };
}

/**
 * Reads the advertisement of a Find My device that is away from its owner. Its transmit power, which it does not state,
 * counts as 0 dBm.
 *
 * @throws FormatError for anything else
 */
export function decodeFindMyFrame(advA: Buffer, advData: Buffer): BeaconFrame {
  expectLength("findMy.advA", advA, ADV_A_BYTES);
  if (!looksLikeFindMy(0, advData, 0, advData.length) || !hasManufacturerHeader(advData, APPLE_COMPANY))
    throw new FormatError("findMy.header", 0, "not a Find My advertisement of 31 bytes");
  const topBits = advData[TOP_BITS_AT];
  if (topBits > 3) throw new FormatError("findMy.topBits", TOP_BITS_AT, `${topBits}, must be 0 to 3`);
  if ((advA[0] & 0xc0) !== 0xc0) throw new FormatError("findMy.advA", 0, "not a static random address");
  return { kind: Beacon.FindMy, id: joinId(advA, topBits << 6, advData, KEY_AT), age: 0, txPowerDbm: 0 };
}

function looksLikeFindMy(_pduType: number, bytes: Buffer, at: number, length: number): boolean {
  return length === ADV_DATA_BYTES && bytes[at + 4] === TYPE && bytes[at + 5] === LENGTH;
}
