/** Bytes in an erasable unit of every store. */
export const SECTOR_BYTES = 4096;

/** Most bytes that one `read`, `readStrided` or `program` moves. */
export const TRANSFER_BYTES = 224;

/**
 * Raw NOR flash for the logs: the other hardware seam of the firmware. Erase sets a sector to ones, program only clears
 * bits, and a resolved promise means that the cells hold the bytes. Errors of the chip or of the way to it are thrown as
 * FlashError, and the operation may then be half done.
 */
export interface FlashStore {
  /** Bytes in the store, a multiple of SECTOR_BYTES. */
  readonly size: number;

  /** Reads `length` bytes (1 to TRANSFER_BYTES) into a buffer of the caller's own; may cross sectors. */
  read(offset: number, length: number): Promise<Buffer>;

  /** Reads `count` pieces of `length` bytes, the k-th at `offset + k * stride`; `length * count` is at most TRANSFER_BYTES. */
  readStrided(offset: number, stride: number, length: number, count: number): Promise<Buffer>;

  /** Programs 1 to TRANSFER_BYTES bytes inside one sector; every bit to be set must still be set. */
  program(offset: number, data: Buffer): Promise<void>;

  /** Erases the sector that starts at `offset`. */
  erase(offset: number): Promise<void>;
}

/** A flash operation failed: the message says which and where. */
export class FlashError extends Error {}

/** The chip itself could not do it here (worn out or stuck cells); another sector may well do. */
export class FlashFault extends FlashError {}
