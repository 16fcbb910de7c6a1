// Takes uploads in: everything about a file is checked before its number is spent, and number, seeds and receipt change
// in one statement, so that nothing can be half done.

import { createHash, randomBytes } from "node:crypto";
import { FormatError } from "../../../protocol/base/formatError";
import { firstMinuteOfHour, hourOfSeconds, minuteOfSeconds } from "../../../protocol/base/time";
import { SEED_BYTES } from "../../../protocol/beacon/chirp";
import { TOLERANCE_MINUTES } from "../../../protocol/match/loadedRows";
import { CHAFF_NUMBER, PERMISSION_BYTES } from "../../../protocol/report/permissionNumber";
import {
  decodeUploadFile,
  MAX_UPLOAD_HOURS,
  UPLOAD_HEADER_BYTES,
  UPLOAD_REGIONS_AT,
  type UploadFile,
  uploadFileBytes,
} from "../../../protocol/report/uploadFile";
import { type Clock, dayOfSeconds } from "../../daemon/clock";
import type { Database } from "../../daemon/database/database";
import type { PermissionKey } from "./permissionKey";

/** Largest upload file: 90 days of hours. */
export const MAX_UPLOAD_BYTES = uploadFileBytes(MAX_UPLOAD_HOURS);

/** Bytes of a client's receipt (`Idempotency-Key`). */
export const RECEIPT_BYTES = 16;

/** A seed may be this much older than 90 days, so that a file can be sent the day after its export. */
const SENDING_HOURS = 24;

/** Receipts carry only a day, so a day and the day after it make sure of 24 hours. */
const RECEIPT_DAYS = 1;

/**
 * Reads an upload and checks it against the clock and this service's region.
 * @throws FormatError that says which field is wrong and why
 */
export function checkUpload(file: Buffer, region: string, nowSeconds: number): UploadFile {
  const upload = decodeUploadFile(file);
  const { regions, firstHour, seeds } = upload;
  if (regions[0] !== region)
    throw new FormatError(
      "upload.regions",
      UPLOAD_REGIONS_AT,
      `home region is ${regions[0]}, but this is the service of ${region}`,
    );
  if (new Set(regions).size !== regions.length)
    throw new FormatError("upload.regions", UPLOAD_REGIONS_AT, "a region is named twice");
  const lastHour = firstHour + seeds.length - 1;
  if (firstMinuteOfHour(lastHour) > minuteOfSeconds(nowSeconds) + TOLERANCE_MINUTES)
    throw new FormatError(
      "upload.t1",
      UPLOAD_HEADER_BYTES + SEED_BYTES,
      `hour ${lastHour} has not begun: is the keyfob's clock right?`,
    );
  const oldestHour = hourOfSeconds(nowSeconds) - MAX_UPLOAD_HOURS - SENDING_HOURS;
  if (firstHour < oldestHour)
    throw new FormatError(
      "upload.t1",
      UPLOAD_HEADER_BYTES + SEED_BYTES,
      `hour ${firstHour} is older than 90 days: is the keyfob's clock right?`,
    );
  const distinct = new Set(seeds.map((seed) => seed.toString("latin1")));
  if (distinct.size !== seeds.length)
    throw new FormatError("upload.seed", UPLOAD_HEADER_BYTES, "a seed stands for two hours");
  return upload;
}

/** Whether an upload was taken; nothing tells why it was not. */
export type UploadOutcome = "accepted" | "refused";

export class Uploads {
  constructor(
    private readonly database: Database,
    private readonly key: PermissionKey,
    private readonly now: Clock,
  ) {}

  /**
   * Spends `number` and keeps `file`, or answers as before if this very upload was taken in the last 24 hours.
   * Every refusal takes the same statements, and chaff takes those of a refusal.
   *
   * @param number 16 bytes, or undefined if what the client sent is no number
   * @param receipt 16 bytes that only the client knows
   * @param file checked with checkUpload
   */
  async take(number: Buffer | undefined, receipt: Buffer, file: Buffer): Promise<UploadOutcome> {
    const today = dayOfSeconds(this.now());
    const isChaff = number?.equals(CHAFF_NUMBER) ?? false;
    const tried = number === undefined || isChaff ? randomBytes(PERMISSION_BYTES) : number;
    const fileDigest = createHash("sha256").update(file).digest();
    const receiptHash = this.key.hashReceipt(receipt, tried, fileDigest);
    const spent = await this.database.query(
      `with spent as (delete from permission where hash = $1 and expires_day >= $2 returning 1 as one),
         kept as (insert into intake (id, day, file) select $3::text, $4::integer, $5::bytea from spent),
         noted as (insert into receipt (hash, day) select $6::bytea, $4::integer from spent)
       select one from spent`,
      [this.key.hashNumber(tried), today, randomBytes(16).toString("hex"), today, file, receiptHash],
    );
    if (spent.length > 0) return "accepted";
    const known = await this.database.query("select 1 as one from receipt where hash = $1", [receiptHash]);
    return known.length > 0 || isChaff ? "accepted" : "refused";
  }

  /** Forgets receipts older than a day. */
  async sweep(): Promise<void> {
    await this.database.query("delete from receipt where day < $1", [dayOfSeconds(this.now()) - RECEIPT_DAYS]);
  }

  /** Uploads that wait for the next publication. */
  async waiting(): Promise<number> {
    const [row] = await this.database.query<{ count: number }>("select count(*) as count from intake");
    return Number(row?.count ?? 0);
  }
}
