// Everything that serve and the administrative commands share: the open database, the keys, and the operations on them.

import { existsSync } from "node:fs";
import { SHARD_BLOCK_BYTES } from "../../protocol/report/shard";
import { type Clock, monotonicSeconds, systemClock } from "../daemon/clock";
import type { Database } from "../daemon/database/database";
import { openEmbedded } from "../daemon/database/embedded";
import { openPostgres } from "../daemon/database/postgres";
import { ServiceError } from "../daemon/errors";
import { type Lock, takeLock } from "../daemon/lock";
import { errorKind, type Log } from "../daemon/log";
import { SteadyClock } from "../daemon/steadyClock";
import {
  checkStorage,
  DEFAULT_CONFIG,
  DEFAULT_REGION,
  parseRemembered,
  type ServiceConfig,
  type StorageConfig,
} from "./config";
import { FederationConsumer } from "./federation/consumer";
import { type FederationConfig, loadFederation } from "./federation/federationConfig";
import { ALL_TO_ALL_FEED, FeedFiles } from "./feeds/feedFiles";
import { randomSeed } from "./feeds/fill";
import { KeyRing } from "./feeds/keyRing";
import { Publisher } from "./feeds/publisher";
import { type Signer, ThreadedSigner } from "./feeds/signer";
import { loadPermissionKey } from "./intake/permissionKey";
import { Permissions } from "./intake/permissions";
import { Uploads } from "./intake/uploads";
import { sweepAll } from "./retention";
import { type Counters, createCounters } from "./storage/counters";
import { type DataDirectory, defaultDataRoot, openDataDirectory } from "./storage/dataDirectory";
import { isEmpty, migrate } from "./storage/migrations";
import { TimeGuard } from "./timeGuard";

const REGION_SETTING = "region";
const FEEDS_SETTING = "federated-feeds";
const RETENTION_SETTING = "retention-days";
const CHUNK_SETTING = "chunk-bytes";

/** The embedded database is in use by another process; commands then go through its socket. */
export class DataDirectoryBusy extends ServiceError {
  constructor(readonly directory: DataDirectory) {
    super(`another process is using ${directory.root}: stop it, or choose another --data`);
  }
}

