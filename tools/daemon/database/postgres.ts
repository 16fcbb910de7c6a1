import pg from "pg";
import { pause } from "../../base/timers";
import { type Database, type Row, type Session, sqlState, type Value, withRetries } from "./database";

const INT8 = 20;
const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 30_000;
const STATEMENT_TIMEOUT_MS = 60_000;

/** The server is there, but still starting, or has no connection to spare: cannot_connect_now, too_many_connections. */
const NOT_JUST_NOW = ["57P03", "53300"];
const PATIENCE_MS = 30_000;
const PATIENCE_PAUSE_MS = 500;

/** Opens a pool of connections to a server that speaks PostgreSQL's protocol. */
export async function openPostgres(url: string): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: "chirpfob",
    types: { getTypeParser: (type, format) => (type === INT8 ? Number : pg.types.getTypeParser(type, format)) },
  });
  // A connection that breaks is replaced at the next use, and its query or transaction fails; unheard, its error event would end
  // the process besides: the pool's while it is idle, its own while a transaction has it.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  await awaitServer(pool).catch(async (error) => {
    await pool.end();
    throw error;
  });
  return {
    query: (sql, values) => withRetries(() => run(pool, sql, values)),
    transaction: (work) => withRetries(() => inTransaction(pool, work)),
    dropLog: async () => undefined,
    close: () => pool.end(),
  };
}

/** Both may start together, and clients that were just killed hold their connections for a moment longer. */
async function awaitServer(pool: pg.Pool): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await pool.query("select 1");
      return;
    } catch (error) {
      if (!NOT_JUST_NOW.includes(sqlState(error)) || Date.now() > deadline) throw error;
      await pause(PATIENCE_PAUSE_MS);
    }
  }
}

async function inTransaction<T>(pool: pg.Pool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("begin isolation level serializable");
    const result = await work({ query: (sql, values) => run(client, sql, values) });
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function run<T extends object = Row>(
  on: pg.Pool | pg.PoolClient,
  sql: string,
  values: readonly Value[] = [],
): Promise<T[]> {
  const { rows } = await on.query(sql, [...values]);
  return rows as T[];
}
