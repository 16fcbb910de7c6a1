/** What a CRC starts from, and what `crc16` takes as `seed` for a first piece. */
export const CRC_START = 0xffff;

/** CRC-16/CCITT-FALSE of each high nibble (polynomial 1021): 32 bytes of table for two steps a byte. */
const STEP = [
  0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad,
  0xe1ce, 0xf1ef,
];

/** CRC-16/CCITT-FALSE of `length` bytes from `start`, going on from `seed` (CRC_START, or the CRC of the bytes before). */
export function crc16(bytes: Buffer, start: number, length: number, seed: number): number {
  let crc = seed;
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i];
    crc = ((crc << 4) & 0xffff) ^ STEP[(crc >> 12) ^ (byte >> 4)];
    crc = ((crc << 4) & 0xffff) ^ STEP[(crc >> 12) ^ (byte & 15)];
  }
  return crc;
}

/** The CRC as it is stored: never 0000 (voided) and never FFFF (not yet written). */
export function storedCrc(crc: number): number {
  if (crc === 0) return 1;
  return crc === 0xffff ? 0xfffe : crc;
}
