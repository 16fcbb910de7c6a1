import { FormatError } from "./formatError";

/** Bytes of a region on the wire: an ISO 3166-2 code in ASCII, zero padded. */
export const REGION_BYTES = 6;

/** Writes a region such as "US-MA", "GB-ENG" or "DE". @throws FormatError */
export function encodeRegion(region: string): Buffer {
  const bytes = Buffer.alloc(REGION_BYTES);
  const ascii = Buffer.from(region, "utf8");
  if (ascii.length > REGION_BYTES) throw new FormatError("region", 0, "longer than 6 characters");
  bytes.set(ascii, 0);
  decodeRegion(bytes, 0);
  return bytes;
}

/** Reads the region at `offset`, of which 6 bytes must exist. @throws FormatError unless it is shaped like ISO 3166-2 */
export function decodeRegion(bytes: Buffer, offset: number): string {
  let length = 0;
  while (length < REGION_BYTES && bytes[offset + length] !== 0) length++;
  for (let i = length; i < REGION_BYTES; i++)
    if (bytes[offset + i] !== 0) throw new FormatError("region", offset + i, "bytes after the zero padding");
  for (let i = 0; i < length; i++)
    if (!isAllowed(bytes[offset + i], i))
      throw new FormatError("region", offset + i, "not an ISO 3166-2 code such as US-MA");
  if (length < 2 || length === 3) throw new FormatError("region", offset, "not an ISO 3166-2 code such as US-MA");
  return bytes.slice(offset, offset + length).toString("utf8");
}

/** Two letters of a country, then at most a hyphen and one to three letters or digits of a subdivision. */
function isAllowed(byte: number, position: number): boolean {
  if (position === 2) return byte === 0x2d;
  const isLetter = byte >= 0x41 && byte <= 0x5a;
  return isLetter || (position > 2 && byte >= 0x30 && byte <= 0x39);
}
