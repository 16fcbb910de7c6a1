// Files that are whole or not there, read and written with one line of explanation where that fails.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, link, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Names that begin so are files still being written: never served, swept at the next start. */
export const UNFINISHED_PREFIX = ".unfinished-";

/** What the operating system's codes mean to people. */
const WHY_NOT_WRITTEN: Record<string, string> = {
  ENAMETOOLONG: "its name is too long",
  ERR_INVALID_ARG_VALUE: "that is no name of a file",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "that disk can only be read",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is full",
};
const WHY_NOT_READ: Record<string, string> = {
  ERR_INVALID_ARG_VALUE: "that is no name of a file",
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
  ENAMETOOLONG: "its name is too long",
};
/** What file systems without hard links answer, those of USB sticks (FAT) among them. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];
/** What systems answer that make no folder's entries last, or do not let it be opened for that. */
const NO_FOLDER_SYNC = ["EACCES", "EPERM", "EINVAL", "EISDIR", "ENOTSUP"];

/** A file or folder cannot be used; the message names it and says why. */
export class FileError extends Error {
  override readonly name = "FileError";

  /** @param kind `taken`: something has that name, and was not to be replaced */
  constructor(
    readonly kind: "unreadable" | "unwritable" | "taken",
    message: string,
  ) {
    super(message);
  }
}

/** That a file or folder cannot be written, why, and nothing of how it was tried. */
export function cannotWrite(path: string, error: unknown): FileError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === undefined ? String(error) : (WHY_NOT_WRITTEN[code] ?? code);
  return new FileError("unwritable", `cannot write ${path}: ${why}`);
}

/** That a file or folder cannot be read, and why. */
export function cannotRead(path: string, error: unknown): FileError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === undefined ? String(error) : (WHY_NOT_READ[code] ?? code);
  return new FileError("unreadable", `cannot read ${path}: ${why}`);
}

/**
 * Reads a whole file.
 *
 * @param maxBytes more than this is refused, and is not read
 * @throws FileError
 */
export async function readWhole(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  try {
    if (maxBytes < Number.POSITIVE_INFINITY) {
      const { size } = await stat(path);
      if (size > maxBytes)
        throw new FileError("unreadable", `cannot read ${path}: it has ${size} bytes, and at most ${maxBytes} are due`);
    }
    return await readFile(path);
  } catch (error) {
    throw error instanceof FileError ? error : cannotRead(path, error);
  }
}

/** Fails early if `path` is taken, or its folder is not there or cannot be written to. @throws FileError */
export async function expectFree(path: string, mayReplace: boolean): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => undefined);
  if (!folder?.isDirectory()) throw new FileError("unwritable", `there is no folder ${dirname(path)}`);
  const existing = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw cannotWrite(path, error);
  });
  if (existing?.isDirectory()) throw new FileError("unwritable", `${path} is a folder`);
  if (existing && !mayReplace) throw new FileError("taken", `${path} exists already`);
  await access(dirname(path), constants.W_OK).catch((error) => {
    throw cannotWrite(path, error);
  });
}

/**
 * Writes a file so that its name holds either nothing, the old or the new content, whenever the power goes.
 *
 * @param mode permission bits, for example 0o600
 * @param ifExists `fail` replaces nothing, not even what appears meanwhile
 * @throws the operating system's error; EEXIST if the name is taken and was not to be replaced
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  mode: number,
  ifExists: "replace" | "fail" = "replace",
): Promise<void> {
  const unfinished = join(dirname(path), UNFINISHED_PREFIX + randomBytes(8).toString("hex"));
  try {
    const file = await open(unfinished, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    if (ifExists === "replace") await rename(unfinished, path);
    else await giveFreeName(unfinished, path, mode);
  } finally {
    // Gone already where the file was renamed.
    await rm(unfinished, { force: true });
  }
  await syncFolder(dirname(path));
}

/**
 * Writes a file that only its owner can read (mode 0600), whole or not at all. Without `mayReplace` nothing is ever replaced.
 *
 * @returns who can read it, in words for its owner
 * @throws FileError
 */
export async function writePrivateFile(
  path: string,
  content: Uint8Array | string,
  mayReplace: boolean,
): Promise<string> {
  try {
    await writeAtomically(path, content, 0o600, mayReplace ? "replace" : "fail");
    return readersOf((await stat(path)).mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") await expectFree(path, mayReplace);
    throw cannotWrite(path, error);
  }
}

/** Who can read a file of that mode. USB sticks (FAT) and Windows keep no modes: everything on them has the same. */
export function readersOf(mode: number): string {
  return (mode & 0o077) === 0 ? "only you can read it" : "whoever gets at this disk can read it";
}

/** Gives a file a name that nothing has. @throws the operating system's EEXIST if something has it */
async function giveFreeName(unfinished: string, path: string, mode: number): Promise<void> {
  try {
    await link(unfinished, path);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // An empty file holds the name until the whole one takes its place.
    await (await open(path, "wx", mode)).close();
    await rename(unfinished, path);
  }
}

/** Makes a rename last: the entry belongs to the folder. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!NO_FOLDER_SYNC.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
