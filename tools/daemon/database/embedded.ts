import fs from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { PGlite, type Transaction } from "@electric-sql/pglite";
import { type Database, type Row, type Session, type Value, withRetries } from "./database";

/**
 * Opens PGlite (PostgreSQL in this process) on a folder that this process alone uses, or in memory without one. What a statement
 * or transaction has changed is on the disk when it returns: PGlite by itself starts PostgreSQL without fsync, and its
 * file system has none.
 */
export async function openEmbedded(folder?: string): Promise<Database> {
  const engine = await PGlite.create(folder === undefined ? {} : { dataDir: folder, startParams: DURABLE });
  if (folder !== undefined) {
    giveFsync(engine);
    // What the engine wrote before, on a first start or while it recovered.
    await syncAll(folder);
  }
  return {
    query: (sql, values) => withRetries(() => run(engine, sql, values)),
    transaction: (work) =>
      withRetries(() =>
        engine.transaction(async (transaction) => {
          await transaction.query("set transaction isolation level serializable");
          const session: Session = { query: (sql, values) => run(transaction, sql, values) };
          return work(session);
        }),
      ),
    dropLog: async () => {
      // The first checkpoint still needs the segment before it.
      for (let i = 0; i < 2; i++) for (const statement of DROP_LOG) await engine.query(statement);
    },
    close: () => engine.close(),
  };
}

/** Without "-F", which is "force nothing to the disk". Of PostgreSQL's ways only fsync reaches emscripten's file system. */
const DURABLE = [...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"), "-c", "wal_sync_method=fsync"];

/** Segments that are no longer needed are removed, not kept to be written over some day. */
const DROP_LOG = ["set wal_recycle = off", "select pg_switch_wal()", "checkpoint"];

/** What emscripten calls for a program's fsync, on files and on folders. */
interface StreamOperations {
  fsync?: (stream: { readonly nfd?: number }) => number;
}

/** @throws Error if this version of PGlite keeps its file system elsewhere: better no start than a promise not kept */
function giveFsync(engine: PGlite): void {
  const { NODEFS } = engine.Module as unknown as { NODEFS?: { stream_ops?: StreamOperations } };
  const operations = NODEFS?.stream_ops;
  if (operations === undefined)
    throw new Error("this version of PGlite has no file system that can be forced to the disk");
  operations.fsync = ({ nfd }) => {
    if (nfd !== undefined) fs.fsyncSync(nfd);
    return 0;
  };
}

/** Forces a folder and everything in it to the disk. */
async function syncAll(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const below = join(path, entry.name);
      if (entry.isDirectory()) await syncAll(below);
      else if (entry.isFile()) await syncOne(below);
    }),
  );
  await syncOne(path);
}

async function syncOne(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function run<T extends object = Row>(
  on: PGlite | Transaction,
  sql: string,
  values: readonly Value[] = [],
): Promise<T[]> {
  const { rows } = await on.query<Row>(sql, [...values]);
  for (const row of rows)
    for (const [name, value] of Object.entries(row)) {
      if (value instanceof Uint8Array) row[name] = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      else if (typeof value === "bigint") row[name] = Number(value);
    }
  return rows as T[];
}
