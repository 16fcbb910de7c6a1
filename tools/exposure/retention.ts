import { type Clock, dayOfSeconds } from "../daemon/clock";
import { type Database, sqlState } from "../daemon/database/database";
import type { Log } from "../daemon/log";
import type { KeyRing } from "./feeds/keyRing";
import type { Publisher } from "./feeds/publisher";
import type { Permissions } from "./intake/permissions";
import type { Uploads } from "./intake/uploads";

const DAY_SECONDS = 86_400;

/** Tables whose deleted rows an intruder could otherwise dig out of the database's files. */
const SENSITIVE = ["permission", "intake", "receipt", "embargoed", "remote_intake", "chunk"] as const;

/** What is swept, and by which clock. */
interface Swept {
  readonly database: Database;
  readonly config: { readonly retentionDays: number };
  readonly permissions: Permissions;
  readonly uploads: Uploads;
  readonly publisher: Publisher;
  readonly keys: KeyRing;
  readonly now: Clock;
  readonly log: Log;
}

/**
 * Deletes what is past its time: shards after the retention time, files and rows; whatever could not be published in
 * that time; expired numbers; receipts after a day. Then asks the engine to overwrite the room that they took, and to drop its log.
 */
export async function sweepAll(core: Swept): Promise<void> {
  const { database, config, permissions, uploads, publisher, keys, now } = core;
  const oldest = now() - config.retentionDays * DAY_SECONDS;
  await permissions.sweep();
  await uploads.sweep();
  for (const table of ["intake", "embargoed", "remote_intake"])
    await database.query(`delete from ${table} where day < $1`, [dayOfSeconds(oldest)]);
  if ((await keys.show()).publicKey !== undefined) await publisher.sweep(oldest);
  for (const table of SENSITIVE) await vacuum(core, table);
  await database.dropLog();
}

async function vacuum({ database, log }: Swept, table: string): Promise<void> {
  try {
    await database.query(`vacuum ${table}`);
  } catch (error) {
    // Engines that clean up by themselves do not know the statement.
    log("info", "vacuum-not-available", { table, state: sqlState(error) });
  }
}
