// Folders and files for one user's eyes only: 0700 and 0600, whatever they were before.

import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ServiceError } from "./errors";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** Makes a folder and those above it. Node's own `recursive` never ends where a folder is there and takes no other, as under /proc. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const above = dirname(path);
    if (code !== "ENOENT" || existsSync(above)) throw error;
    await makeFolder(above);
    await makeFolder(path);
  }
}

/**
 * Takes from everybody but the owner what a folder or file opens to them.
 * @throws ServiceError if it stays open: it is another user's, or the disk keeps no modes
 */
export async function closeToOthers(path: string): Promise<void> {
  const before = await lstat(path).catch(ignoreMissing);
  if (before === undefined || before.isSymbolicLink()) return;
  const user = process.geteuid?.();
  if (user !== undefined && user !== 0 && before.uid !== user)
    throw new ServiceError(
      `${path} belongs to another user (${before.uid}), who could read and change it: give it to the user who runs the service (chown -R)`,
    );
  if ((before.mode & OTHERS) === 0) return;
  await chmod(path, before.isDirectory() ? FOLDER_MODE : FILE_MODE).catch(ignoreMissing);
  if ((((await lstat(path).catch(ignoreMissing))?.mode ?? 0) & OTHERS) !== 0)
    throw new ServiceError(`${path} stays open to other users: its disk keeps no permissions; use a folder on another`);
}

/** The same for a folder and everything in it; the folder comes first, so that nobody gets in while it is gone through. */
export async function closeAllToOthers(path: string): Promise<void> {
  await closeToOthers(path);
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") return [];
    return ignoreMissing(error) ?? [];
  });
  for (const entry of entries) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) await closeAllToOthers(below);
    else await closeToOthers(below);
  }
}

/** A running service, or the database in it, may remove a file meanwhile. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
