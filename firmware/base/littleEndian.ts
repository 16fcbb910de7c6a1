// Jacdac packets and HCI are little-endian; the formats of protocol/ are big-endian and have their own helpers.

/** Reads a u16; both bytes must exist. */
export function getU16(bytes: Buffer, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

/** Reads a u32, never negative; all four bytes must exist. */
export function getU32(bytes: Buffer, at: number): number {
  return getU16(bytes, at) + getU16(bytes, at + 2) * 0x10000;
}

/** Writes the low 16 bits. */
export function putU16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >> 8) & 0xff;
}

/** Writes an integer from -2,147,483,648 to 4,294,967,295 as u32 or i32. */
export function putU32(bytes: Buffer, at: number, value: number): void {
  const unsigned = value < 0 ? value + 0x100000000 : value;
  const high = Math.floor(unsigned / 0x10000);
  putU16(bytes, at, unsigned - high * 0x10000);
  putU16(bytes, at + 2, high);
}
