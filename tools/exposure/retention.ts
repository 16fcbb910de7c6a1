import { dayOfSeconds } from "../daemon/clock";
import { sqlState } from "../daemon/database/database";
import type { Core } from "./core";

const DAY_SECONDS = 86_400;

/** Tables whose deleted rows an intruder could otherwise dig out of the database's files. */
const SENSITIVE = ["permission", "intake", "receipt", "embargoed", "remote_intake", "chunk"] as const;

/**
 * Deletes what is past its time: shards after the retention time, files and rows; whatever could not be published in
 * that time; expired numbers; receipts after a day. Then asks the engine to overwrite the room that they took.
 */
export async function sweepAll(core: Omit<Core, "sweep" | "settle" | "close">): Promise<void> {
  const { database, config, permissions, uploads, publisher, keys, now } = core;
  const oldest = now() - config.retentionDays * DAY_SECONDS;
  await permissions.sweep();
  await uploads.sweep();
  for (const table of ["intake", "embargoed", "remote_intake"])
    await database.query(`delete from ${table} where day < $1`, [dayOfSeconds(oldest)]);
  if ((await keys.show()).publicKey !== undefined) await publisher.sweep(oldest);
  for (const table of SENSITIVE) await vacuum(core, table);
}

async function vacuum({ database, log }: Pick<Core, "database" | "log">, table: string): Promise<void> {
  try {
    await database.query(`vacuum ${table}`);
  } catch (error) {
    // Engines that clean up by themselves do not know the statement.
    log("info", "vacuum-not-available", { table, state: sqlState(error) });
  }
}
