// What the tests of the exposure service share: a clock to turn, uploads to send, services to throw away.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { SLH_DSA_SIGNATURE_BYTES } from "../../../protocol/crypto/slhDsa";
import { encodeUploadFile, type UploadFile } from "../../../protocol/report/uploadFile";
import { ROOT } from "../../../test/tools";
import { openEmbedded } from "../../daemon/database/embedded";
import { cleanUpLater, temporaryFolder } from "../../daemon/test/cleanUp";
import { startPostgres, type TestPostgres } from "../../daemon/test/postgres";
import { DEFAULT_CONFIG, type ServiceConfig } from "../config";
import { type Core, openCore } from "../core";
import type { Signer } from "../feeds/signer";
import { type ExposureService, startExposureService } from "../service";

/** 2026-03-10 10:30 UTC: the middle of an hour. */
export const START = Date.UTC(2026, 2, 10, 10, 30) / 1000;
export const REGION = "US-MA";

export class FakeClock {
  constructor(public seconds = START) {}
  readonly now = () => this.seconds;
  advance({ days = 0, hours = 0, minutes = 0 }): void {
    this.seconds += days * 86_400 + hours * 3600 + minutes * 60;
  }
}

/** An upload of `hours` random seeds that ends with hour `lastHour` (default: the last full one before START). */
export function makeUpload(fields: Partial<UploadFile> & { hours?: number; lastHour?: number } = {}): UploadFile {
  const { hours = 24, lastHour = hourOfSeconds(START) - 1, ...rest } = fields;
  return {
    regions: [REGION],
    reverseFrom: 0,
    reverseTo: 0,
    firstHour: lastHour - hours + 1,
    seeds: Array.from({ length: hours }, () => randomBytes(32)),
    ...rest,
  };
}

export const uploadBytes = (fields: Parameters<typeof makeUpload>[0] = {}) => encodeUploadFile(makeUpload(fields));

// Genuine signatures and fresh databases take seconds of computing each, and more on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

export { cleanUpLater, temporaryFolder };

/** A data directory with a fresh embedded database, copied from one made earlier: making one takes seconds. */
export async function dataFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(await databaseTemplate(), join(folder, "database"), { recursive: true });
  return folder;
}

async function databaseTemplate(): Promise<string> {
  const template = join(ROOT, "build", "empty-database");
  if (existsSync(template)) return template;
  await mkdir(join(ROOT, "build"), { recursive: true });
  const unfinished = await mkdtemp(`${template}-`);
  await (await openEmbedded(unfinished)).close();
  // Another test file may have been faster; its template is as good.
  await rename(unfinished, template).catch(() => rm(unfinished, { recursive: true }));
  return template;
}

let postgres: Promise<TestPostgres | undefined> | undefined;

/** This test file's PostgreSQL, started when first asked for; undefined where there is none. */
export function sharedPostgres(): Promise<TestPostgres | undefined> {
  postgres ??= startPostgres().then((started) => {
    if (started !== undefined) cleanUpLater(() => started.stop());
    return started;
  });
  return postgres;
}

export type Engine = "PGlite" | "PostgreSQL";

/** Both engines, for describe.each. */
export const ENGINES: readonly Engine[] = ["PGlite", "PostgreSQL"];

/** Where a test's data lies on an engine; undefined if the engine is not installed. */
export async function storage(engine: Engine): Promise<{ data: string; database?: string } | undefined> {
  if (engine === "PGlite") return { data: await dataFolder() };
  const data = await temporaryFolder();
  const server = await sharedPostgres();
  return server === undefined ? undefined : { data, database: await server.createDatabase() };
}

/** Stands in for a signature where no test looks at it: the genuine one takes over a second each. */
export const noSigner: Signer = {
  sign: async () => randomBytes(SLH_DSA_SIGNATURE_BYTES),
  close: async () => undefined,
};

/** Database, keys and operations without a server. */
export async function testCore(
  config: Partial<ServiceConfig>,
  clock = new FakeClock(),
  signer: Signer = noSigner,
): Promise<Core> {
  const core = await openCore({ ...DEFAULT_CONFIG, region: REGION, ...config }, clock.now, () => undefined, signer);
  cleanUpLater(() => core.close());
  return core;
}

/** A service on a free port that does nothing by itself unless it is told to. */
export async function testService(
  config: Partial<ServiceConfig>,
  clock = new FakeClock(),
  signer: Signer = noSigner,
  isScheduled = false,
): Promise<ExposureService> {
  const service = await startExposureService(
    { ...DEFAULT_CONFIG, region: REGION, port: 0, answerStepMs: 0, ...config },
    { now: clock.now, isScheduled, signer },
  );
  cleanUpLater(() => service.close());
  return service;
}

/** Sends an upload and returns status and body. */
export async function sendUpload(
  url: string,
  file: Buffer,
  { number = "", receipt = randomBytes(16).toString("hex"), headers = {} as Record<string, string> } = {},
): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await fetch(`${url}/v1/uploads`, {
    method: "POST",
    body: new Uint8Array(file),
    headers: {
      "content-type": "application/octet-stream",
      authorization: `Permission ${number}`,
      "idempotency-key": receipt,
      ...headers,
    },
  });
  return { status: response.status, body: await response.text(), headers: response.headers };
}
