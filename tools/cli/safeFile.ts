import { randomBytes } from "node:crypto";
import { access, constants, link, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError, EXIT } from "./errors";

/** What the operating system's codes mean to people. */
const WHY: Record<string, string> = {
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "that disk can only be read",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is full",
};
/** What file systems without hard links answer, those of USB sticks (FAT) among them. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** That a file or folder cannot be written, why, and nothing of how it was tried. */
export function cannotWrite(path: string, error: unknown): CliError {
  const { code } = error as NodeJS.ErrnoException;
  return new CliError(EXIT.input, `cannot write ${path}: ${code === undefined ? String(error) : (WHY[code] ?? code)}`);
}

/** Fails early if `path` is taken, or its folder is not there or cannot be written to: before the wearer is asked. */
export async function expectFree(path: string, force: boolean): Promise<void> {
  const [existing, folder] = await Promise.all([
    stat(path).catch(() => undefined),
    stat(dirname(path)).catch(() => undefined),
  ]);
  if (!folder?.isDirectory()) throw new CliError(EXIT.input, `there is no folder ${dirname(path)}`);
  if (existing?.isDirectory()) throw new CliError(EXIT.input, `${path} is a folder`);
  if (existing && !force)
    throw new CliError(EXIT.input, `${path} exists already: choose another name, or replace it with --force`);
  await access(dirname(path), constants.W_OK).catch((error) => {
    throw cannotWrite(path, error);
  });
}

/**
 * Writes a file that only its owner can read (mode 0600), whole or not at all: under another name first, and on disk before
 * it gets its own. Without `force` nothing is ever replaced, not even what appeared in the meantime.
 *
 * @returns who can read it, in words for its owner
 */
export async function writePrivateFile(path: string, bytes: Uint8Array | string, force: boolean): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (force) await rename(temporary, path);
    else await giveFreeName(temporary, path);
    return readersOf((await stat(path)).mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") await expectFree(path, force);
    throw cannotWrite(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Who can read a file of that mode. USB sticks (FAT) and Windows keep no modes: everything on them has the same. */
export function readersOf(mode: number): string {
  return (mode & 0o077) === 0 ? "only you can read it" : "whoever gets at this disk can read it";
}

/** Gives a file a name that nothing has. @throws the operating system's EEXIST if something has it */
async function giveFreeName(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // An empty file holds the name until the whole one takes its place.
    await (await open(path, "wx", 0o600)).close();
    await rename(temporary, path);
  }
}
