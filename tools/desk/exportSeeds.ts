// What a diagnosed wearer shares, with the wearer's consent and nothing more than that.

import { hourOfSeconds } from "../../protocol/base/time";
import { encodeUploadFile } from "../../protocol/report/uploadFile";
import { writePrivateFile } from "../base/files";
import type { Keyfob } from "../keyfob/keyfob";
import { MAX_REDACTED_RANGES } from "../keyfob/keyfobWire";
import { askWearer } from "./consent";
import { DeskError } from "./deskError";
import { clipHours, type Hours } from "./hours";
import type { KeyfobSession } from "./session";

const DAY_HOURS = 24;

export interface ExportChoice {
  readonly days: number;
  /** Times to leave out, in order and apart. */
  readonly ranges: readonly Hours[];
  /** Home region first; without any, those whose keys the keyfob holds. */
  readonly regions: readonly string[] | undefined;
}

/** What an export would hold. */
export interface ExportPlan {
  readonly days: number;
  readonly window: Hours;
  /** What of the window is left out. */
  readonly redacted: readonly Hours[];
  /** Chosen times that are not in the window, so that there is nothing to leave out. */
  readonly outside: readonly Hours[];
  readonly regions: readonly string[];
}

export interface ExportReport {
  readonly bytes: number;
  /** Who can read the file, in words. */
  readonly readers: string;
  readonly redactedHours: number;
}

/** Says what an export would hold, before the wearer is asked. @throws DeskError if the keyfob is not in a state to export */
export async function planExport({ keyfob }: KeyfobSession, choice: ExportChoice): Promise<ExportPlan> {
  const { now } = await readyStatus(keyfob);
  const { days, ranges } = choice;
  const regions = choice.regions ?? (await knownRegions(keyfob));
  const to = hourOfSeconds(now) + 1;
  const window = { from: to - days * DAY_HOURS, to };
  const redacted = clipHours(ranges, window);
  if (redacted.length > MAX_REDACTED_RANGES)
    throw new DeskError(
      "input",
      `at most ${MAX_REDACTED_RANGES} separate times can be left out at once, these are ${redacted.length}: join some`,
    );
  const outside = ranges.filter((range) => clipHours([range], window).length === 0);
  return { days, window, redacted, outside, regions };
}

/** Asks the wearer, reads the seeds and writes them to a file that only its owner can read. @throws DeskError, FileError */
export async function exportTo(
  path: string,
  mayReplace: boolean,
  session: KeyfobSession,
  { window, redacted, regions }: ExportPlan,
): Promise<ExportReport> {
  const { keyfob, tell, signal } = session;
  await askWearer(keyfob, "export", session);
  const hours = window.to - window.from;
  const seeds = await keyfob
    .exportSeeds(
      { firstHour: window.from, hours, redacted },
      (done, of) => tell({ kind: "progress", task: "export", done, of }),
      signal,
    )
    .finally(() => tell({ kind: "over", task: "export" }));
  const file = encodeUploadFile({ regions: [...regions], reverseFrom: 0, reverseTo: 0, firstHour: window.from, seeds });
  const readers = await writePrivateFile(path, file, mayReplace);
  return {
    bytes: file.length,
    readers,
    redactedHours: redacted.reduce((sum, range) => sum + range.to - range.from, 0),
  };
}

/** The status, if the keyfob is in a state to export. */
async function readyStatus(keyfob: Keyfob) {
  const status = await keyfob.status();
  if (status.role !== "wearable") throw new DeskError("refused", "this is a repeater: it has no seeds");
  if (!status.state.clockSet)
    throw new DeskError("refused", 'the keyfob does not know the time: run "chirpfob clock sync" first');
  return status;
}

async function knownRegions(keyfob: Keyfob): Promise<string[]> {
  const regions = [...new Set((await keyfob.regionKeys()).map(({ region }) => region))];
  if (regions.length > 0) return regions;
  throw new DeskError(
    "incomplete",
    "the keyfob knows no region: say with --regions where you live, for example --regions US-MA",
  );
}
