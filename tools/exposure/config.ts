// The service's settings, from flags and environment (tools/cli/commands/serve.ts), checked before anything starts.

import { FormatError } from "../../protocol/base/formatError";
import { encodeRegion } from "../../protocol/base/region";
import { SHARD_BLOCK_BYTES } from "../../protocol/report/shard";
import { ServiceError } from "../daemon/errors";

/** Which data and database, for serve and for every command beside it. */
export interface StorageConfig {
  /** Data directory: keys, published files, and the embedded database unless `database` is set. */
  readonly data?: string;
  /** A postgres:// address. */
  readonly database?: string;
}

export interface ServiceConfig extends StorageConfig {
  /** ISO 3166-2; a database keeps its first one for life, so that later starts need not name it. */
  readonly region?: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** PEM files; without them plain HTTP, for loopback or behind a proxy. */
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  /** Path of a federation file. */
  readonly federation?: string;
  readonly publishMinutes: number;
  readonly retentionDays: number;
  /** Most bytes of blocks in a shard. */
  readonly chunkBytes: number;
  /** Refusals a minute before an address must wait. */
  readonly guessesPerMinute: number;
  /** Answers to uploads leave at multiples of this. */
  readonly answerStepMs: number;
  /** Whether the last X-Forwarded-For entry, not the connection, names the client. */
  readonly behindProxy: boolean;
}

/** The region of a service that was given none: a code that ISO 3166 leaves to users. */
export const DEFAULT_REGION = "ZZ";

export const DEFAULT_CONFIG: ServiceConfig = {
  host: "127.0.0.1",
  port: 8731,
  publishMinutes: 60,
  retentionDays: 30,
  chunkBytes: 4_000_000,
  guessesPerMinute: 30,
  answerStepMs: 50,
  behindProxy: false,
};

/** The longest time after which a service deletes everything. */
export const MAX_RETENTION_DAYS = 365;

const MIN_CHUNK_BLOCKS = 4;
/** Other regions take no larger ones, and each costs memory when it is made. */
const MAX_CHUNK_BYTES = 8_000_000;
const MAX_ANSWER_STEP_MS = 5_000;

/** Throws ServiceError for the first setting that cannot be used. */
export function checkConfig(config: ServiceConfig): void {
  checkStorage(config);
  try {
    if (config.region !== undefined) encodeRegion(config.region);
  } catch (error) {
    if (error instanceof FormatError) throw new ServiceError(`--region ${config.region}: ${error.problem}`);
    throw error;
  }
  expectWhole("--port", config.port, 0, 65_535);
  expectWhole("--publish-minutes", config.publishMinutes, 1, 24 * 60);
  expectWhole("--retention-days", config.retentionDays, 1, MAX_RETENTION_DAYS);
  expectWhole("--chunk-bytes", config.chunkBytes, MIN_CHUNK_BLOCKS * SHARD_BLOCK_BYTES, MAX_CHUNK_BYTES);
  expectWhole("--guesses-per-minute", config.guessesPerMinute, 1, 1_000_000);
  expectWhole("--answer-step-ms", config.answerStepMs, 0, MAX_ANSWER_STEP_MS);
  if ((config.tlsCertificate === undefined) !== (config.tlsKey === undefined))
    throw new ServiceError("--tls-certificate and --tls-key belong together: give both or neither");
}

/** Throws ServiceError unless it says where the data is. */
export function checkStorage({ data, database }: StorageConfig): void {
  if (data === undefined && database === undefined)
    throw new ServiceError("say where the data is: --data DIR (embedded database) or --database postgres://...");
  if (database === undefined) return;
  if (!/^postgres(ql)?:\/\//.test(database))
    throw new ServiceError("--database must be a postgres:// address such as postgres://user@host/name");
}

function expectWhole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ServiceError(`${name} must be a whole number from ${min} to ${max}`);
}
