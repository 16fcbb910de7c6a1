// The published files on this instance's disk. The database is the truth: files are written from it, so that a crash at
// any point is mended by writing what is missing, and every instance ends up with the same files.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { UNFINISHED_PREFIX, writeAtomically } from "../../base/files";
import type { Database } from "../../daemon/database/database";
import type { Log } from "../../daemon/log";
import { type FeedChunk, PUBLIC_FEED, parseFeedIndex } from "../../feed/feedIndex";
import type { Counters } from "../storage/counters";
import type { DataDirectory } from "../storage/dataDirectory";

/** Feed of all local seeds, for services that replicate everything. */
export const ALL_TO_ALL_FEED = "a2a";

const INDEX_FILE = "index.json";

/** A file being written for longer than this was left behind by a crash. */
const ABANDONED_MS = 10 * 60_000;

/** Rounds in which the database may change while its files are written. */
const MAX_ROUNDS = 10;

/** Published files are copied out with their modes; the folder around them is their owner's alone. */
const PUBLISHED_MODE = 0o644;

/** A feed as it is served now. */
export interface ServedFeed {
  /** The index as JSON text, and compressed. */
  readonly index: Buffer;
  readonly indexGzip: Buffer;
  /** A strong validator, quotes included. */
  readonly indexEtag: string;
  readonly chunks: ReadonlyMap<number, ServedChunk>;
}

export interface ServedChunk extends FeedChunk {
  readonly path: string;
}

/** A feed as the database holds it. */
interface FeedRow {
  readonly name: string;
  /** Of the next shard; all that were published are lower. */
  readonly next_number: number;
  readonly index_json: string;
}

export class FeedFiles {
  private readonly feeds = new Map<string, ServedFeed>();
  private running: Promise<void> = Promise.resolve();
  private readonly toVerify: { readonly feed: string; readonly number: number }[] = [];
  private readonly lostFiles = new Set<string>();

  constructor(
    private readonly directory: DataDirectory,
    private readonly database: Database,
    private readonly log: Log,
    private readonly counters: Counters,
  ) {}

  /** A feed that exists, as of the last sync. */
  get(feed: string): ServedFeed | undefined {
    return this.feeds.get(feed);
  }

  /** The names of all feeds. */
  names(): string[] {
    return [...this.feeds.keys()];
  }

  /** Makes the files equal to the database: writes what is missing, then the index, then removes what has left it. */
  sync(): Promise<void> {
    const next = this.running.then(() => this.syncNow());
    this.running = next.catch(() => undefined);
    return next;
  }

  /** A published shard file: from disk if it is the one that was published, or else from the database. */
  async read(feed: string, number: number): Promise<Buffer> {
    const listed = this.feeds.get(feed)?.chunks.get(number);
    const onDisk = await readFile(join(this.folder(feed), String(number))).catch(() => undefined);
    if (onDisk !== undefined && (listed === undefined || isFile(onDisk, listed))) return onDisk;
    const file = await this.fromDatabase(feed, number);
    if (file === undefined) throw new Error(`chunk ${number} of feed ${feed} is listed but not stored`);
    return file;
  }

  /**
   * Reads the next of the published files and compares them with their digests, `maxBytes` at a time, all of them in turn; one that
   * is damaged is written anew from the database.
   */
  verifySome(maxBytes: number): Promise<void> {
    const next = this.running.then(() => this.verifyNow(maxBytes));
    this.running = next.catch(() => undefined);
    return next;
  }

  /** Listed shards of which neither the disk nor the database has a good copy, as "feed/number". */
  lost(): string[] {
    return [...this.lostFiles];
  }

  private async verifyNow(maxBytes: number): Promise<void> {
    let room = maxBytes;
    if (this.toVerify.length === 0)
      for (const [feed, { chunks }] of this.feeds)
        for (const number of chunks.keys()) this.toVerify.push({ feed, number });
    while (room > 0) {
      const next = this.toVerify.pop();
      if (next === undefined) return;
      const chunk = this.feeds.get(next.feed)?.chunks.get(next.number);
      if (chunk === undefined) continue;
      await this.repairIfDamaged(next.feed, chunk, chunk.path);
      room -= chunk.bytes;
    }
  }

