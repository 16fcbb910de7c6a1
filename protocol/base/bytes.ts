// The few byte operations that DeviceScript's Buffer and Node's do not share. All integers are big-endian.

/** Reads a u16; both bytes must exist. */
export function readU16(bytes: Buffer, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}

/** Reads a u32; all four bytes must exist. Never negative, unlike the DeviceScript VM's own. */
export function readU32(bytes: Buffer, offset: number): number {
  return bytes[offset] * 0x1000000 + ((bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3]);
}

/** Reads a two's complement byte, -128 to 127. */
export function readI8(bytes: Buffer, offset: number): number {
  const byte = bytes[offset];
  return byte > 127 ? byte - 256 : byte;
}

/** Writes the low 16 bits of `value`. */
export function writeU16(bytes: Buffer, offset: number, value: number): void {
  bytes[offset] = (value >> 8) & 0xff;
  bytes[offset + 1] = value & 0xff;
}

/** Writes a u32, 0 to 4,294,967,295. */
export function writeU32(bytes: Buffer, offset: number, value: number): void {
  const high = Math.floor(value / 0x10000);
  writeU16(bytes, offset, high);
  writeU16(bytes, offset + 2, value - high * 0x10000);
}

/** Copies `length` bytes of `from`, starting at `start`, to `offset` of `to`. */
export function copyBytes(to: Buffer, offset: number, from: Buffer, start: number, length: number): void {
  to.set(from.slice(start, start + length), offset);
}

/** A copy of its own of `length` bytes from `start` (Node's Buffer.slice would share memory). */
export function sliceCopy(bytes: Buffer, start: number, length: number): Buffer {
  const copy = Buffer.alloc(length);
  copyBytes(copy, 0, bytes, start, length);
  return copy;
}

/** Orders two runs of `length` bytes: negative, 0 or positive, as memcmp does. */
export function compareBytes(a: Buffer, aStart: number, b: Buffer, bStart: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `length` bytes from `start` are all zero. */
export function isZero(bytes: Buffer, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[start + i] !== 0) return false;
  return true;
}
