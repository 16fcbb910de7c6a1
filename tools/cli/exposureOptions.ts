// What the commands of the exposure service have in common: where its data is, and how a request reaches it.

import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { retry } from "../base/retry";
import { systemClock } from "../daemon/clock";
import { ServiceError, type Trouble } from "../daemon/errors";
import { createLog } from "../daemon/log";
import { type AdminAnswer, type AdminRequest, administer, askExposureService } from "../exposure/administration";
import { checkStorage, type StorageConfig } from "../exposure/config";
import { DataDirectoryBusy, openCore } from "../exposure/core";
import { holdsService } from "../exposure/storage/dataDirectory";
import { CliError, EXIT, type ExitCode } from "./errors";

/** Options of every command that talks to the service. */
export interface StorageOptions extends StorageConfig {
  readonly federation?: string;
  readonly json?: boolean;
}

const STARTING_TRIES = 40;
/** A service that was started just before makes its folder in this time. */
const APPEARING_TRIES = 10;
const STARTING_PAUSE_MS = 250;

const EXIT_OF: Record<Trouble, ExitCode> = { input: EXIT.input, unreachable: EXIT.network, refused: EXIT.refused };

/** Adds `--data` and `--database`, which `serve` and the commands beside it share. */
export function addStorageOptions(command: Command): Command {
  return command
    .addOption(new Option("--data <dir>", "data directory of the service").env("CHIRPFOB_DATA"))
    .addOption(
      new Option("--database <url>", "PostgreSQL address instead of the embedded database").env("CHIRPFOB_DATABASE"),
    );
}

/** Carries out a request: in the service that runs on the data directory, or right here if none does. */
export async function request<R extends AdminRequest>(options: StorageOptions, wanted: R): Promise<AdminAnswer<R>> {
  return asCliError(async () => {
    checkStorage(options);
    if (options.database !== undefined) return await requestHereWhenFree(options, wanted);
    const root = resolve(options.data ?? "");
    let appearing = 0;
    // The service, or another command, may have the database and not listen yet, or no longer.
    const answer = await retry(
      async () => {
        const answered = await askExposureService(join(root, "admin.sock"), wanted);
        if (answered !== undefined) return { answered };
        // A mistyped folder must not become a second service, whose numbers nobody would take.
        if (wanted.do === "keys-generate" || holdsService(root))
          return { answered: await requestHere(options, wanted) };
        if (++appearing < APPEARING_TRIES) return undefined;
        throw new CliError(
          EXIT.input,
          `there is no exposure service in ${root}: is --data right? "chirpfob serve --data DIR" makes a new one`,
        );
      },
      { pauseMs: STARTING_PAUSE_MS, attempts: STARTING_TRIES, mayPass: isBusy },
    );
    return (answer as { answered: AdminAnswer<R> }).answered;
  });
}

async function requestHereWhenFree<R extends AdminRequest>(
  options: StorageOptions,
  wanted: R,
): Promise<AdminAnswer<R>> {
  const answer = await retry(async () => ({ answered: await requestHere(options, wanted) }), {
    pauseMs: STARTING_PAUSE_MS,
    attempts: STARTING_TRIES,
    mayPass: isBusy,
  });
  return (answer as { answered: AdminAnswer<R> }).answered;
}

function isBusy(error: unknown): boolean {
  return error instanceof DataDirectoryBusy;
}

/** Runs `work`, and turns what an operator can mend into a one-line error with an exit code. */
export async function asCliError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServiceError) throw new CliError(EXIT_OF[error.trouble], error.message);
    throw error;
  }
}

/** The service's log goes to stderr, one JSON object a line. */
export const stderrLog = createLog((line) => process.stderr.write(line), systemClock);

async function requestHere<R extends AdminRequest>(options: StorageOptions, wanted: R): Promise<AdminAnswer<R>> {
  const { data, database, federation } = options;
  const config = {
    ...(data === undefined ? {} : { data }),
    ...(database === undefined ? {} : { database }),
    ...(federation === undefined ? {} : { federation }),
  };
  const quiet = () => undefined;
  const core = await openCore(config, systemClock, quiet);
  try {
    return await administer(core, wanted);
  } finally {
    await core.close();
  }
}
