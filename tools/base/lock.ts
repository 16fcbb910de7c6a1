import { readFile, rm, writeFile } from "node:fs/promises";
import { retry } from "./retry";

const RETRY_MS = 50;

/**
 * Waits for a lock that processes of this computer share, and takes it. A lock whose process is gone is broken.
 *
 * @param path of the lock's file
 * @returns gives it back
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  await retry(() => tryLock(path), { pauseMs: RETRY_MS });
  return () => rm(path, { force: true });
}

async function tryLock(path: string): Promise<true | undefined> {
  try {
    await writeFile(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = Number(await readFile(path, "utf8").catch(() => ""));
  if (holder > 0 && !isAlive(holder)) await rm(path, { force: true });
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
