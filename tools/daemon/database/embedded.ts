import { PGlite, type Transaction } from "@electric-sql/pglite";
import { type Database, type Row, type Session, type Value, withRetries } from "./database";

/** Opens PGlite (PostgreSQL in this process) on a folder that this process alone uses, or in memory without one. */
export async function openEmbedded(folder?: string): Promise<Database> {
  const engine = await PGlite.create(folder === undefined ? {} : { dataDir: folder });
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
    close: () => engine.close(),
  };
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
