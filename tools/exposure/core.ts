// Everything that serve and the administrative commands share: the open database, the keys, and the operations on them.

import { SHARD_BLOCK_BYTES } from "../../protocol/shard";
import type { Clock } from "./clock";
import { checkStorage, DEFAULT_REGION, type ServiceConfig } from "./config";
import type { Database } from "./database/database";
import { openEmbedded } from "./database/embedded";
import { migrate } from "./database/migrations";
import { openPostgres } from "./database/postgres";
import { type DataDirectory, defaultDataRoot, type Lock, openDataDirectory, takeLock } from "./dataDirectory";
import { ServiceError } from "./errors";
import { FederationConsumer } from "./federation/consumer";
import { type FederationConfig, loadFederation } from "./federation/federationConfig";
import { ALL_TO_ALL_FEED, FeedFiles } from "./feeds/feedFiles";
import { randomSeed } from "./feeds/fill";
import { KeyRing } from "./feeds/keyRing";
import { Publisher } from "./feeds/publisher";
import { type Signer, ThreadedSigner } from "./feeds/signer";
import { errorKind, type Log } from "./log";
import { Metrics } from "./metrics";
import { loadPermissionKey } from "./permissionKey";
import { Permissions } from "./permissions";
import { sweepAll } from "./retention";
import { Uploads } from "./uploads";

const REGION_SETTING = "region";
const FEEDS_SETTING = "federated-feeds";

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
  readonly metrics: Metrics;
  readonly now: Clock;
  readonly log: Log;
  /** Keeps the region for good, once the service serves it. */
  settleRegion(region: string): Promise<void>;
  /** Deletes what is older than the retention time. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens database and keys, and makes what is missing.
 * @throws DataDirectoryBusy, or ServiceError for anything else that the operator can mend
 */
export async function openCore(
  config: ServiceConfig,
  now: Clock,
  log: Log,
  signer: Signer = new ThreadedSigner(),
): Promise<Core> {
  checkStorage(config);
  const federation = config.federation === undefined ? undefined : await loadFederation(config.federation);
  const directory = await openDataDirectory(config.data ?? defaultDataRoot(config.database ?? ""));
  const lock = config.database === undefined ? await lockOrFail(directory) : undefined;
  let database: Database | undefined;
  try {
    database = await openDatabase(config, directory);
    await migrate(database);
    const region = await agreeOn(database, REGION_SETTING, config.region, DEFAULT_REGION);
    if (config.region !== undefined && config.region !== region)
      throw new ServiceError(
        `this database belongs to region ${region}, not ${config.region}: a region needs a database of its own`,
      );
    const key = await loadPermissionKey(directory, database);
    const keys = new KeyRing(directory.signingKey, database, signer);
    const files = new FeedFiles(directory, database);
    const metrics = new Metrics();
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
      config: { ...config, region },
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
      now,
      log,
    };
    return {
      ...core,
      settleRegion: async (settled) => {
        await agreeOn(core.database, REGION_SETTING, settled, settled);
      },
      sweep: () => sweepAll(core),
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
  const lock = await takeLock(directory.lock);
  if (lock === undefined) throw new DataDirectoryBusy(directory);
  return lock;
}

async function openDatabase(config: ServiceConfig, directory: DataDirectory): Promise<Database> {
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
  await database.query(
    "insert into setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
    [FEEDS_SETTING, feeds.join(" ")],
  );
  return feeds;
}
