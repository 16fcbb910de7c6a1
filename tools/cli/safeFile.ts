import { randomBytes } from "node:crypto";
import { link, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError, EXIT } from "./errors";

/** Fails early if `path` is taken, or its folder is not there. */
export async function expectFree(path: string, force: boolean): Promise<void> {
  const [existing, folder] = await Promise.all([
    stat(path).catch(() => undefined),
    stat(dirname(path)).catch(() => undefined),
  ]);
  if (!folder?.isDirectory()) throw new CliError(EXIT.input, `there is no folder ${dirname(path)}`);
  if (existing?.isDirectory()) throw new CliError(EXIT.input, `${path} is a folder`);
  if (existing && !force)
    throw new CliError(EXIT.input, `${path} exists already: choose another name, or replace it with --force`);
}

/**
 * Writes a file that only its owner can read (mode 0600), whole or not at all: under another name first, and on disk before
 * it gets its own. Without `force` nothing is ever replaced, not even what appeared in the meantime.
 */
export async function writePrivateFile(path: string, bytes: Uint8Array | string, force: boolean): Promise<void> {
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
    else await link(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") await expectFree(path, force);
    throw new CliError(EXIT.input, `cannot write ${path}: ${code ?? String(error)}`);
  } finally {
    await rm(temporary, { force: true });
  }
}
