import { compareBytes, isZero, readU32, sliceCopy, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import { decodeRegion, encodeRegion } from "../base/region";
import type { Sha256 } from "../base/sha256";
import { KEY_ID_BYTES } from "./shard";

// One format for what is published about beacons that a keyfob cannot derive itself (docs/protocol.md, "Beacon report"):
// the file carries compact sources, the signature covers their expansion into blocks.

/** Bytes of a beacon report's header. */
export const BEACON_HEADER_BYTES = 64;

/** Bytes of an expanded block. */
export const BEACON_BLOCK_BYTES = 200;

/** What the publisher signs is bound to this context (FIPS 205, pure mode). */
export const BEACON_SIGNATURE_CONTEXT = "PACT-BEACON-v1";

/** Where a block keeps the number of its entries. */
export const BEACON_COUNT_AT = 4;
/** Where a block keeps its entries, one after the other. */
export const BEACON_ENTRIES_AT = 8;

/** What differs from one kind of beacon to another. */
export interface BeaconLayout {
  /** As in the header, and in the two top bits of a row's minute: 1 Exposure Notification, 2 CX, 3 Find My. */
  readonly kind: number;
  /** Bytes of a source in the file. */
  readonly sourceBytes: number;
  /** Bytes of an entry in a block: the identifier, then what is said about it. At most 192. */
  readonly entryBytes: number;
  /** Bytes of the identifier at an entry's start. */
  readonly idBytes: number;
  /** Minutes of the intervals by which blocks are ordered. */
  readonly intervalMinutes: number;
}

/** A beacon report's first 64 bytes. */
export interface BeaconReportHeader {
  readonly kind: number;
  /** ISO 3166-2 code. */
  readonly region: string;
  /** Sequence number of the chunk in its region's feed. */
  readonly chunk: number;
  /** When it was published, Unix seconds. */
  readonly published: number;
  /** Interval of the first and of the last block; both 0 in an empty report. */
  readonly firstInterval: number;
  readonly lastInterval: number;
  /** Blocks that the sources expand to, and entries in all of them. */
  readonly blocks: number;
  readonly entries: number;
  /** First 8 bytes of SHA-256(public key). */
  readonly keyId: Buffer;
  /** Sources in the file. */
  readonly sources: number;
}

const MAGIC = Buffer.from("PACTBCNR", "utf8");
const VERSION = 1;
const VERSION_AT = 8;
const KIND_AT = 9;
const REGION_AT = 10;
const CHUNK_AT = 16;
const PUBLISHED_AT = 20;
const FIRST_INTERVAL_AT = 24;
const LAST_INTERVAL_AT = 28;
const BLOCKS_AT = 32;
const ENTRIES_AT = 36;
const KEY_ID_AT = 40;
const SOURCES_AT = 48;
const HEADER_ZERO_AT = 52;
const BLOCK_ZERO_AT = 5;
const DIGEST_BYTES = 32;

/** Most entries in a block. */
export function entriesPerBlock(layout: BeaconLayout): number {
  return Math.floor((BEACON_BLOCK_BYTES - BEACON_ENTRIES_AT) / layout.entryBytes);
}

/** Lays out a header. @throws FormatError */
export function encodeBeaconHeader(layout: BeaconLayout, header: BeaconReportHeader): Buffer {
  expectLength("beacon.keyId", header.keyId, KEY_ID_BYTES);
  const bytes = Buffer.alloc(BEACON_HEADER_BYTES);
  bytes.set(MAGIC, 0);
  bytes[VERSION_AT] = VERSION;
  bytes[KIND_AT] = header.kind;
  bytes.set(encodeRegion(header.region), REGION_AT);
  writeU32(bytes, CHUNK_AT, header.chunk);
  writeU32(bytes, PUBLISHED_AT, header.published);
  writeU32(bytes, FIRST_INTERVAL_AT, header.firstInterval);
  writeU32(bytes, LAST_INTERVAL_AT, header.lastInterval);
  writeU32(bytes, BLOCKS_AT, header.blocks);
  writeU32(bytes, ENTRIES_AT, header.entries);
  bytes.set(header.keyId, KEY_ID_AT);
  writeU32(bytes, SOURCES_AT, header.sources);
  expectPlausible(layout, header);
  return bytes;
}

/** Reads a 64-byte header of that kind. @throws FormatError */
export function decodeBeaconHeader(layout: BeaconLayout, bytes: Buffer): BeaconReportHeader {
  expectLength("beacon.header", bytes, BEACON_HEADER_BYTES);
  for (let i = 0; i < MAGIC.length; i++)
    if (bytes[i] !== MAGIC[i]) throw new FormatError("beacon.magic", 0, 'must be "PACTBCNR"');
  if (bytes[VERSION_AT] !== VERSION)
    throw new FormatError("beacon.version", VERSION_AT, `${bytes[VERSION_AT]}, must be 1`);
  if (!isZero(bytes, HEADER_ZERO_AT, BEACON_HEADER_BYTES - HEADER_ZERO_AT))
    throw new FormatError("beacon.reserved", HEADER_ZERO_AT, "must be zero");
  const header: BeaconReportHeader = {
    kind: bytes[KIND_AT],
    region: decodeRegion(bytes, REGION_AT),
    chunk: readU32(bytes, CHUNK_AT),
    published: readU32(bytes, PUBLISHED_AT),
    firstInterval: readU32(bytes, FIRST_INTERVAL_AT),
    lastInterval: readU32(bytes, LAST_INTERVAL_AT),
    blocks: readU32(bytes, BLOCKS_AT),
    entries: readU32(bytes, ENTRIES_AT),
    keyId: sliceCopy(bytes, KEY_ID_AT, KEY_ID_BYTES),
    sources: readU32(bytes, SOURCES_AT),
  };
  expectPlausible(layout, header);
  return header;
}

/**
 * Reads expanded blocks as they stream in: checks order, totals and intervals, and computes the hash chain
 * c_0 = SHA-256(header), c_i = SHA-256(c_(i-1) || block_i). Constant memory; SHA-256 is all the cryptography it takes.
 */
export class BeaconReportReader {
  readonly header: BeaconReportHeader;
  /** Blocks accepted so far. */
  accepted: number;
  private readonly sha256: Sha256;
  private readonly layout: BeaconLayout;
  private readonly link: Buffer;
  private lastInterval: number;
  private lastCount: number;
  /** The last entry of the block before. */
  private readonly lastEntry: Buffer;
  private entries: number;

  /** @throws FormatError if the 64-byte header is not valid, or of another kind */
  constructor(sha256: Sha256, layout: BeaconLayout, header: Buffer) {
    this.header = decodeBeaconHeader(layout, header);
    this.sha256 = sha256;
    this.layout = layout;
    this.accepted = 0;
    this.entries = 0;
    this.lastInterval = 0;
    this.lastCount = 0;
    this.link = Buffer.alloc(DIGEST_BYTES + BEACON_BLOCK_BYTES);
    this.link.set(sha256(header), 0);
    this.lastEntry = Buffer.alloc(layout.entryBytes);
  }

  /**
   * Takes the next 200-byte block; its entries lie from BEACON_ENTRIES_AT on. After an error nothing has changed, so the
   * right block may still follow. @throws FormatError
   */
  accept(block: Buffer): void {
    if (this.accepted >= this.header.blocks)
      throw new FormatError("beacon.blocks", BLOCKS_AT, "more blocks than the header says");
    const count = expectBlock(this.layout, block);
    const interval = readU32(block, 0);
    this.expectOrder(block, interval);
    const isLast = this.accepted === this.header.blocks - 1;
    if (isLast && interval !== this.header.lastInterval)
      throw new FormatError("block.interval", 0, "last block is not of the last interval");
    const entries = this.entries + count;
    if (isLast ? entries !== this.header.entries : entries >= this.header.entries)
      throw new FormatError("beacon.entries", ENTRIES_AT, "blocks do not hold as many entries as the header says");
    const { entryBytes } = this.layout;
    this.entries = entries;
    this.lastInterval = interval;
    this.lastCount = count;
    this.lastEntry.set(sliceCopy(block, BEACON_ENTRIES_AT + (count - 1) * entryBytes, entryBytes), 0);
    this.link.set(block, DIGEST_BYTES);
    this.link.set(this.sha256(this.link), 0);
    this.accepted++;
  }

  /**
   * Whether every block that the header announces has been accepted.
   *
   * @devsWhenUsed
   */
  isComplete(): boolean {
    return this.accepted === this.header.blocks;
  }

  /**
   * What the signature of a complete report signs, 64 bytes: SHA-256(all sources) || c_b. Whoever can expand sources
   * itself makes it from them; everybody else takes their digest and the blocks.
   */
  signedMessage(sourcesDigest: Buffer): Buffer {
    expectLength("beacon.sourcesDigest", sourcesDigest, DIGEST_BYTES);
    const message = Buffer.alloc(2 * DIGEST_BYTES);
    message.set(sourcesDigest, 0);
    message.set(sliceCopy(this.link, 0, DIGEST_BYTES), DIGEST_BYTES);
    return message;
  }

  private expectOrder(block: Buffer, interval: number): void {
    if (this.accepted === 0) {
      if (interval !== this.header.firstInterval)
        throw new FormatError("block.interval", 0, "first block is not of the first interval");
      return;
    }
    if (interval > this.lastInterval) return;
    if (interval < this.lastInterval) throw new FormatError("block.interval", 0, "intervals must not descend");
    if (this.lastCount !== entriesPerBlock(this.layout))
      throw new FormatError("block.count", BEACON_COUNT_AT, "only the last block of an interval may be partly filled");
    if (compareBytes(this.lastEntry, 0, block, BEACON_ENTRIES_AT, this.layout.idBytes) >= 0)
      throw new FormatError("block.entries", BEACON_ENTRIES_AT, "identifiers of an interval must ascend");
  }
}

/** Checks a block by itself. @returns how many entries it has */
function expectBlock(layout: BeaconLayout, block: Buffer): number {
  expectLength("block", block, BEACON_BLOCK_BYTES);
  const count = block[BEACON_COUNT_AT];
  const most = entriesPerBlock(layout);
  if (count < 1 || count > most)
    throw new FormatError("block.count", BEACON_COUNT_AT, `${count} entries, must be 1 to ${most}`);
  if (!isZero(block, BLOCK_ZERO_AT, BEACON_ENTRIES_AT - BLOCK_ZERO_AT))
    throw new FormatError("block.reserved", BLOCK_ZERO_AT, "must be zero");
  const end = BEACON_ENTRIES_AT + count * layout.entryBytes;
  if (!isZero(block, end, BEACON_BLOCK_BYTES - end))
    throw new FormatError("block.entries", end, "unused entries must be zero");
  for (let at = BEACON_ENTRIES_AT + layout.entryBytes; at < end; at += layout.entryBytes)
    if (compareBytes(block, at - layout.entryBytes, block, at, layout.idBytes) >= 0)
      throw new FormatError("block.entries", at, "identifiers must ascend and differ");
  return count;
}

function expectPlausible(layout: BeaconLayout, header: BeaconReportHeader): void {
  if (header.kind !== layout.kind)
    throw new FormatError("beacon.kind", KIND_AT, `${header.kind}, must be ${layout.kind}`);
  if (header.blocks === 0) {
    if (header.entries !== 0 || header.sources !== 0)
      throw new FormatError("beacon.entries", ENTRIES_AT, "entries or sources without a block");
    if (header.firstInterval !== 0 || header.lastInterval !== 0)
      throw new FormatError("beacon.firstInterval", FIRST_INTERVAL_AT, "an empty report covers no interval");
    return;
  }
  if (header.sources === 0) throw new FormatError("beacon.sources", SOURCES_AT, "blocks without a source");
  if (header.entries < header.blocks || header.entries > header.blocks * entriesPerBlock(layout))
    throw new FormatError("beacon.entries", ENTRIES_AT, `${header.entries} entries do not fit ${header.blocks} blocks`);
  if (header.firstInterval > header.lastInterval)
    throw new FormatError("beacon.firstInterval", FIRST_INTERVAL_AT, "after the last interval");
}
