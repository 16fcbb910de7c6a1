// What the service keeps on disk, and the lock that keeps a second process away from the embedded database.

import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { ServiceError } from "../../daemon/errors";

/** Paths inside a data directory, which is 0700. */
export interface DataDirectory {
  readonly root: string;
  /** PGlite's folder; absent where PostgreSQL is used. */
  readonly database: string;
  /** Files that any static host may serve. */
  readonly published: string;
  /** Files for other regions' services only. */
  readonly federated: string;
  /** 0600: JSON with the signing key pair. */
  readonly signingKey: string;
  /** 0600: 32 bytes, hexadecimal; keys the hashes of permission numbers and receipts. */
  readonly permissionKey: string;
  /** 0600: socket through which commands reach a running service. */
  readonly adminSocket: string;
  readonly lock: string;
}

/** Zombie and dead: proc(5), /proc/pid/stat, state. */
const ENDED_STATES = ["Z", "X", "x"];

/** Longest path of a local socket (sun_path, less its terminator). */
const MAX_SOCKET_PATH = 107;

/** Lays out `root` and makes the folders that are missing, readable by their owner only. */
export async function openDataDirectory(root: string): Promise<DataDirectory> {
  const absolute = resolve(root);
  const directory: DataDirectory = {
    root: absolute,
    database: join(absolute, "database"),
    published: join(absolute, "public"),
    federated: join(absolute, "federated"),
    signingKey: join(absolute, "signing.key"),
    permissionKey: join(absolute, "permission.key"),
    adminSocket: join(absolute, "admin.sock"),
    lock: join(absolute, "lock"),
  };
  if (Buffer.byteLength(directory.adminSocket) > MAX_SOCKET_PATH)
    throw new ServiceError(
      `the data directory's path is too long for a local socket (${absolute}): choose a shorter one`,
    );
  try {
    for (const folder of [absolute, directory.published, directory.federated]) await makeFolder(folder);
  } catch (error) {
    throw new ServiceError(`cannot make the data directory ${absolute}: ${(error as NodeJS.ErrnoException).code}`);
  }
  return directory;
}

/** Makes a folder and those above it. Node's own `recursive` never ends where a folder is there and takes no other, as under /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const above = dirname(path);
    if (code !== "ENOENT" || existsSync(above)) throw error;
    await makeFolder(above);
    await makeFolder(path);
  }
}

/** Whether a service with an embedded database lives in `root`, or is just being started there. */
export function holdsService(root: string): boolean {
  return ["database", "lock"].some((name) => existsSync(join(root, name)));
}

/** Where the keys and files of a service on PostgreSQL live unless --data says otherwise: one folder for each database. */
export function defaultDataRoot(databaseUrl: string): string {
  const withoutUser = databaseUrl.replace(/^[a-z]+:\/\/([^@/]*@)?/, "");
  const name = createHash("sha256").update(withoutUser).digest("hex").slice(0, 16);
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), ".local", "state"), "chirpfob", name);
}

/** A held lock; other processes are refused until release. */
export interface Lock {
  release(): Promise<void>;
}

/** Takes the data directory for this process, or returns undefined while another process that lives holds it. */
export async function takeLock(path: string): Promise<Lock | undefined> {
  const mine = `${path}.${randomBytes(8).toString("hex")}`;
  await writeFile(mine, `${process.pid} ${await startTime(process.pid)}\n`, { mode: 0o600 });
  try {
    for (;;) {
      try {
        // A link appears with its content, or not at all if the name is taken.
        await link(mine, path);
        return { release: () => rm(path, { force: true }) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      if (await isHeld(path)) return undefined;
      await dropStale(path);
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "");
  const [pid = "", started = ""] = text.trim().split(" ");
  return started !== "" && started === (await startTime(Number(pid)));
}

/** Moves a dead process's lock away; the rename lets only one of several contenders have it. */
async function dropStale(path: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (await isHeld(aside)) await rename(aside, path);
  else await rm(aside, { force: true });
}

/** A word that tells a process from a later one with the same id; "" if there is none. */
async function startTime(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces; state is field 3, the first after it, and starttime field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A killed process stays in the table until its parent asks for it, which in a container may be never.
    return ENDED_STATES.includes(fields[0] ?? "") ? "" : (fields[19] ?? "");
  } catch {
    return process.platform === "linux" || !isAlive(pid) ? "" : "alive";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