export interface Core {
  readonly directory: DataDirectory;
  readonly database: Database;
  readonly config: ServiceConfig & { readonly region: string };
  readonly federation: FederationConfig | undefined;
  readonly permissions: Permissions;
  readonly uploads: Uploads;
  readonly keys: KeyRing;
  readonly files: FeedFiles;
  readonly publisher: Publisher;
  readonly consumer: FederationConsumer;
  readonly metrics: Counters;
  readonly time: TimeGuard;
  /** Steady: goes on when the machine's clock jumps. */
  readonly now: Clock;
  readonly log: Log;
  /** Keeps, once the service serves, its region for good, and how it publishes for the commands beside it. */
  settle(): Promise<void>;
  /** Deletes what is older than the retention time. */
  sweep(): Promise<void>;
  /** Ends signing and pulling, so that nothing keeps `close` waiting; what was due stays due. */
  interrupt(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens database and keys, and makes what is missing.
 * @param given what is missing in it is as in the service that was started last on this database
 * @throws DataDirectoryBusy, or ServiceError for anything else that the operator can mend
 */
export async function openCore(
  given: StorageConfig & Partial<ServiceConfig>,
  wall: Clock,
  log: Log,
  signer: Signer = new ThreadedSigner(),
  // A clock that tests and simulations turn is turned as a whole.
  monotonic: () => number = wall === systemClock ? monotonicSeconds : wall,
): Promise<Core> {
  checkStorage(given);
  const federation = given.federation === undefined ? undefined : await loadFederation(given.federation);
  const directory = await openDataDirectory(given.data ?? defaultDataRoot(given.database ?? ""));
  const lock = given.database === undefined ? await lockOrFail(directory) : undefined;
  let database: Database | undefined;
  const clock = new SteadyClock(wall, monotonic);
  const { now } = clock;
  try {
    database = await openDatabase(given, directory);
    // Before anything is made in it: a second try must find it as empty as the first.
    if (existsSync(directory.permissionKey) && (await isEmpty(database)))
      throw new ServiceError(
        `the database is new, but ${directory.permissionKey} is from an older one: restore that database from a backup, or, to begin anew, move the old keys away`,
      );
    await migrate(database);
    const region = await agreeOn(database, REGION_SETTING, given.region, DEFAULT_REGION);
    if (given.region !== undefined && given.region !== region)
      throw new ServiceError(
        `this database belongs to region ${region}, not ${given.region}: a region needs a database of its own`,
      );
    const config = { ...DEFAULT_CONFIG, ...(await rememberedSettings(database)), ...given, region };
    const key = await loadPermissionKey(directory, database);
    const keys = new KeyRing(directory.signingKey, database, signer);
    const metrics = createCounters();
    const files = new FeedFiles(directory, database, log, metrics);
    const publisher = new Publisher(database, keys, files, {
      region,
      federatedFeeds: await agreeOnFeeds(database, federation),
      maxBlocks: Math.floor(config.chunkBytes / SHARD_BLOCK_BYTES),
      now,
      random: randomSeed,
    });
    const core = {
      directory,
      database,
      config,
      federation,
      permissions: new Permissions(database, key, now),
      uploads: new Uploads(database, key, now),
      keys,
      files,
      publisher,
      consumer: new FederationConsumer(
        region,
        federation?.authority ?? Buffer.alloc(0),
        federation?.producers ?? [],
        database,
        now,
        log,
        metrics,
      ),
      metrics,
      time: new TimeGuard(clock, database, log, metrics),
      now,
      log,
    };
    return {
      ...core,
      settle: async () => {
        await agreeOn(core.database, REGION_SETTING, region, region);
        await remember(core.database, RETENTION_SETTING, String(config.retentionDays));
        await remember(core.database, CHUNK_SETTING, String(config.chunkBytes));
      },
      sweep: async () => {
        await core.time.expectRight();
        await sweepAll(core);
      },
      interrupt: async () => {
        core.consumer.stop();
        await signer.close();
      },
      close: async () => {
        await signer.close();
        await core.database.close();
        await lock?.release();
      },
    };
  } catch (error) {
    await signer.close();
    await database?.close();
    await lock?.release();
    throw error;
  }
}

async function lockOrFail(directory: DataDirectory): Promise<Lock> {
  const lock = await takeLock(directory.lock).catch((error) => {
    throw new ServiceError(`cannot write in ${directory.root}: ${(error as NodeJS.ErrnoException).code}`);
  });
  if (lock === undefined) throw new DataDirectoryBusy(directory);
  return lock;
}

async function openDatabase(config: StorageConfig, directory: DataDirectory): Promise<Database> {
  try {
    return config.database === undefined ? await openEmbedded(directory.database) : await openPostgres(config.database);
  } catch (error) {
    throw new ServiceError(
      config.database === undefined
        ? `cannot open the embedded database in ${directory.database} (${errorKind(error)}): restore it from a backup`
        : `cannot reach the database (${errorKind(error)}): is the address right, is it running, may you log in?`,
      "unreachable",
    );
  }
}

/** The setting that the database holds; `given` if it holds none yet, which is then kept, and else `otherwise`. */
async function agreeOn(
  database: Database,
  name: string,
  given: string | undefined,
  otherwise: string,
): Promise<string> {
  if (given !== undefined)
    await database.query("insert into setting (name, value) values ($1, $2) on conflict (name) do nothing", [
      name,
      given,
    ]);
  const [row] = await database.query<{ value: string }>("select value from setting where name = $1", [name]);
  return row?.value ?? otherwise;
}

/**
 * The feeds that other regions may read. The database remembers them, so that a publication by an instance or command
 * without the federation file leaves none of them out.
 */
async function agreeOnFeeds(database: Database, federation: FederationConfig | undefined): Promise<string[]> {
  if (federation === undefined) {
    const feeds = await agreeOn(database, FEEDS_SETTING, undefined, "");
    return feeds.split(" ").filter((feed) => feed !== "");
  }
  const feeds = federation.consumers.map(({ regionID }) => regionID);
  if (federation.consumers.some(({ allToAll }) => allToAll)) feeds.push(ALL_TO_ALL_FEED);
  await remember(database, FEEDS_SETTING, feeds.join(" "));
  return feeds;
}

/**
 * What the last start of the service said of how to publish. A command that publishes by itself must keep shards as long as
 * the service does, and cut them as it does.
 */
async function rememberedSettings(
  database: Database,
): Promise<Partial<Pick<ServiceConfig, "retentionDays" | "chunkBytes">>> {
  const retention = await agreeOn(database, RETENTION_SETTING, undefined, "");
  const chunk = await agreeOn(database, CHUNK_SETTING, undefined, "");
  return {
    ...(retention === "" ? {} : { retentionDays: parseRemembered("retentionDays", retention) }),
    ...(chunk === "" ? {} : { chunkBytes: parseRemembered("chunkBytes", chunk) }),
  };
}

async function remember(database: Database, name: string, value: string): Promise<void> {
  await database.query(
    "insert into setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    [name, value],
  );
}
