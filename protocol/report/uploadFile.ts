import { copyBytes, isZero, readU16, readU32, sliceCopy, writeU16, writeU32 } from "../base/bytes";
import { expectLength, FormatError } from "../base/formatError";
import { decodeRegion, encodeRegion, REGION_BYTES } from "../base/region";
import { HOUR_MINUTES, hourOfMinute, MAX_U32, minuteInHour } from "../base/time";
import { SEED_BYTES } from "../beacon/chirp";

/** Bytes before the first tuple. */
export const UPLOAD_HEADER_BYTES = 72;

/** Bytes of a tuple: seed, t1, t2. */
export const UPLOAD_TUPLE_BYTES = 40;

/** A home region and up to seven more. */
export const MAX_UPLOAD_REGIONS = 8;

/** 90 days of hours, as long as a keyfob keeps its seeds. */
export const MAX_UPLOAD_HOURS = 90 * 24;

/** Default window of an upload: three weeks of hours. */
export const DEFAULT_UPLOAD_HOURS = 21 * 24;

/** What a wearer shares: the full grid of hours in a window, one seed each. */
export interface UploadFile {
  /** 1 to 8 ISO 3166-2 codes; the first is the home region. */
  readonly regions: string[];
  /** Hours [reverseFrom, reverseTo) for which possible sources are asked; both 0 if none. */
  readonly reverseFrom: number;
  readonly reverseTo: number;
  /** Hour number of the first seed. */
  readonly firstHour: number;
  /** 32-byte seeds of consecutive hours, oldest first; 1 to 2,160. */
  readonly seeds: Buffer[];
}

const MAGIC = Buffer.from("PACTUPLD", "utf8");
const VERSION = 1;
const VERSION_AT = 8;
const REGION_COUNT_AT = 9;
const TUPLE_COUNT_AT = 10;
const REVERSE_FROM_AT = 12;
const REVERSE_TO_AT = 16;
const RESERVED_AT = 20;
/** Where the regions begin, 6 bytes each. */
export const UPLOAD_REGIONS_AT = 24;

/** Bytes of an upload file with `hours` seeds. */
export function uploadFileBytes(hours: number): number {
  return UPLOAD_HEADER_BYTES + hours * UPLOAD_TUPLE_BYTES;
}

/** Lays out an upload file (docs/protocol.md, "Upload file"). @throws FormatError naming what cannot be written */
export function encodeUploadFile(upload: UploadFile): Buffer {
  const hours = upload.seeds.length;
  expectTupleCount(hours);
  const file = Buffer.alloc(uploadFileBytes(hours));
  file.set(MAGIC, 0);
  file[VERSION_AT] = VERSION;
  file[REGION_COUNT_AT] = upload.regions.length;
  writeU16(file, TUPLE_COUNT_AT, hours);
  writeU32(file, REVERSE_FROM_AT, upload.reverseFrom);
  writeU32(file, REVERSE_TO_AT, upload.reverseTo);
  expectRegionCount(upload.regions.length);
  for (let i = 0; i < upload.regions.length; i++)
    file.set(encodeRegion(upload.regions[i]), UPLOAD_REGIONS_AT + i * REGION_BYTES);
  for (let i = 0; i < hours; i++) {
    const at = UPLOAD_HEADER_BYTES + i * UPLOAD_TUPLE_BYTES;
    expectLength("upload.seed", upload.seeds[i], SEED_BYTES);
    copyBytes(file, at, upload.seeds[i], 0, SEED_BYTES);
    const t1 = (upload.firstHour + i) * HOUR_MINUTES;
    if (t1 + HOUR_MINUTES > MAX_U32) throw new FormatError("upload.t2", at + SEED_BYTES + 4, "beyond u32 minutes");
    writeU32(file, at + SEED_BYTES, t1);
    writeU32(file, at + SEED_BYTES + 4, t1 + HOUR_MINUTES);
  }
  expectReverseRange(upload.reverseFrom, upload.reverseTo);
  return file;
}

/** Reads and checks a whole upload file. @throws FormatError */
export function decodeUploadFile(file: Buffer): UploadFile {
  if (file.length < UPLOAD_HEADER_BYTES)
    throw new FormatError("upload", file.length, `${file.length} bytes, shorter than the 72-byte header`);
  for (let i = 0; i < MAGIC.length; i++)
    if (file[i] !== MAGIC[i]) throw new FormatError("upload.magic", 0, 'must be "PACTUPLD"');
  if (file[VERSION_AT] !== VERSION)
    throw new FormatError("upload.version", VERSION_AT, `${file[VERSION_AT]}, must be 1`);
  const regionCount = file[REGION_COUNT_AT];
  expectRegionCount(regionCount);
  const hours = readU16(file, TUPLE_COUNT_AT);
  expectTupleCount(hours);
  const reverseFrom = readU32(file, REVERSE_FROM_AT);
  const reverseTo = readU32(file, REVERSE_TO_AT);
  expectReverseRange(reverseFrom, reverseTo);
  if (!isZero(file, RESERVED_AT, 4)) throw new FormatError("upload.reserved", RESERVED_AT, "must be zero");
  const regions: string[] = [];
  for (let i = 0; i < MAX_UPLOAD_REGIONS; i++) {
    const at = UPLOAD_REGIONS_AT + i * REGION_BYTES;
    if (i < regionCount) regions.push(decodeRegion(file, at));
    else if (!isZero(file, at, REGION_BYTES)) throw new FormatError("upload.regions", at, "unused region is not zero");
  }
  expectLength("upload.tuples", file, uploadFileBytes(hours));
  const firstMinute = readU32(file, UPLOAD_HEADER_BYTES + SEED_BYTES);
  if (minuteInHour(firstMinute) !== 0)
    throw new FormatError("upload.t1", UPLOAD_HEADER_BYTES + SEED_BYTES, `${firstMinute} is not on the hour`);
  const seeds: Buffer[] = [];
  for (let i = 0; i < hours; i++) seeds.push(decodeTuple(file, i, firstMinute + i * HOUR_MINUTES));
  return { regions, reverseFrom, reverseTo, firstHour: hourOfMinute(firstMinute), seeds };
}

/** Reads the i-th seed, which must belong to the hour that begins at minute `t1`: the grid has no holes. */
function decodeTuple(file: Buffer, i: number, t1: number): Buffer {
  const at = UPLOAD_HEADER_BYTES + i * UPLOAD_TUPLE_BYTES;
  if (readU32(file, at + SEED_BYTES) !== t1)
    throw new FormatError("upload.t1", at + SEED_BYTES, "hours must follow each other without a gap");
  if (readU32(file, at + SEED_BYTES + 4) !== t1 + HOUR_MINUTES)
    throw new FormatError("upload.t2", at + SEED_BYTES + 4, "must be 60 minutes after t1");
  return sliceCopy(file, at, SEED_BYTES);
}

function expectRegionCount(count: number): void {
  if (count < 1 || count > MAX_UPLOAD_REGIONS)
    throw new FormatError("upload.regions", REGION_COUNT_AT, `${count} regions, must be 1 to 8`);
}

function expectTupleCount(count: number): void {
  if (count < 1 || count > MAX_UPLOAD_HOURS)
    throw new FormatError("upload.tuples", TUPLE_COUNT_AT, `${count} tuples, must be 1 to ${MAX_UPLOAD_HOURS}`);
}

function expectReverseRange(from: number, to: number): void {
  if (from === 0 && to === 0) return;
  if (from === 0 || from >= to)
    throw new FormatError("upload.reverse", REVERSE_FROM_AT, `hours ${from} to ${to} are no range`);
}
