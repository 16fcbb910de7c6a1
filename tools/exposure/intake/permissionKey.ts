import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeAtomically } from "../../base/files";
import type { Database } from "../../daemon/database/database";
import { ServiceError } from "../../daemon/errors";
import type { DataDirectory } from "../storage/dataDirectory";

const KEY_BYTES = 32;
const CHECK_NAME = "permission-key-check";

/** Hashes that nobody can compute, or test a guess against, without the service's secret. */
export class PermissionKey {
  constructor(private readonly secret: Buffer) {}

  /** Under which a permission number is stored. @param number 16 bytes */
  hashNumber(number: Buffer): Buffer {
    return this.hash("number", number);
  }

  /**
   * Under which an accepted upload is remembered, so that its answer can be asked again. It covers the client's secret
   * receipt, so that not even the holder of this key, the number and the file can tell which upload it was.
   */
  hashReceipt(receipt: Buffer, number: Buffer, fileDigest: Buffer): Buffer {
    return this.hash("receipt", Buffer.concat([receipt, number, fileDigest]));
  }

  /** A public value by which a database recognises its key. */
  check(): string {
    return this.hash("check", Buffer.alloc(0)).toString("hex");
  }

  private hash(purpose: string, data: Buffer): Buffer {
    return createHmac("sha256", this.secret).update(purpose).update("\0").update(data).digest();
  }
}

/**
 * Reads the key of this data directory, or makes it on the first start.
 * @throws ServiceError if the database was set up with another key
 */
export async function loadPermissionKey(directory: DataDirectory, database: Database): Promise<PermissionKey> {
  const known = await knownCheck(database);
  let text = await readFile(directory.permissionKey, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  if (text === undefined) {
    if (known !== undefined)
      throw new ServiceError(
        `${directory.permissionKey} is missing, but the database has numbers made with it: copy it from the machine or backup where the service was first started`,
      );
    text = `${randomBytes(KEY_BYTES).toString("hex")}\n`;
    await writeAtomically(directory.permissionKey, text, 0o600);
  }
  const secret = Buffer.from(text.trim(), "hex");
  if (secret.length !== KEY_BYTES)
    throw new ServiceError(`${directory.permissionKey} is damaged: it must hold ${KEY_BYTES} bytes in hexadecimal`);
  const key = new PermissionKey(secret);
  await database.query("insert into setting (name, value) values ($1, $2) on conflict (name) do nothing", [
    CHECK_NAME,
    key.check(),
  ]);
  if ((await knownCheck(database)) !== key.check())
    throw new ServiceError(
      `${directory.permissionKey} is not the key this database was set up with: copy the right one from the first instance`,
    );
  return key;
}

async function knownCheck(database: Database): Promise<string | undefined> {
  const [row] = await database.query<{ value: string }>("select value from setting where name = $1", [CHECK_NAME]);
  return row?.value;
}
