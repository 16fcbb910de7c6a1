import { createHash, randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import type { Core } from "../core";
import { TABLES } from "../storage/migrations";
import { ENGINES, type Engine, FakeClock, START, sharedPostgres, storage, testCore, uploadBytes } from "./fixtures";

/** What is known about numbers, and what about uploads. */
const NUMBER_TABLES = ["provider", "permission"];
const SEED_TABLES = ["intake", "embargoed", "remote_intake", "chunk", "feed"];
const UPLOADS = 40;

describe.each(ENGINES)("What %s stores", (engine: Engine) => {
  const clock = new FakeClock();
  const numbers: Buffer[] = [];
  const receipts: Buffer[] = [];
  let core: Core | undefined;
  let database: string | undefined;
  beforeAll(async () => {
    const where = await storage(engine);
    if (where === undefined) return;
    database = where.database;
    core = await testCore(where, clock);
    for (const text of await core.permissions.issue("P", 2 * UPLOADS)) numbers.push(decodePermissionNumber(text));
    for (const number of numbers.slice(0, UPLOADS)) {
      const receipt = randomBytes(16);
      receipts.push(receipt);
      expect(await core.uploads.take(number, receipt, uploadBytes())).toBe("accepted");
      clock.advance({ minutes: 7 });
    }
  });

  it("has no column that numbers and seeds share, and none with a time finer than a day beside either", async ({
    skip,
  }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const columns = await core.database.query<{ table_name: string; column_name: string; data_type: string }>(
      "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'",
    );
    expect(new Set(columns.map(({ table_name }) => table_name))).toEqual(new Set([...TABLES, "schema_version"]));
    const columnsOf = (tables: string[]) =>
      columns.filter(({ table_name }) => tables.includes(table_name)).map(({ column_name }) => column_name);
    expect(columnsOf(NUMBER_TABLES).filter((name) => columnsOf(SEED_TABLES).includes(name))).toEqual(["name"]);
    // "name" is a provider's in one table and a feed's in the other.
    expect(columns.filter(({ data_type }) => /time|date|inet|cidr|macaddr/.test(data_type))).toEqual([]);
    const keys = await core.database.query(
      "select 1 from information_schema.table_constraints where constraint_type = 'FOREIGN KEY' and table_schema = 'public'",
    );
    expect(keys).toEqual([]);
    const sequences = await core.database.query(
      "select 1 from information_schema.sequences where sequence_schema = 'public'",
    );
    expect(sequences).toEqual([]);
  });

  it("holds spent numbers no more, in any form, nor receipts, nor a time of day of any upload", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const text = await dump(core, database);
    for (const secret of [...numbers, ...receipts]) {
      const forms = [secret, createHash("sha256").update(secret).digest()].map((bytes) => bytes.toString("hex"));
      for (const form of forms) expect(text.includes(form)).toBe(false);
    }
    const left = await core.database.query("select hash from permission");
    expect(left).toHaveLength(UPLOADS);
    // Every number between the first and the last upload, as seconds, minutes or milliseconds, would be a time of day.
    for (const [, digits = ""] of text.matchAll(/(?<![0-9a-f])(\d{8,13})(?![0-9a-f])/g)) {
      const value = Number(digits);
      for (const unit of [1, 60, 1000]) {
        const seconds = unit === 1000 ? value / 1000 : value * unit;
        expect(seconds >= START && seconds <= clock.seconds, digits).toBe(false);
      }
    }
  });

  it("leaves no trace of the order of uploads beside a number: not in rows' places, nor in transaction ids", async ({
    skip,
  }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    const uploads = await core.database.query<{ id: string; xmin: string }>(
      "select id, xmin::text as xmin from intake",
    );
    const left = await core.database.query<{ hash: Buffer; xmin: string }>(
      "select hash, xmin::text as xmin from permission",
    );
    const transactions = new Set(uploads.map(({ xmin }) => xmin));
    expect(left.filter(({ xmin }) => transactions.has(xmin))).toEqual([]);
    // Numbers were issued in one transaction and lie in the order of their hashes.
    const hashes = left.map(({ hash }) => hash.toString("hex"));
    expect(hashes).toEqual([...hashes].sort());
  });

  it("loses the deleted rows of spent numbers when it sweeps", async ({ skip }) => {
    if (core === undefined) return skip("PostgreSQL is not installed");
    await core.keys.prepare();
    await expect.poll(() => deadRows(core), { timeout: 5000 }).toBeGreaterThan(0);
    await core.sweep();
    await expect.poll(() => deadRows(core), { timeout: 5000 }).toBe(0);
  });
});

async function deadRows(core: Core | undefined): Promise<number> {
  // Counters reach the statistics when a session is idle, at the latest when it asks for that.
  await core?.database.query("select pg_stat_force_next_flush()");
  const rows = await core?.database.query<{ dead: number }>(
    "select coalesce(sum(n_dead_tup), 0)::integer as dead from pg_stat_user_tables where relname = 'permission'",
  );
  return rows?.[0]?.dead ?? 0;
}

/** Everything that the tables hold, as text with bytes in hexadecimal, in the order in which it lies there. */
async function dump(core: Core, database: string | undefined): Promise<string> {
  if (database !== undefined) return (await sharedPostgres())?.dump(database) ?? "";
  let text = "";
  for (const table of TABLES)
    for (const row of await core.database.query(`select * from ${table}`))
      for (const value of Object.values(row))
        text += `${Buffer.isBuffer(value) ? value.toString("hex") : String(value)}\n`;
  return text;
}
