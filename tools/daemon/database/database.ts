// One interface over the two engines. Both speak the same SQL, so nothing else in the service knows which one runs.

import { pause } from "../../base/timers";

/** What a statement may carry as $1, $2, ... */
export type Value = Buffer | string | number | boolean | null;

/** One row: columns by name. bytea arrives as Buffer, every integer as number. */
export type Row = Record<string, unknown>;

/** Something that runs statements: the database itself, or a transaction on it. */
export interface Session {
  query<T extends object = Row>(sql: string, values?: readonly Value[]): Promise<T[]>;
}

export interface Database extends Session {
  /**
   * Runs `work` in one serializable transaction, and again from the start as long as the engine refuses it because of
   * another transaction; so `work` must have no effect but its statements.
   */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Drops what the engine's write-ahead log keeps of the past, so that deleted rows are not in it any more. A server does this by
   * its own rules, and is left alone.
   */
  dropLog(): Promise<void>;
  close(): Promise<void>;
}

/** Unique violation: the row is there already. */
export const UNIQUE_VIOLATION = "23505";

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";
const MAX_TRIES = 50;
const MAX_PAUSE_MS = 100;

/** The SQLSTATE of an engine's error, or "" for any other error. */
export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : "";
}

/** Repeats `work` while the engine answers that another transaction was in the way, with growing random pauses. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const state = sqlState(error);
      if ((state !== SERIALIZATION_FAILURE && state !== DEADLOCK) || tries === MAX_TRIES) throw error;
      const pauseMs = Math.random() * Math.min(MAX_PAUSE_MS, 2 ** tries);
      await pause(pauseMs);
    }
  }
}
