import { copyBytes, readI8, sliceCopy } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { ADV_A_BYTES, type Advertisement } from "./advertisement";
import { CONTACT_ID_BYTES } from "./cxGenerator";

// The frame that carries a CX contact identifier over Bluetooth. CX defines none; this one is ours (docs/cx.md, "Frame").

/** Bytes of advertising data in a CX frame. */
export const CX_ADV_DATA_BYTES = 24;

/** What a CX frame says. */
export interface CxFrame {
  /** The contact identifier, 16 bytes. */
  readonly id: Buffer;
  /** Transmit power in dBm, -128 to 127: a constant of the product, which identifies nobody. */
  readonly txPower: number;
}

const AD_LENGTH = 0x17;
const AD_MANUFACTURER = 0xff;
const MAGIC_0 = 0x43;
const MAGIC_1 = 0x58;
const CTL_AT = 6;
const VERSION_1 = 0x08;
const TX_POWER_AT = 7;
const ID_AT = 8;
const ADDRESS_DOMAIN = Buffer.from("CX-ADDR-v1", "utf8");

/** Lays out the frame of an identifier. The address follows from it, so that it tells nothing more and changes with it. */
export function encodeCxFrame(sha256: Sha256, id: Buffer, txPower: number, company: number): Advertisement {
  expectLength("cxFrame.id", id, CONTACT_ID_BYTES);
  if (txPower < -128 || txPower > 127)
    throw new FormatError("cxFrame.txPower", TX_POWER_AT, `${txPower} is not an i8 in dBm`);
  const message = Buffer.alloc(ADDRESS_DOMAIN.length + CONTACT_ID_BYTES);
  message.set(ADDRESS_DOMAIN, 0);
  message.set(id, ADDRESS_DOMAIN.length);
  const advA = sliceCopy(sha256(message), 0, ADV_A_BYTES);
  advA[0] = advA[0] & 0x3f;
  const advData = Buffer.alloc(CX_ADV_DATA_BYTES);
  advData[0] = AD_LENGTH;
  advData[1] = AD_MANUFACTURER;
  advData[2] = company & 0xff;
  advData[3] = (company >> 8) & 0xff;
  advData[4] = MAGIC_0;
  advData[5] = MAGIC_1;
  advData[CTL_AT] = VERSION_1;
  advData[TX_POWER_AT] = txPower & 0xff;
  copyBytes(advData, ID_AT, id, 0, CONTACT_ID_BYTES);
  return { advA, advData };
}

/**
 * Reads a CX frame of `company`.
 *
 * @param advA 6 bytes, most significant first
 * @param advData 24 bytes
 * @throws FormatError for anything else: other lengths, vendors, versions, addresses, and what no generator makes
 */
export function decodeCxFrame(advA: Buffer, advData: Buffer, company: number): CxFrame {
  expectLength("cxFrame.advA", advA, ADV_A_BYTES);
  expectLength("cxFrame.advData", advData, CX_ADV_DATA_BYTES);
  if (
    advData[0] !== AD_LENGTH ||
    advData[1] !== AD_MANUFACTURER ||
    advData[2] !== (company & 0xff) ||
    advData[3] !== ((company >> 8) & 0xff)
  )
    throw new FormatError("cxFrame.header", 0, "not manufacturer-specific data of the configured company");
  if (advData[4] !== MAGIC_0 || advData[5] !== MAGIC_1) throw new FormatError("cxFrame.magic", 4, 'must be "CX"');
  if (advData[CTL_AT] !== VERSION_1) throw new FormatError("cxFrame.ctl", CTL_AT, "unknown version or spare bits set");
  if ((advA[0] & 0xc0) !== 0) throw new FormatError("cxFrame.advA", 0, "not a non-resolvable private address");
  if ((advData[ID_AT + 6] & 0xf0) !== 0x40 || (advData[ID_AT + 8] & 0xc0) !== 0x80)
    throw new FormatError("cxFrame.id", ID_AT, "not a UUID of version 4");
  return { id: sliceCopy(advData, ID_AT, CONTACT_ID_BYTES), txPower: readI8(advData, TX_POWER_AT) };
}
