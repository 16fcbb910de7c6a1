// The store of a CX publisher in the service's database.

import type {
  CodeRecord,
  PublisherSession,
  PublisherStore,
  RemotePublication,
  SeedRecord,
  ShownSeed,
} from "../../cx/publisher/store";
import type { Database, Row, Session, Value } from "../../daemon/database/database";

/** Rows in one statement; PostgreSQL allows 65,535 values. */
const BATCH = 500;

const CODE_COLUMNS = ["hash", "provider", "level", "zones", "serial", "day", "keys"];
const SEED_COLUMNS = [
  ...["generator_type", "seed", "iterations", "day", "report", "report_size", "company", "codes"],
  ...["age_day", "level", "since", "zones"],
];
const SHOWN_COLUMNS = ["generator_type", "seed", "iterations", "day", "level", "since"];

export class SqlStore implements PublisherStore {
  constructor(private readonly database: Database) {}

  transaction<T>(work: (session: PublisherSession) => Promise<T>): Promise<T> {
    return this.database.transaction((session) => work(sessionOn(session)));
  }
}

function sessionOn(session: Session): PublisherSession {
  return {
    code: async (hash) => {
      const [row] = await session.query("select * from cx_code where hash = $1", [hash]);
      return row && codeOf(row);
    },
    codes: async () => (await session.query("select * from cx_code")).map(codeOf),
    saveCode: async (code) => upsert(session, "cx_code", 1, CODE_COLUMNS, [codeValues(code)]),
    seeds: async () => (await session.query("select * from cx_seed")).map(seedOf),
    seedsNamed: async (names) => {
      const found: SeedRecord[] = [];
      for (let i = 0; i < names.length; i += BATCH) {
        const batch = names.slice(i, i + BATCH);
        const places = batch.map((_, k) => `$${k + 1}`).join(", ");
        const rows = await session.query(
          `select * from cx_seed where generator_type || ':' || seed in (${places}) order by seed`,
          batch,
        );
        found.push(...rows.map(seedOf));
      }
      return found;
    },
    saveSeeds: async (seeds) => upsert(session, "cx_seed", 2, SEED_COLUMNS, seeds.map(seedValues)),
    remotePublications: async () => (await session.query("select * from cx_remote")).map(remoteOf),
    saveRemotePublication: async ({ url, publishedAt, seeds }) =>
      upsert(session, "cx_remote", 1, ["url", "published_at", "seeds"], [[url, publishedAt, JSON.stringify(seeds)]]),
    shownSeeds: async () => (await session.query("select * from cx_shown")).map(shownOf),
    saveShownSeeds: async (seeds) => {
      await session.query("delete from cx_shown");
      await upsert(session, "cx_shown", 2, SHOWN_COLUMNS, seeds.map(shownValues));
    },
    counter: async (name) => {
      const [row] = await session.query<{ value: number }>("select value from cx_counter where name = $1", [name]);
      return Number(row?.value ?? 0);
    },
    setCounter: async (name, value) => upsert(session, "cx_counter", 1, ["name", "value"], [[name, value]]),
    deleteBefore: async (day) => {
      await session.query("delete from cx_code where day < $1", [day]);
      await session.query("delete from cx_seed where age_day < $1", [day]);
    },
  };
}

/** @param keys how many of the columns, the first ones, are the primary key */
async function upsert(
  session: Session,
  table: string,
  keys: number,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const key = columns.slice(0, keys).join(", ");
  const others = columns.slice(keys).map((column) => `${column} = excluded.${column}`);
  for (let i = 0; i < rows.length; i += BATCH) {
    const batch = rows.slice(i, i + BATCH);
    const places = batch.map(
      (_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(", ")})`,
    );
    await session.query(
      `insert into ${table} (${columns.join(", ")}) values ${places.join(", ")}
       on conflict (${key}) do update set ${others.join(", ")}`,
      batch.flat(),
    );
  }
}

function codeValues({ hash, provider, level, zones, serial, day, keys }: CodeRecord): Value[] {
  return [hash, provider, level, JSON.stringify(zones), serial, day, JSON.stringify(keys)];
}

function codeOf(row: Row): CodeRecord {
  return {
    hash: String(row.hash),
    provider: String(row.provider),
    level: Number(row.level),
    zones: listOf(row.zones),
    serial: Number(row.serial),
    day: Number(row.day),
    keys: listOf(row.keys),
  };
}

function seedValues(seed: SeedRecord): Value[] {
  const { generatorType, iterations, day, group, groupSize, company, codes, ageDay, level, since, zones } = seed;
  return [
    ...[generatorType, seed.seed, iterations, day, group, groupSize, company, JSON.stringify(codes)],
    ...[ageDay, level, since, JSON.stringify(zones)],
  ];
}

function seedOf(row: Row): SeedRecord {
  return {
    generatorType: Number(row.generator_type),
    seed: String(row.seed),
    iterations: numberOrNull(row.iterations),
    day: numberOrNull(row.day),
    group: String(row.report),
    groupSize: Number(row.report_size),
    company: String(row.company),
    codes: listOf(row.codes),
    ageDay: Number(row.age_day),
    level: numberOrNull(row.level),
    since: Number(row.since),
    zones: listOf(row.zones),
  };
}

function remoteOf(row: Row): RemotePublication {
  return { url: String(row.url), publishedAt: Number(row.published_at), seeds: listOf(row.seeds) };
}

function shownValues({ generatorType, seed, iterations, day, level, since }: ShownSeed): Value[] {
  return [generatorType, seed, iterations, day, level, since];
}

function shownOf(row: Row): ShownSeed {
  return {
    generatorType: Number(row.generator_type),
    seed: String(row.seed),
    iterations: numberOrNull(row.iterations),
    day: numberOrNull(row.day),
    level: Number(row.level),
    since: Number(row.since),
  };
}

function listOf<T>(json: unknown): T[] {
  return JSON.parse(String(json)) as T[];
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value);
}