  /** False if the shard is gone from the database as well: a younger index says so. */
  private async repairIfDamaged(feed: string, chunk: FeedChunk, path: string): Promise<boolean> {
    const name = `${feed}/${chunk.number}`;
    const onDisk = await readFile(path).catch(() => undefined);
    if (onDisk !== undefined && isFile(onDisk, chunk)) {
      this.lostFiles.delete(name);
      return true;
    }
    const file = await this.fromDatabase(feed, chunk.number);
    if (file === undefined) return false;
    if (!isFile(file, chunk)) {
      if (!this.lostFiles.has(name)) this.log("error", "file-lost", { feed, chunk: chunk.number });
      this.lostFiles.add(name);
      return true;
    }
    await writeAtomically(path, file, PUBLISHED_MODE);
    this.lostFiles.delete(name);
    if (onDisk === undefined) return true;
    this.counters.add("chirpfob_files_repaired_total");
    this.log("error", "file-damaged", { feed, chunk: chunk.number });
    return true;
  }

  /**
   * Another process may publish into the same folder meanwhile, and be killed at any point. So what stands on the disk counts,
   * not what this process has written; the database is asked again after writing; and nothing is removed but what every
   * reader of the database must find gone.
   */
  private async syncNow(): Promise<void> {
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const rows = await this.database.query<FeedRow>("select name, next_number, index_json from feed");
      let isCurrent = true;
      for (const row of rows) {
        if (await this.isServedAndOnDisk(row)) continue;
        isCurrent = false;
        await this.syncFeed(row);
      }
      if (isCurrent) return;
    }
    throw new Error("the published files do not come to equal the database");
  }

  private async isServedAndOnDisk({ name, index_json }: FeedRow): Promise<boolean> {
    const index = Buffer.from(index_json, "utf8");
    if (!this.feeds.get(name)?.index.equals(index)) return false;
    const onDisk = await readFile(join(this.folder(name), INDEX_FILE)).catch(() => undefined);
    return onDisk?.equals(index) ?? false;
  }

  private async syncFeed({ name, index_json, next_number }: FeedRow): Promise<void> {
    const index = Buffer.from(index_json, "utf8");
    const folder = this.folder(name);
    await mkdir(folder, { recursive: true });
    const present = await readdir(folder);
    const listed = parseFeedIndex(index_json).chunks;
    const chunks = new Map<number, ServedChunk>();
    for (const chunk of listed) {
      const path = join(folder, String(chunk.number));
      // What this process has looked at before is looked at again in its turn.
      const known = this.feeds.get(name)?.chunks.get(chunk.number)?.sha256;
      const bytes = (await stat(path).catch(() => undefined))?.size;
      const isFresh = known !== chunk.sha256 || bytes !== chunk.bytes;
      if (isFresh && !(await this.repairIfDamaged(name, chunk, path))) return;
      chunks.set(chunk.number, { ...chunk, path });
    }
    await writeAtomically(join(folder, INDEX_FILE), index, PUBLISHED_MODE);
    const digest = createHash("sha256").update(index).digest("hex");
    this.feeds.set(name, {
      index,
      indexGzip: await promisify(gzip)(index),
      indexEtag: `"${digest.slice(0, 32)}"`,
      chunks,
    });
    const oldest = listed[0]?.number ?? next_number;
    for (const file of present) await this.removeStale(folder, file, oldest);
  }

  private async removeStale(folder: string, file: string, oldest: number): Promise<void> {
    const path = join(folder, file);
    if (file.startsWith(UNFINISHED_PREFIX)) {
      const written = await stat(path).catch(() => undefined);
      if (written !== undefined && Date.now() - written.mtimeMs < ABANDONED_MS) return;
    } else if (file === INDEX_FILE || Number(file) >= oldest) return;
    await rm(path, { force: true });
  }

  private async fromDatabase(feed: string, number: number): Promise<Buffer | undefined> {
    const [row] = await this.database.query<{ file: Buffer }>(
      "select file from chunk where feed = $1 and number = $2",
      [feed, number],
    );
    return row?.file;
  }

  private folder(feed: string): string {
    const { published, federated } = this.directory;
    return feed === PUBLIC_FEED ? join(published, "v1", "keys") : join(federated, "v1", feed, "keys");
  }
}

/** Whether these are the bytes that were published. */
function isFile(bytes: Buffer, { sha256 }: FeedChunk): boolean {
  return createHash("sha256").update(bytes).digest("hex") === sha256;
}
