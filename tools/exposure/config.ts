// The service's settings, from flags and environment (tools/cli/commands/serve.ts), checked before anything starts.

import { z } from "zod";
import { FormatError } from "../../protocol/base/formatError";
import { encodeRegion } from "../../protocol/base/region";
import { SHARD_BLOCK_BYTES } from "../../protocol/report/shard";
import { checked } from "../daemon/checked";
import { ServiceError } from "../daemon/errors";
import { MAX_RETENTION_DAYS } from "./feeds/embargo";

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

const MIN_CHUNK_BLOCKS = 4;
/** Other regions take no larger ones, and each costs memory when it is made. */
const MAX_CHUNK_BYTES = 8_000_000;
const MAX_ANSWER_STEP_MS = 5_000;

const NUMBERS = {
  port: whole(0, 65_535),
  publishMinutes: whole(1, 24 * 60),
  retentionDays: whole(1, MAX_RETENTION_DAYS),
  chunkBytes: whole(MIN_CHUNK_BLOCKS * SHARD_BLOCK_BYTES, MAX_CHUNK_BYTES),
  guessesPerMinute: whole(1, 1_000_000),
  answerStepMs: whole(0, MAX_ANSWER_STEP_MS),
};

/** What a database remembers of the last start, as text. @throws ServiceError if it is no such number */
export function parseRemembered(name: "retentionDays" | "chunkBytes", text: string): number {
  return checked(NUMBERS[name], Number(text), `the database's setting ${name}`);
}

/** Throws ServiceError for the first setting that cannot be used. */
export function checkConfig(config: ServiceConfig): void {
  checkStorage(config);
  try {
    if (config.region !== undefined) encodeRegion(config.region);
  } catch (error) {
    if (error instanceof FormatError) throw new ServiceError(`--region ${config.region}: ${error.problem}`);
    throw error;
  }
  for (const [name, schema] of Object.entries(NUMBERS))
    checked(schema, config[name as keyof typeof NUMBERS], flagOf(name));
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

/** As the operator wrote it: publishMinutes is --publish-minutes. */
function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function whole(min: number, max: number): z.ZodNumber {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z.int(problem).min(min, problem).max(max, problem);
}
