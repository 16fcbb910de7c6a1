// The exposure service as a whole: opens everything, serves, publishes and pulls on time, and stops cleanly.

import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createSecureContext } from "node:tls";
import { pause, repeat } from "../base/timers";
import { serveAdministration } from "../daemon/adminSocket";
import { type Clock, systemClock } from "../daemon/clock";
import { ServiceError } from "../daemon/errors";
import { type ListeningServer, listen } from "../daemon/http/server";
import { errorKind, type Log } from "../daemon/log";
import { administerUnchecked, askExposureService, publish } from "./administration";
import { checkConfig, type ServiceConfig } from "./config";
import { type Core, DataDirectoryBusy, openCore } from "./core";
import { EMBARGO_MINUTES } from "./feeds/embargo";
import type { Signer } from "./feeds/signer";
import { Health } from "./health";
import { GuessLimit } from "./http/guessLimit";
import { federationHandler, publicHandler } from "./http/routes";
import { UploadRoute } from "./http/uploadRoute";

const MAX_UPLOADS_IN_FLIGHT = 200;
const SYNC_MS = 5_000;
const PULL_CHECK_MS = 5_000;
/** Read at each sync to compare digests: a month of a large region's files once in ten minutes. */
const VERIFY_BYTES = 32_000_000;
const WATCH_MS = 5_000;
const MIN_TIMER_MS = 1_000;
const MAX_TIMER_MS = 60_000;
const FREE_TRIES = 40;
const FREE_PAUSE_MS = 250;

export interface ExposureService {
  readonly core: Core;
  /** Public address, without a path. */
  readonly url: string;
  /** For other regions' services; undefined without a listener in the federation file. */
  readonly federationUrl: string | undefined;
  close(): Promise<void>;
}

export interface ServiceDependencies {
  readonly now?: Clock;
  /** Seconds by a clock that never jumps; with a clock of their own, tests and simulations may leave it to that. */
  readonly monotonic?: () => number;
  readonly log?: Log;
  readonly signer?: Signer;
  /** Whether publishing and pulling happen by themselves; tests and simulations ask for them instead. */
  readonly isScheduled?: boolean;
}

