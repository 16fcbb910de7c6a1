// The folder in which fetched shards stand: DIR/REGION/0000000042.shard, and the keys that the region's list was first seen
// with. A file has its final name only when everything about it was checked; until then it is a .part that a later run
// goes on with.

import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../protocol/crypto/slhDsa";
import { cannotRead, cannotWrite, readWhole, writePrivateFile } from "../base/files";
import { FeedError } from "./feedError";

const NUMBER_DIGITS = 10;
const SHARD_NAME = new RegExp(`^(\\d{${NUMBER_DIGITS}})\\.shard$`);
const PART_NAME = new RegExp(`^(\\d{${NUMBER_DIGITS}})\\.shard\\.part$`);
const KEYS_NAME = "trusted-keys";

/** One region's folder. */
export class ShardStore {
  private constructor(private readonly folder: string) {}

  static async open(directory: string, region: string): Promise<ShardStore> {
    const folder = join(directory, region);
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      throw cannotWrite(folder, error);
    }
    return new ShardStore(folder);
  }

  /** Numbers of the shards that are here, ascending. */
  async numbers(): Promise<number[]> {
    return this.named(SHARD_NAME);
  }

  /** SHA-256 of a shard that is here, hexadecimal; what became of a file since it was checked shows in it. */
  async digest(number: number): Promise<string | undefined> {
    const bytes = await readFile(this.path(number)).catch(() => undefined);
    return bytes && createHash("sha256").update(bytes).digest("hex");
  }

  path(number: number): string {
    return join(this.folder, `${String(number).padStart(NUMBER_DIGITS, "0")}.shard`);
  }

  /** Keys that the region was trusted with before; empty the first time. */
  async trustedKeys(): Promise<Buffer[]> {
    const text = await readFile(join(this.folder, KEYS_NAME), "utf8").catch(() => "");
    const keys = text.split("\n").filter((line) => line !== "");
    if (keys.some((line) => !new RegExp(`^[0-9a-f]{${2 * SLH_DSA_PUBLIC_KEY_BYTES}}$`).test(line)))
      throw new FeedError(
        "damaged",
        `${join(this.folder, KEYS_NAME)} is damaged: give the region's key with --key and delete the file`,
      );
    return keys.map((line) => Buffer.from(line, "hex"));
  }

  async trust(keys: readonly Buffer[]): Promise<void> {
    await writePrivateFile(join(this.folder, KEYS_NAME), keys.map((key) => `${key.toString("hex")}\n`).join(""), true);
  }

  /** Bytes of a shard that an earlier run has brought here. */
  async partBytes(number: number): Promise<number> {
    return (await stat(this.partPath(number)).catch(() => undefined))?.size ?? 0;
  }

  /** Opens the part of a shard for writing from `offset` on. @throws FileError */
  openPart(number: number, offset: number): Promise<FileHandle> {
    return this.write(number, async () => {
      const file = await open(this.partPath(number), offset > 0 ? "r+" : "w", 0o644);
      await file.truncate(offset);
      return file;
    });
  }

  /** Writes a piece of a part. @throws FileError, for example because the disk is full */
  async writePart(number: number, file: FileHandle, piece: Buffer, offset: number): Promise<void> {
    await this.write(number, async () => {
      // A disk that fills up takes the beginning first, and says so only when asked to take the rest.
      for (let done = 0; done < piece.length; )
        done += (await file.write(piece, done, piece.length - done, offset + done)).bytesWritten;
    });
  }

  /** @throws FileError */
  readPart(number: number): Promise<Buffer> {
    return readWhole(this.partPath(number));
  }

  /** Gives a checked part its final name. @throws FileError */
  async accept(number: number): Promise<void> {
    await this.write(number, async () => {
      const file = await open(this.partPath(number), "r+");
      await file.sync().finally(() => file.close());
      await rename(this.partPath(number), this.path(number));
    });
  }

  /** Throws away the parts of all shards but these: nothing would go on with them. */
  async sweepParts(wanted: readonly number[]): Promise<void> {
    for (const number of await this.named(PART_NAME)) if (!wanted.includes(number)) await this.discard(number);
  }

  /** Throws a part away that turned out wrong. */
  async discard(number: number): Promise<void> {
    await this.write(number, () => rm(this.partPath(number), { force: true, recursive: true }));
  }

  /** A disk that fails is no server that cannot be reached. */
  private async write<T>(number: number, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw cannotWrite(this.path(number), error);
    }
  }

  private async named(pattern: RegExp): Promise<number[]> {
    const names = await readdir(this.folder).catch((error) => {
      throw cannotRead(this.folder, error);
    });
    return names
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  private partPath(number: number): string {
    return `${this.path(number)}.part`;
  }
}
