/** What a CRC starts from, and what `crc16` takes as `seed` for a first piece. */
export const CRC_START = 0xffff;

/** The polynomial. Its bits stand so far apart that four at a time are divided by a plain multiplication. */
const POLYNOMIAL = 0x1021;

/** CRC-16/CCITT-FALSE of `length` bytes from `start`, going on from `seed` (CRC_START, or the CRC of the bytes before). */
export function crc16(bytes: Buffer, start: number, length: number, seed: number): number {
  let crc = seed;
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i];
    crc = ((crc << 4) & 0xffff) ^ (((crc >> 12) ^ (byte >> 4)) * POLYNOMIAL);
    crc = ((crc << 4) & 0xffff) ^ (((crc >> 12) ^ (byte & 15)) * POLYNOMIAL);
  }
  return crc;
}

/** The CRC as it is stored: never 0000 (voided) and never FFFF (not yet written). */
export function storedCrc(crc: number): number {
  if (crc === 0) return 1;
  return crc === 0xffff ? 0xfffe : crc;
}
