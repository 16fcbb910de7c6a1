// Entries of a zip archive from somewhere on the internet. Sizes are checked before anything is inflated, and what comes
// out against the size and CRC that the archive states; no entry that was not asked for is ever touched.

import { crc32, inflateRawSync } from "node:zlib";
import { FormatError } from "../../protocol/base/formatError";

// APPNOTE.TXT 6.3.9 (PKWARE): sections 4.3.7, 4.3.12 and 4.3.16; all integers are little-endian.
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const DIRECTORY_SIGNATURE = 0x02014b50;
const DIRECTORY_ENTRY_BYTES = 46;
const END_SIGNATURE = 0x06054b50;
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENCRYPTED_FLAG = 1;
const STORED = 0;
const DEFLATED = 8;

/** More than any export has; each costs a look at its name. */
const MAX_ENTRIES = 1000;
/** Random keys hardly shrink: an entry that grows more than this many times when inflated is no export. */
const MAX_RATIO = 200;

/** What the directory says of an entry. */
interface Entry {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly localAt: number;
  /** Where the directory speaks of it. */
  readonly directoryAt: number;
}

/**
 * Takes the named entries out of an archive; each must be there once.
 *
 * @param maxBytes the most that one may be when inflated
 * @throws FormatError that says what is wrong with the archive
 */
export function readZipEntries(archive: Buffer, names: readonly string[], maxBytes: number): Buffer[] {
  const directory = readDirectory(archive, names);
  return names.map((name) => {
    const [entry, second] = directory.get(name) ?? [];
    if (entry === undefined) throw new FormatError("zip.directory", 0, `holds no ${name}`);
    if (second !== undefined) throw new FormatError("zip.directory", second.directoryAt, `holds ${name} twice`);
    return inflate(archive, name, entry, maxBytes);
  });
}

function readDirectory(archive: Buffer, names: readonly string[]): Map<string, Entry[]> {
  const endAt = findEnd(archive);
  const count = archive.readUInt16LE(endAt + 10);
  const directoryBytes = archive.readUInt32LE(endAt + 12);
  let at = archive.readUInt32LE(endAt + 16);
  if (count > MAX_ENTRIES)
    throw new FormatError("zip.entries", endAt + 10, `${count} entries, must be at most ${MAX_ENTRIES}`);
  if (at + directoryBytes > endAt) throw new FormatError("zip.directory", endAt + 16, "lies outside of the file");
  const end = at + directoryBytes;
  const directory = new Map<string, Entry[]>();
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_ENTRY_BYTES > end || archive.readUInt32LE(at) !== DIRECTORY_SIGNATURE)
      throw new FormatError("zip.directory", at, `has no entry ${i + 1} of ${count}`);
    const nameBytes = archive.readUInt16LE(at + 28);
    const next = at + DIRECTORY_ENTRY_BYTES + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    if (next > end) throw new FormatError("zip.directory", at, "an entry runs past the end");
    const name = archive.toString("latin1", at + DIRECTORY_ENTRY_BYTES, at + DIRECTORY_ENTRY_BYTES + nameBytes);
    if (names.includes(name)) directory.set(name, [...(directory.get(name) ?? []), readEntry(archive, at)]);
    at = next;
  }
  return directory;
}

/** The end record stands last, but for a comment. */
function findEnd(archive: Buffer): number {
  const last = archive.length - END_RECORD_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--)
    if (
      archive.readUInt32LE(at) === END_SIGNATURE &&
      at + END_RECORD_BYTES + archive.readUInt16LE(at + 20) === archive.length
    )
      return at;
  throw new FormatError("zip", 0, "is no zip archive, or is cut off");
}

function readEntry(archive: Buffer, at: number): Entry {
  return {
    flags: archive.readUInt16LE(at + 8),
    method: archive.readUInt16LE(at + 10),
    crc: archive.readUInt32LE(at + 16),
    packedBytes: archive.readUInt32LE(at + 20),
    bytes: archive.readUInt32LE(at + 24),
    localAt: archive.readUInt32LE(at + 42),
    directoryAt: at,
  };
}

function inflate(archive: Buffer, name: string, entry: Entry, maxBytes: number): Buffer {
  const { flags, method, packedBytes, bytes, localAt, directoryAt } = entry;
  if ((flags & ENCRYPTED_FLAG) !== 0) throw new FormatError("zip.flags", directoryAt + 8, `${name} is encrypted`);
  if (bytes > maxBytes)
    throw new FormatError("zip.size", directoryAt + 24, `${name} is ${bytes} bytes, must be at most ${maxBytes}`);
  if (bytes > packedBytes * MAX_RATIO)
    throw new FormatError(
      "zip.size",
      directoryAt + 24,
      `${name} would grow from ${packedBytes} to ${bytes} bytes: more than ${MAX_RATIO} times`,
    );
  const packed = packedPart(archive, name, localAt, packedBytes, directoryAt);
  if (method === STORED && packedBytes !== bytes)
    throw new FormatError("zip.size", directoryAt + 24, `${name} is stored as ${packedBytes} bytes, not ${bytes}`);
  if (method !== STORED && method !== DEFLATED)
    throw new FormatError("zip.method", directoryAt + 10, `${name} is packed by method ${method}, must be 0 or 8`);
  const content = method === STORED ? packed : inflateWithin(packed, name, bytes, localAt);
  if (content.length !== bytes)
    throw new FormatError("zip.size", directoryAt + 24, `${name} is ${content.length} bytes, not ${bytes} as stated`);
  if (crc32(content) !== entry.crc) throw new FormatError("zip.crc", directoryAt + 16, `${name} is damaged`);
  return content;
}

function packedPart(archive: Buffer, name: string, localAt: number, packedBytes: number, directoryAt: number): Buffer {
  if (localAt + LOCAL_BYTES > archive.length || archive.readUInt32LE(localAt) !== LOCAL_SIGNATURE)
    throw new FormatError("zip.offset", directoryAt + 42, `${name} does not begin where the directory says`);
  const from = localAt + LOCAL_BYTES + archive.readUInt16LE(localAt + 26) + archive.readUInt16LE(localAt + 28);
  if (from + packedBytes > archive.length)
    throw new FormatError("zip.size", directoryAt + 20, `${name} runs past the end of the file`);
  return archive.subarray(from, from + packedBytes);
}

function inflateWithin(packed: Buffer, name: string, bytes: number, localAt: number): Buffer {
  try {
    // One byte more, so that an entry of no bytes has room for a limit.
    return inflateRawSync(packed, { maxOutputLength: bytes + 1 });
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new FormatError(
      "zip.data",
      localAt,
      isTooLong ? `${name} is more than the ${bytes} bytes that the archive states` : `${name} cannot be inflated`,
    );
  }
}
