import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Names that begin so are files still being written: never served, swept at the next start. */
export const UNFINISHED_PREFIX = ".unfinished-";

/**
 * Writes a file so that its name holds either nothing, the old or the new content, whenever the power goes.
 * @param mode permission bits, for example 0o600
 */
export async function writeAtomically(path: string, content: string | Buffer, mode: number): Promise<void> {
  const unfinished = join(dirname(path), UNFINISHED_PREFIX + randomBytes(8).toString("hex"));
  try {
    const file = await open(unfinished, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes a rename last: the entry belongs to the folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
