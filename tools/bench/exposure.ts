import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { hourOfSeconds } from "../../protocol/base/time";
import { DEFAULT_UPLOAD_HOURS, encodeUploadFile } from "../../protocol/report/uploadFile";
import { systemClock } from "../daemon/clock";
import { startPostgres, type TestPostgres } from "../daemon/test/postgres";
import { DEFAULT_CONFIG, type ServiceConfig } from "../exposure/config";
import { openCore } from "../exposure/core";
import { MAX_ISSUE } from "../exposure/intake/permissions";
import { type ExposureService, startExposureService } from "../exposure/service";
import { printMeasurements } from "./table";

const CLIENTS = [1, 4, 16];
const SECONDS = 4;
/** What is measured must reach these (seconds, bytes, uploads a second). */
const TARGETS = { uploadsPerSecond: 100, daySeconds: 10, dayBytes: 250e6 } as const;
const DAY_CASES = 1000;
const REGION = "US-MA";
/** 14 daily keys of 16 bytes (Google/Apple Exposure Notification). */
const GAEN_BYTES = 14 * 16;
const CHIRPFOB = join(import.meta.dirname, "../../bin/chirpfob.mjs");

/** Uploads a second, the time and memory of a day's publication, bytes for each case, and reads a second. */
export async function benchExposure(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "chirpfob-bench-"));
  const postgres = await startPostgres();
  const [load = 0] = loadavg();
  console.log(
    `\nThe exposure service, on ${availableParallelism()} processors with a load of ${load.toFixed(1)} from before`,
  );
  try {
    const verdicts = await benchUploads(folder, postgres);
    if (postgres === undefined) console.log("PostgreSQL is not installed: what needs it was not measured");
    else verdicts.push(...(await benchDay(join(folder, "day"), await postgres.createDatabase())));
    printMeasurements("Targets", ["what", "measured", "target", "verdict"], verdicts);
  } finally {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchUploads(folder: string, postgres: TestPostgres | undefined): Promise<string[][]> {
  const verdicts: string[][] = [];
  const rows: string[][] = [];
  const reads: string[][] = [];
  for (const engine of ["PGlite", "PostgreSQL"]) {
    if (engine === "PostgreSQL" && postgres === undefined) continue;
    const database = engine === "PostgreSQL" ? await postgres?.createDatabase() : undefined;
    for (const answerStepMs of [0, DEFAULT_CONFIG.answerStepMs]) {
      const config = { data: join(folder, engine), ...(database === undefined ? {} : { database }), answerStepMs };
      const service = await start(config);
      const numbers = new NumberPool(service);
      const measured: Rate[] = [];
      for (const clients of CLIENTS) {
        await numbers.refill();
        measured.push(await rate(clients, async (agent) => upload(service.url, agent, await numbers.next())));
      }
      if (engine === "PostgreSQL" && answerStepMs === 0) {
        const best = Math.max(...measured.map(({ perSecond }) => perSecond));
        verdicts.push(verdict("uploads a second on PostgreSQL", best, "at least", TARGETS.uploadsPerSecond));
      }
      rows.push([engine, answerStepMs === 0 ? "none" : `${answerStepMs} ms`, ...cells(measured)]);
      if (engine === "PGlite" && answerStepMs === 0) {
        for (const path of ["/v1/keys", "/v1/keys/1"]) {
          if (path !== "/v1/keys") await service.core.publisher.publishDue();
          const bytes = service.core.files.get("public")?.chunks.get(1)?.bytes;
          const read: Rate[] = [];
          for (const clients of CLIENTS) read.push(await rate(clients, (agent) => get(`${service.url}${path}`, agent)));
          reads.push([path === "/v1/keys" ? path : `${path} (${bytes} bytes)`, ...cells(read)]);
        }
      }
      await service.close();
    }
  }
  const counts = [...CLIENTS.map((clients) => `${clients} clients`), "processor time each"];
  printMeasurements(
    "Uploads of 21 days a second, client and service in one process",
    ["database", "answers rounded to", ...counts],
    rows,
  );
  printMeasurements("Reads a second from the built-in server", ["path", ...counts], reads);
  return verdicts;
}

/** Permission numbers for as many uploads as a machine can make. */
class NumberPool {
  private numbers: string[] = [];

  constructor(private readonly service: ExposureService) {}

  async refill(): Promise<void> {
    this.numbers = await this.service.core.permissions.issue("bench", MAX_ISSUE);
  }

  async next(): Promise<string> {
    if (this.numbers.length === 0) await this.refill();
    return this.numbers.pop() ?? "";
  }
}

/** One line of the last table: what was measured, the target, and whether it was met. */
function verdict(what: string, value: number, bound: "at least" | "at most", target: number): string[] {
  const isMet = bound === "at least" ? value >= target : value <= target;
  return [what, value.toFixed(1), `${bound} ${target}`, isMet ? "met" : "MISSED"];
}

/** One publication of a thousand people's three weeks, by `chirpfob publish` in a process of its own. */
async function benchDay(data: string, database: string): Promise<string[][]> {
  const core = await openCore({ ...DEFAULT_CONFIG, data, database, region: REGION }, systemClock, () => undefined);
  await core.keys.prepare();
  await core.publisher.refreshIndexes();
  for (let i = 0; i < DAY_CASES; i++)
    await core.database.query("insert into intake (id, day, file) values ($1, 0, $2)", [
      randomBytes(16).toString("hex"),
      uploadFile(),
    ]);
  const started = performance.now();
  const child = spawn(process.execPath, [CHIRPFOB, "publish", "--data", data, "--database", database], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { peak, cpuSeconds } = await untilEnded(child);
  const seconds = (performance.now() - started) / 1000;
  const [sum] = await core.database.query<{ chunks: number; seeds: number; bytes: number }>(
    "select count(*) as chunks, sum(seeds)::bigint as seeds, sum(bytes)::bigint as bytes from chunk",
  );
  await core.close();
  const { chunks = 0, seeds = 0, bytes = 0 } = sum ?? {};
  printMeasurements(
    `A day of ${DAY_CASES} cases, built and signed`,
    ["seeds", "chunks", "seconds", "of a processor", "peak memory"],
    [[String(seeds), String(chunks), seconds.toFixed(1), cpuSeconds.toFixed(1), `${Math.round(peak / 1e6)} MB`]],
  );
  const verdicts = [
    verdict("seconds for the day", seconds, "at most", TARGETS.daySeconds),
    verdict("MB of memory for the day", peak / 1e6, "at most", TARGETS.dayBytes / 1e6),
  ];
  printMeasurements(
    "Bytes that a keyfob's host downloads for each case",
    ["", "bytes", "why"],
    [
      [
        "PACT, this service",
        (bytes / DAY_CASES).toFixed(0),
        "504 hourly seeds of 32 bytes, so that at most an hour can be linked, 8 bytes a block, and signatures",
      ],
      ["GAEN", String(GAEN_BYTES), "14 daily keys of 16 bytes, each of which links a day"],
    ],
  );
  return verdicts;
}

function start(config: Partial<ServiceConfig>): Promise<ExposureService> {
  return startExposureService({ ...DEFAULT_CONFIG, region: REGION, port: 0, ...config }, { isScheduled: false });
}

function uploadFile(): Buffer {
  const random = randomBytes(32 * DEFAULT_UPLOAD_HOURS);
  return encodeUploadFile({
    regions: [REGION],
    reverseFrom: 0,
    reverseTo: 0,
    firstHour: hourOfSeconds(systemClock()) - 1 - DEFAULT_UPLOAD_HOURS,
    seeds: Array.from({ length: DEFAULT_UPLOAD_HOURS }, (_, i) => random.subarray(32 * i, 32 * (i + 1))),
  });
}

/** How often something succeeds a second, and what it takes this process of a processor; a busy machine changes only the first. */
interface Rate {
  readonly perSecond: number;
  readonly cpuMs: number;
}

function cells(rates: readonly Rate[]): string[] {
  return [...rates.map(({ perSecond }) => perSecond.toFixed(0)), `${rates.at(-1)?.cpuMs.toFixed(1)} ms`];
}

/** Measures `work`, which `clients` do at the same time, each again and again. */
async function rate(clients: number, work: (agent: Agent) => Promise<void>): Promise<Rate> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const until = performance.now() + SECONDS * 1000;
  let done = 0;
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  const client = async () => {
    while (performance.now() < until) {
      await work(agent);
      done++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (done * 1000) / (performance.now() - started), cpuMs: (user + system) / 1000 / done };
}

function upload(url: string, agent: Agent, number: string): Promise<void> {
  const body = uploadFile();
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": body.length,
    authorization: `Permission ${number}`,
    "idempotency-key": randomBytes(16).toString("hex"),
  };
  return exchange(`${url}/v1/uploads`, { agent, method: "POST", headers }, body, 201);
}

function get(url: string, agent: Agent): Promise<void> {
  return exchange(url, { agent }, undefined, 200);
}

function exchange(url: string, options: object, body: Buffer | undefined, expected: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === expected ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Largest resident size of a process until it ends, in bytes, and the processor time that it took (Linux). */
function untilEnded(child: ChildProcess): Promise<{ peak: number; cpuSeconds: number }> {
  let peak = 0;
  let cpuSeconds = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024);
      // utime and stime, in hundredths of a second, are the 12th and 13th field after the name.
      const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      cpuSeconds = (Number(stat[11]) + Number(stat[12])) / 100;
    } catch {
      // It has ended, or this is not Linux: the figures so far stand.
    }
  }, 100);
  return new Promise((resolve, reject) =>
    child.once("exit", (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ peak, cpuSeconds });
      else reject(new Error(`publish ended with ${code}`));
    }),
  );
}