/** Starts the service. @throws ServiceError with what the operator has to mend */
export async function startExposureService(
  config: ServiceConfig,
  { now = systemClock, monotonic, log = () => undefined, signer, isScheduled = true }: ServiceDependencies = {},
): Promise<ExposureService> {
  checkConfig(config);
  const core = await openWhenFree(config, now, log, signer, monotonic);
  const closers: (() => Promise<void>)[] = [() => core.close()];
  let stopSchedule = async () => {};
  const close = async () => {
    // Told first, so that what the interruption breaks off is no failure to log.
    const stopping = stopSchedule();
    await core.interrupt();
    await stopping;
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    await core.settle();
    await core.time.watch();
    const canPublish = await core.keys.prepare();
    if (canPublish) await core.publisher.refreshIndexes();
    else await core.files.sync();
    if (core.config.database === undefined)
      closers.push(
        (await serveAdministration(core.directory.adminSocket, (request) => administerUnchecked(core, request), log))
          .close,
      );
    const server = await listenPublicly(core);
    closers.push(server.close);
    const federation = await listenToRegions(core);
    if (federation !== undefined) closers.push(federation.close);
    if (isScheduled) stopSchedule = schedule(core, canPublish);
    log("info", "started", { region: core.config.region, publishes: canPublish });
    return { core, url: server.url, federationUrl: federation?.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits for a command that has the data directory for a moment, but not for another service. */
async function openWhenFree(
  config: ServiceConfig,
  now: Clock,
  log: Log,
  signer: Signer | undefined,
  monotonic: (() => number) | undefined,
): Promise<Core> {
  for (let tries = 1; ; tries++) {
    try {
      return await openCore(config, now, log, signer, monotonic);
    } catch (error) {
      if (!(error instanceof DataDirectoryBusy) || tries === FREE_TRIES) throw error;
      if ((await askExposureService(error.directory.adminSocket, { do: "keys-show" })) !== undefined) throw error;
      await pause(FREE_PAUSE_MS);
    }
  }
}

async function listenPublicly(core: Core): Promise<ListeningServer> {
  const { config, log, metrics, files, now } = core;
  const health = new Health(core);
  const uploads = new UploadRoute(core.uploads, new GuessLimit(config.guessesPerMinute), metrics, {
    region: config.region,
    now,
    answerStepMs: config.answerStepMs,
    maxInFlight: MAX_UPLOADS_IN_FLIGHT,
    log,
    canJudgeHours: () => core.time.canJudgeHours(),
    noteStored: (isStored) => health.noteStored(isStored),
    addressOf: config.behindProxy ? forwardedAddress : connectionAddress,
  });
  const tls = await readTls(config);
  return orSayWhy(
    listen(
      publicHandler({ files, uploads, metrics, checkHealth: () => health.check() }),
      { host: config.host, port: config.port, tls, behindProxy: config.behindProxy },
      log,
      () => metrics.add("chirpfob_errors_total"),
    ),
    config.host,
    config.port,
  );
}

async function listenToRegions({ federation, files, log, metrics }: Core): Promise<ListeningServer | undefined> {
  if (federation?.listen === undefined) return undefined;
  const { host, port, certificate, key } = federation.listen;
  const tls = {
    cert: certificate,
    key,
    ca: federation.authority,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2" as const,
  };
  const regions = new Set(federation.consumers.map(({ regionID }) => regionID));
  const everything = new Set(federation.consumers.filter(({ allToAll }) => allToAll).map(({ regionID }) => regionID));
  return orSayWhy(
    listen(federationHandler(files, everything, regions), { host, port, tls }, log, () =>
      metrics.add("chirpfob_errors_total"),
    ),
    host,
    port,
  );
}

/** Publishes when hours leave the embargo, pulls when regions recommend it, and picks up what other instances did. */
function schedule(core: Core, canPublish: boolean): () => Promise<void> {
  const { config, log, metrics } = core;
  const tasks = [
    repeat(
      () => SYNC_MS,
      async () => {
        await core.files.sync();
        await core.files.verifySome(VERIFY_BYTES);
      },
      (error) => log("error", "sync-failed", { kind: errorKind(error) }),
    ),
    repeat(
      () => WATCH_MS,
      () => core.time.watch(),
      (error) => log("error", "clock-watch-failed", { kind: errorKind(error) }),
    ),
    repeat(
      () => PULL_CHECK_MS,
      async () => {
        if (core.time.problem() === undefined) await core.consumer.pull(true);
      },
      (error) => log("error", "pull-failed", { kind: errorKind(error) }),
    ),
  ];
  if (canPublish) {
    let next = nextPublication(core.now(), config.publishMinutes);
    const publishIfDue = async () => {
      if (core.now() < next) return;
      // What was refused because of the clock is due as soon as the clock is right.
      if (!(await core.time.watch()).isRight) return;
      next = nextPublication(core.now(), config.publishMinutes);
      await publish(core);
    };
    const wait = () => Math.min(MAX_TIMER_MS, Math.max(MIN_TIMER_MS, (next - core.now()) * 1000));
    tasks.push(
      repeat(wait, publishIfDue, (error) => {
        metrics.add("chirpfob_publications_failed_total");
        log("error", "publication-failed", { kind: errorKind(error) });
      }),
    );
  }
  return async () => {
    await Promise.all(tasks.map((task) => task.stop()));
  };
}

/** The next multiple of the interval, counted from the minute at which an hour leaves the embargo. */
function nextPublication(nowSeconds: number, everyMinutes: number): number {
  const offset = EMBARGO_MINUTES * 60;
  const every = everyMinutes * 60;
  return (Math.floor((nowSeconds - offset) / every) + 1) * every + offset;
}

async function orSayWhy(listening: Promise<ListeningServer>, host: string, port: number): Promise<ListeningServer> {
  try {
    return await listening;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "EADDRINUSE" ? "something else listens there already" : code === "EACCES" ? "you may not" : String(code);
    throw new ServiceError(`cannot listen on ${host} port ${port}: ${why}; choose another --host or --port`);
  }
}

/** The files of HTTPS; undefined without them. @throws ServiceError unless they belong together */
async function readTls({ tlsCertificate, tlsKey }: ServiceConfig): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (tlsCertificate === undefined || tlsKey === undefined) return undefined;
  const tls = { cert: await readPem(tlsCertificate), key: await readPem(tlsKey) };
  try {
    createSecureContext(tls);
    return tls;
  } catch (error) {
    throw new ServiceError(
      `${tlsCertificate} and ${tlsKey} are no PEM certificate with its key (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}

async function readPem(path: string): Promise<Buffer> {
  return readFile(path).catch((error) => {
    throw new ServiceError(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  });
}

function connectionAddress(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? "";
}

/** What the nearest proxy saw: the last entry, since a client can write whatever it likes before it. */
function forwardedAddress(request: IncomingMessage): string {
  const forwarded = String(request.headers["x-forwarded-for"] ?? "");
  return forwarded.split(",").at(-1)?.trim() ?? "";
}
