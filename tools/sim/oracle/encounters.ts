import { Logs } from "../../../firmware/log/logs";
import { ROW_BYTES } from "../../../protocol/log/contactRow";
import { LoadedRows } from "../../../protocol/match/loadedRows";
import { HourMatcher, type Match } from "../../../protocol/match/matching";
import { sha256 } from "../../base/sha256";
import type { NorFlashState } from "../device/norFlash";
import { FlashImage } from "./flashImage";

/** Rows of an hour and its neighbours that a test's person can have met. */
const CAPACITY = 65_534;

/** The logs of a simulated keyfob, opened by the firmware's own code. */
export async function openLogs(log: NorFlashState): Promise<Logs> {
  const logs = new Logs(new FlashImage(log), async () => undefined);
  await logs.mount();
  return logs;
}

/** Rows of an hour in a keyfob's contact log. */
export async function rowsOf(logs: Logs, hour: number): Promise<Buffer[]> {
  const rows: Buffer[] = [];
  await logs.contacts.readHour(hour, async (part) => {
    for (let at = 0; at < part.length; at += ROW_BYTES) rows.push(Buffer.from(part.subarray(at, at + ROW_BYTES)));
  });
  return rows;
}

/**
 * What one keyfob finds when the seeds of another are published: the matches of the hours `firstHour` to `lastHour`, found as
 * the keyfob finds them. Only what is in flash counts: a row is written some minutes after its chirp was heard.
 */
export async function encounters(own: Logs, infected: Logs, firstHour: number, lastHour: number): Promise<Match[]> {
  const matches: Match[] = [];
  const matcher = new HourMatcher(sha256, new LoadedRows(CAPACITY));
  for (let hour = firstHour; hour <= lastHour; hour++) {
    const seed = await infected.seeds.get(hour);
    if (!seed) continue;
    matcher.begin(hour);
    for (const rowHour of [hour - 1, hour, hour + 1])
      for (const row of await rowsOf(own, rowHour)) matcher.rows.add(rowHour, row);
    matches.push(...matcher.matchBlock({ hour, seeds: [seed], reverseMask: 0 }));
  }
  return matches;
}
