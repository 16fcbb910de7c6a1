// A private PostgreSQL for tests: a throw-away cluster on a local socket, run by an unprivileged user.

import { execFileSync, spawn } from "node:child_process";
import { chmod, chown, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasTool } from "../../../test/tools";

const DEBIAN_VERSIONS = "/usr/lib/postgresql";
const START_TIMEOUT_MS = 30_000;
const PORT = 5432;

export interface TestPostgres {
  /** The address of a fresh, empty database. */
  createDatabase(): Promise<string>;
  /** A plain-text dump of a database, as pg_dump makes it. */
  dump(url: string): string;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/** Starts a server of its own, or returns undefined (and says so) where PostgreSQL is not installed. */
export async function startPostgres(): Promise<TestPostgres | undefined> {
  const programs = await findPrograms();
  if (programs === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "chirpfob-pg-"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await chmod(folder, 0o755);
    await chown(folder, idOf("-u"), idOf("-g"));
  }
  const asUser = (program: string, args: string[]): [string, string[]] =>
    isRoot
      ? ["setpriv", ["--reuid", "postgres", "--regid", "postgres", "--clear-groups", join(programs, program), ...args]]
      : [join(programs, program), args];
  const data = join(folder, "data");
  const run = (program: string, args: string[]) =>
    execFileSync(...asUser(program, args), {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1e9,
    });
  run("initdb", ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"]);
  const settings = [`unix_socket_directories=${folder}`, "listen_addresses=", "fsync=off", "max_connections=100"];
  const server = spawn(
    ...asUser("postgres", ["-D", data, "-p", String(PORT), ...settings.flatMap((setting) => ["-c", setting])]),
    {
      cwd: folder,
      stdio: "ignore",
    },
  );
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await waitUntilReady(() => run("psql", ["-h", folder, "-U", "postgres", "-c", "select 1"]));
  let databases = 0;
  const urlOf = (name: string) => `postgres://postgres@/${name}?host=${encodeURIComponent(folder)}`;
  return {
    createDatabase: async () => {
      const name = `test${++databases}`;
      run("psql", ["-h", folder, "-U", "postgres", "-c", `create database ${name}`]);
      return urlOf(name);
    },
    dump: (url) =>
      run("pg_dump", ["-h", folder, "-U", "postgres", new URL(url.replace("@/", "@local/")).pathname.slice(1)]),
    stop: async () => {
      server.kill("SIGINT");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The folder with initdb and postgres, which Debian keeps off the path. */
async function findPrograms(): Promise<string | undefined> {
  const versions = await readdir(DEBIAN_VERSIONS).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest !== undefined) return join(DEBIAN_VERSIONS, newest, "bin");
  return hasTool("initdb")
    ? join(execFileSync("sh", ["-c", "command -v initdb"], { encoding: "utf8" }).trim(), "..")
    : undefined;
}

function idOf(flag: "-u" | "-g"): number {
  return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
}

async function waitUntilReady(ask: () => void): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      ask();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}
