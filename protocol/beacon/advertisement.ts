import { compareBytes, copyBytes } from "../base/bytes";

/** Bytes in an advertiser address (AdvA), here always most significant byte first; HCI wants them the other way round. */
export const ADV_A_BYTES = 6;

/** Most bytes of advertising data that a legacy advertisement holds. */
export const ADV_DATA_BYTES = 31;

const HEADER_BYTES = 4;
/** Bytes of a 28-byte identifier that travel in the data; the others are in the address. */
const DATA_BYTES = 22;

/** What goes on the air, or comes from there. */
export interface Advertisement {
  /** 6 bytes, most significant first. */
  readonly advA: Buffer;
  /** Up to 31 bytes. */
  readonly advData: Buffer;
}

/**
 * The first 4 bytes of advertising data that hold nothing but 30 bytes of a company's own. That is all that fits, so the first
 * 46 bits of a 28-byte identifier travel in the address.
 */
export function manufacturerHeader(company: number): Buffer {
  return Buffer.from([0x1e, 0xff, company & 0xff, company >> 8]);
}

/** Whether advertising data begin with a company's header. */
export function hasManufacturerHeader(advData: Buffer, company: number): boolean {
  return compareBytes(advData, 0, manufacturerHeader(company), 0, HEADER_BYTES) === 0;
}

/** Joins the two top bits of `topBits`, 46 bits of the address and 22 bytes of the data to the 28 bytes that they are. */
export function joinId(advA: Buffer, topBits: number, advData: Buffer, at: number): Buffer {
  const id = Buffer.alloc(ADV_A_BYTES + DATA_BYTES);
  id.set(advA, 0);
  id[0] = (topBits & 0xc0) | (advA[0] & 0x3f);
  copyBytes(id, ADV_A_BYTES, advData, at, DATA_BYTES);
  return id;
}
