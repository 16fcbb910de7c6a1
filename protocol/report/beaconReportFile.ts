import { compareBytes, readU32, sliceCopy, writeU32 } from "../base/bytes";
import { FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { SLH_DSA_SIGNATURE_BYTES } from "../crypto/slhDsa";
import {
  BEACON_BLOCK_BYTES,
  BEACON_COUNT_AT,
  BEACON_ENTRIES_AT,
  BEACON_HEADER_BYTES,
  type BeaconLayout,
  type BeaconReportHeader,
  BeaconReportReader,
  decodeBeaconHeader,
  encodeBeaconHeader,
  entriesPerBlock,
} from "./beaconReport";

/** Most sources in a file: what a host keeps in memory while it expands them has a bound. */
export const MAX_SOURCES = 30_000;

/** More than MAX_SOURCES; with four bytes before it still a whole number. */
const PLACES = 0x100000;

/** A beacon report as it travels: sources, not blocks. */
export interface BeaconReportFile {
  readonly header: BeaconReportHeader;
  /** The 64 bytes that `header` was read from. */
  readonly headerBytes: Buffer;
  /** All sources, one after the other, ascending and different. */
  readonly sources: Buffer;
  /** 7,856 bytes, not verified by decoding. */
  readonly signature: Buffer;
}

/** All identifiers of one interval. */
export interface IntervalEntries {
  readonly interval: number;
  /** Entries of the kind's length, one after the other, in any order. */
  readonly entries: Buffer;
}

/** Consecutive intervals that have as many entries each. */
export interface IntervalRun {
  readonly first: number;
  readonly intervals: number;
  /** In each of them, 1 or more. */
  readonly entries: number;
}

/** How a kind's sources become identifiers: everything that the format leaves to it. */
export interface BeaconExpansion {
  readonly layout: BeaconLayout;
  /** How many entries the intervals have, ascending; cheap. @throws FormatError for a source that is not valid */
  count(sources: Buffer): readonly IntervalRun[];
  /** The identifiers, ascending by interval; takes no more memory than a part of them needs. */
  expand(sources: Buffer): Iterable<IntervalEntries>;
}

/** The parts of a header that do not follow from the sources. */
export type BeaconIdentity = Pick<BeaconReportHeader, "region" | "chunk" | "published" | "keyId">;

/** Bytes of a file with `sources` sources. */
export function beaconFileBytes(layout: BeaconLayout, sources: number): number {
  return BEACON_HEADER_BYTES + sources * layout.sourceBytes + SLH_DSA_SIGNATURE_BYTES;
}

/** Reads a file, all but the signature's validity and what the sources mean. @throws FormatError */
export function decodeBeaconReportFile(layout: BeaconLayout, file: Buffer): BeaconReportFile {
  if (file.length < BEACON_HEADER_BYTES)
    throw new FormatError("beacon", file.length, `${file.length} bytes, shorter than the 64-byte header`);
  const headerBytes = sliceCopy(file, 0, BEACON_HEADER_BYTES);
  const header = decodeBeaconHeader(layout, headerBytes);
  expectFew(header.sources);
  if (file.length !== beaconFileBytes(layout, header.sources))
    throw new FormatError(
      "beacon",
      file.length,
      `${file.length} bytes, but ${header.sources} sources make ${beaconFileBytes(layout, header.sources)}`,
    );
  const length = header.sources * layout.sourceBytes;
  const sources = sliceCopy(file, BEACON_HEADER_BYTES, length);
  expectAscending(layout, sources);
  return {
    header,
    headerBytes,
    sources,
    signature: sliceCopy(file, BEACON_HEADER_BYTES + length, SLH_DSA_SIGNATURE_BYTES),
  };
}

/**
 * Lays out everything of a file but its signature, which signs `message` with BEACON_SIGNATURE_CONTEXT. The file is
 * `unsigned` followed by the 7,856-byte signature.
 *
 * @param sources ascending and different
 * @throws FormatError
 */
export function layOutBeaconReport(
  sha256: Sha256,
  expansion: BeaconExpansion,
  identity: BeaconIdentity,
  sources: Buffer,
): { unsigned: Buffer; message: Buffer } {
  const { layout } = expansion;
  const count = sources.length / layout.sourceBytes;
  expectFew(count);
  expectAscending(layout, sources);
  const header = encodeBeaconHeader(layout, { ...identity, ...totalsOf(expansion, sources), sources: count });
  return {
    unsigned: Buffer.concat([header, sources]),
    message: messageOf(sha256, expansion, header, sources),
  };
}

/**
 * What the signature of a file must sign: expands its sources.
 *
 * @throws FormatError if header and sources do not belong together
 */
export function beaconReportMessage(sha256: Sha256, expansion: BeaconExpansion, file: BeaconReportFile): Buffer {
  const totals = totalsOf(expansion, file.sources);
  const { header } = file;
  if (
    totals.blocks !== header.blocks ||
    totals.entries !== header.entries ||
    totals.firstInterval !== header.firstInterval ||
    totals.lastInterval !== header.lastInterval
  )
    throw new FormatError("beacon.blocks", 0, "the header does not say what the sources expand to");
  return messageOf(sha256, expansion, file.headerBytes, file.sources);
}

/** The blocks that sources expand to, in the one order that there is. */
export function* beaconBlocks(expansion: BeaconExpansion, sources: Buffer): Generator<Buffer> {
  for (const { interval, entries } of expansion.expand(sources))
    yield* packInterval(expansion.layout, interval, entries);
}

function messageOf(sha256: Sha256, expansion: BeaconExpansion, header: Buffer, sources: Buffer): Buffer {
  const reader = new BeaconReportReader(sha256, expansion.layout, header);
  for (const block of beaconBlocks(expansion, sources)) reader.accept(block);
  return reader.signedMessage(sha256(sources));
}

function totalsOf(
  expansion: BeaconExpansion,
  sources: Buffer,
): Pick<BeaconReportHeader, "kind" | "blocks" | "entries" | "firstInterval" | "lastInterval"> {
  const runs = expansion.count(sources);
  const perBlock = entriesPerBlock(expansion.layout);
  let blocks = 0;
  let entries = 0;
  for (const run of runs) {
    blocks += run.intervals * Math.ceil(run.entries / perBlock);
    entries += run.intervals * run.entries;
  }
  const last = runs[runs.length - 1];
  return {
    kind: expansion.layout.kind,
    blocks,
    entries,
    firstInterval: runs.length > 0 ? runs[0].first : 0,
    lastInterval: last ? last.first + last.intervals - 1 : 0,
  };
}

/** Sorts an interval's entries by their bytes and packs them: of its blocks only the last may not be full. */
function* packInterval(layout: BeaconLayout, interval: number, entries: Buffer): Generator<Buffer> {
  const { entryBytes } = layout;
  const order = sortedPlaces(entryBytes, entries);
  const most = entriesPerBlock(layout);
  for (let from = 0; from < order.length; from += most) {
    const block = Buffer.alloc(BEACON_BLOCK_BYTES);
    const count = Math.min(most, order.length - from);
    writeU32(block, 0, interval);
    block[BEACON_COUNT_AT] = count;
    let at = BEACON_ENTRIES_AT;
    for (let i = 0; i < count; i++) {
      const entryAt = order[from + i] * entryBytes;
      for (let k = 0; k < entryBytes; k++) block[at++] = entries[entryAt + k];
    }
    yield block;
  }
}

/**
 * The places of an interval's entries in the order of their bytes. Identifiers are random, so that their first four bytes
 * tell nearly all of them apart: those are sorted as numbers, each with its place behind it.
 */
function sortedPlaces(entryBytes: number, entries: Buffer): Float64Array {
  const order = new Float64Array(entries.length / entryBytes);
  for (let i = 0; i < order.length; i++) order[i] = readU32(entries, i * entryBytes) * PLACES + i;
  order.sort();
  for (let i = 0; i < order.length; i++) order[i] = order[i] % PLACES;
  for (let i = 1; i < order.length; i++)
    for (let j = i; j > 0 && isAfter(entryBytes, entries, order[j - 1], order[j]); j--) {
      const place = order[j];
      order[j] = order[j - 1];
      order[j - 1] = place;
    }
  return order;
}

function isAfter(entryBytes: number, entries: Buffer, a: number, b: number): boolean {
  return compareBytes(entries, a * entryBytes, entries, b * entryBytes, entryBytes) > 0;
}

function expectFew(sources: number): void {
  if (sources > MAX_SOURCES)
    throw new FormatError("beacon.sources", 0, `${sources} sources, must be at most ${MAX_SOURCES}`);
}

function expectAscending({ sourceBytes }: BeaconLayout, sources: Buffer): void {
  for (let at = sourceBytes; at < sources.length; at += sourceBytes)
    if (compareBytes(sources, at - sourceBytes, sources, at, sourceBytes) >= 0)
      throw new FormatError("beacon.sources", BEACON_HEADER_BYTES + at, "sources must ascend and differ");
}
