// The view from above that only a simulation has: which of an infected person's chirps lie in a keyfob's log, minute by
// minute. The answers come from the keyfobs themselves; this tells which minutes they stand for, and why some differ.

import { FormatError } from "../../protocol/base/formatError";
import { firstMinuteOfHour, HOUR_MINUTES } from "../../protocol/base/time";
import { chirpOf } from "../../protocol/beacon/chirp";
import { Beacon } from "../../protocol/beacon/sighting";
import { decodeRow, openMetadata, ROW_BYTES, TAG_BYTES } from "../../protocol/log/contactRow";
import { TOLERANCE_MINUTES } from "../../protocol/match/loadedRows";
import { isDirect } from "../../protocol/match/score";
import type { UploadFile } from "../../protocol/report/uploadFile";
import { sha256 } from "../base/sha256";

/** The minutes of one infected person's chirps that one keyfob logged, by what they count as. */
export interface LoggedMinutes {
  readonly direct: Set<number>;
  readonly shared: Set<number>;
}

interface Wanted {
  readonly chirp: Buffer;
  readonly minute: number;
}

const ERASED = 0xff;
const SECTOR_BYTES = 4096;

/** The chirps of an upload's seeds in a span of minutes, ready to be looked for in many logs. */
export class ChirpIndex {
  /** By the first four bytes of their tags. */
  private readonly byPrefix = new Map<number, Wanted[]>();

  constructor(upload: UploadFile, fromMinute: number, toMinute: number) {
    upload.seeds.forEach((seed, i) => {
      const first = firstMinuteOfHour(upload.firstHour + i);
      const last = Math.min(first + HOUR_MINUTES, toMinute);
      for (let minute = Math.max(first, fromMinute); minute < last; minute++) {
        const chirp = chirpOf(sha256, seed, minute);
        const prefix = chirp.readUInt32BE(0);
        const others = this.byPrefix.get(prefix);
        if (others) others.push({ chirp, minute });
        else this.byPrefix.set(prefix, [{ chirp, minute }]);
      }
    });
  }

  /** Finds the chirps in a log's flash image, wherever the log put their rows. */
  in(image: Uint8Array): LoggedMinutes {
    const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
    const found: LoggedMinutes = { direct: new Set(), shared: new Set() };
    for (let sector = 0; sector < bytes.length; sector += SECTOR_BYTES) {
      if (bytes.subarray(sector, sector + SECTOR_BYTES).every((byte) => byte === ERASED)) continue;
      const end = Math.min(sector + SECTOR_BYTES, bytes.length - ROW_BYTES);
      for (let at = sector; at < end; at++) {
        for (const wanted of this.byPrefix.get(bytes.readUInt32BE(at)) ?? []) note(found, wanted, bytes, at);
      }
    }
    return found;
  }
}

function note(found: LoggedMinutes, { chirp, minute }: Wanted, image: Buffer, at: number): void {
  if (!chirp.subarray(0, TAG_BYTES).equals(image.subarray(at, at + TAG_BYTES))) return;
  const delay = delayOf(Buffer.from(image.subarray(at, at + ROW_BYTES)), chirp, minute);
  if (delay !== undefined) (isDirect(delay) ? found.direct : found.shared).add(minute);
}

/** Minutes from the chirp's origin to its first hearing; undefined where the bytes are no row that a keyfob would match. */
function delayOf(bytes: Buffer, chirp: Buffer, minute: number): number | undefined {
  try {
    const row = decodeRow(bytes);
    for (let error = -TOLERANCE_MINUTES; error <= TOLERANCE_MINUTES; error++) {
      const origin = minute + error;
      if (((origin % HOUR_MINUTES) + HOUR_MINUTES) % HOUR_MINUTES !== row.minuteInHour) continue;
      return openMetadata(sha256, Beacon.Pact, row.sealed, chirp, origin).delay;
    }
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
