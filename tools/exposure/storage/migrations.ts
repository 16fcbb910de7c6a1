// The tables. Permission numbers and seeds share no column, no order and no time: a number's row is deleted when it is
// spent, and an upload's row has a random key and the day only (docs/operations.md, "What an intruder could and could not learn").

import { type Database, sqlState, UNIQUE_VIOLATION } from "../../daemon/database/database";

const DUPLICATE_TABLE = "42P07";
const UNDEFINED_TABLE = "42P01";

const MIGRATIONS: readonly (readonly string[])[] = [
  [
    // What must stay the same for a database's whole life: its region, and a check of the permission key.
    "create table setting (name text primary key, value text not null)",
    "create table provider (name text primary key, issued bigint not null, revoked bigint not null, expired bigint not null)",
    // Numbers that may still be spent; hash is keyed. expires_day: days since 1970-01-01 UTC.
    "create table permission (hash bytea primary key, provider text not null, expires_day integer not null)",
    // Answers that may be asked again; the hash cannot be made without the client's secret receipt.
    "create table receipt (hash bytea primary key, day integer not null)",
    // Uploads that wait for the next publication.
    "create table intake (id text primary key, day integer not null, file bytea not null)",
    // Seeds too young to release, each for itself; regions as a space-separated list.
    `create table embargoed (seed bytea not null, hour bigint not null, reverse boolean not null, regions text not null,
       day integer not null, primary key (seed, hour))`,
    // Blocks pulled from other regions, apart from what was uploaded here.
    "create table remote_intake (id text primary key, day integer not null, blocks bytea not null)",
    // Published shards of each feed ("public", "a2a", or the region that may read it). published: Unix seconds.
    `create table chunk (feed text not null, number bigint not null, published bigint not null, seeds bigint not null,
       bytes bigint not null, sha256 text not null, file bytea not null, primary key (feed, number))`,
    "create table feed (name text primary key, next_number bigint not null, index_json text not null)",
    // Public halves, and for each but the first a signature by its predecessor.
    `create table signing_key (public_key text primary key, serial bigint not null, endorsed_by text not null,
       endorsement text not null)`,
    // How far each other region's feed has been read.
    "create table producer (region text primary key, last_batch_id bigint not null, next_poll bigint not null)",
  ],
  [
    // A CX publisher (docs/cx.md, "What a publisher keeps"). To revoke a report it must know which seeds came with which code:
    // hashes are keyed, lists are JSON. age_day, day: days since 1970-01-01 UTC; since: publishedAt of a version, not of a report.
    `create table cx_code (hash text primary key, provider text not null, level integer not null, zones text not null,
       serial bigint not null, day integer not null, keys text not null)`,
    `create table cx_seed (generator_type integer not null, seed text not null, iterations integer, day integer,
       report text not null, report_size integer not null, company text not null, codes text not null,
       age_day integer not null, level integer, since bigint not null, zones text not null,
       primary key (generator_type, seed))`,
    // What other publishers said last, and what of it was shown to devices.
    "create table cx_remote (url text primary key, published_at bigint not null, seeds text not null)",
    `create table cx_shown (generator_type integer not null, seed text not null, iterations integer, day integer,
       level integer not null, since bigint not null, primary key (generator_type, seed))`,
    "create table cx_counter (name text primary key, value bigint not null)",
  ],
];

/** Every table that the migrations make, in no order. */
export const TABLES = [
  "setting",
  "provider",
  "permission",
  "receipt",
  "intake",
  "embargoed",
  "remote_intake",
  "chunk",
  "feed",
  "signing_key",
  "producer",
  "cx_code",
  "cx_seed",
  "cx_remote",
  "cx_shown",
  "cx_counter",
] as const;

/** Brings the schema up to date; safe while other instances do the same. */
export async function migrate(database: Database): Promise<void> {
  for (;;) {
    try {
      const version = await schemaVersion(database);
      const statements = MIGRATIONS[version];
      if (statements === undefined) return;
      await database.transaction(async (session) => {
        // The primary key makes a second instance wait here, and then fail and look again.
        await session.query("insert into schema_version (version) values ($1)", [version + 1]);
        for (const statement of statements) await session.query(statement);
      });
    } catch (error) {
      const state = sqlState(error);
      if (state !== UNIQUE_VIOLATION && state !== DUPLICATE_TABLE) throw error;
    }
  }
}

/** Whether nothing was ever made in a database. */
export async function isEmpty(database: Database): Promise<boolean> {
  try {
    await database.query("select version from schema_version limit 1");
    return false;
  } catch (error) {
    if (sqlState(error) !== UNDEFINED_TABLE) throw error;
    return true;
  }
}

async function schemaVersion(database: Database): Promise<number> {
  try {
    const [row] = await database.query<{ version: number }>(
      "select coalesce(max(version), 0) as version from schema_version",
    );
    return Number(row?.version ?? 0);
  } catch (error) {
    if (sqlState(error) !== UNDEFINED_TABLE) throw error;
    await database.query("create table if not exists schema_version (version integer primary key)");
    return 0;
  }
}
