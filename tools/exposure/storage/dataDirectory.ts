// What the service keeps on disk.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ServiceError } from "../../daemon/errors";
import { closeAllToOthers, closeToOthers, makeFolder } from "../../daemon/privateFolder";

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

/** Longest path of a local socket (sun_path, less its terminator). */
const MAX_SOCKET_PATH = 107;

/**
 * Lays out `root`, makes the folders that are missing and closes it to everybody but its owner, at every start. Published files
 * stay readable inside, because they are copied out with their modes.
 * @throws ServiceError if it cannot be made, or cannot be closed to others
 */
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
  await closeToOthers(absolute);
  for (const key of [directory.signingKey, directory.permissionKey]) await closeToOthers(key);
  for (const folder of [directory.database, directory.federated]) await closeAllToOthers(folder);
  return directory;
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
