// Everything that a keyfob needs of a computer now and then: the time, and the shards of its regions. Never its results.

import { type ClockReport, syncClock } from "./clock";
import { sendDecoy } from "./decoy";
import { type FetchChoice, type FetchReport, fetchFromAll } from "./fetchShards";
import { type ImportOutcomes, importFiles, readShardFiles } from "./importShards";
import type { KeyfobSession } from "./session";

/** What came of a sync. */
export interface SyncReport {
  readonly clock: ClockReport;
  readonly fetched: readonly FetchReport[];
  /** Undefined where there was no shard to import. */
  readonly imported: ImportOutcomes | undefined;
  /** Of a server; what others sent was imported all the same. */
  readonly failure: Error | undefined;
}

/**
 * Sets the clock, fetches what the servers have published, and brings the keyfob what it does not have. A server that fails
 * keeps nobody from what others sent, nor from what is here.
 *
 * @param decoys whether each service that answered also gets an upload that means nothing
 */
export async function syncKeyfob(
  session: KeyfobSession,
  servers: readonly URL[],
  choice: FetchChoice,
  decoys: boolean,
): Promise<SyncReport> {
  const clock = await syncClock(session);
  const { fetched, failure } = await fetchFromAll(servers, choice, session);
  if (decoys) for (const { server, report } of fetched) await sendDecoy(server, report.region, choice.proxy, session);
  const reports = fetched.map(({ report }) => report);
  const files = reports.flatMap((report) => report.files);
  const imported = files.length === 0 ? undefined : await importFiles(session, await readShardFiles(files));
  return { clock, fetched: reports, imported, failure };
}
