// A lock that the kernel holds. It belongs to an open file, so it ends with the process, however that ends, and it is seen by
// every process that opens the same file on the same kernel: in whichever container, PID namespace or chroot it runs. Over a
// network file system it holds as far as that passes locks on (NFS does); docs/operations.md says what else it does not cover.

import { type FileHandle, open } from "node:fs/promises";
import { tryLock } from "fs-native-extensions";

const OWNER_ONLY = 0o600;

/** A held lock; everybody else is refused until release. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock on a file, which is made if it is missing and stays when the lock is released.
 * @returns undefined while somebody else has it
 * @throws the error of the operating system if the file cannot be opened for writing or its disk has no locks
 */
export async function takeLock(path: string): Promise<Lock | undefined> {
  const file: FileHandle = await open(path, "a", OWNER_ONLY);
  try {
    if (tryLock(file.fd)) return { release: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}
