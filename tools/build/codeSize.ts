// What DeviceScript limits of a program. Its check (verify.c, 1051) wants header, function table and code of the image, which
// come first, to end before 64 KB; text, tables of numbers and service descriptions come after them and do not count.

/** Most bytes of header, function table and code. */
export const MAX_CODE_BYTES = 0xffff;

/** What the largest program of any board must leave of them, so that a mended fault does not cost a board. */
export const CODE_HEADROOM_BYTES = 1024;

/** Where the image says that the code is: offset and length, u32 each, of the second section (devs_format.h). */
const CODE_AT = 40;

/** Bytes of an image that count. */
export function codeBytesOf(image: Buffer): number {
  return image.readUInt32LE(CODE_AT) + image.readUInt32LE(CODE_AT + 4);
}
