// The published files on this instance's disk. The database is the truth: files are written from it, so that a crash at
// any point is mended by writing what is missing, and every instance ends up with the same files.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { UNFINISHED_PREFIX, writeAtomically } from "../atomicFile";
import type { Database } from "../database/database";
import type { DataDirectory } from "../dataDirectory";
import { type FeedChunk, parseFeedIndex } from "./feedIndex";

/** Feed that everyone may read: local and remote seeds. */
export const PUBLIC_FEED = "public";

/** Feed of all local seeds, for services that replicate everything. */
export const ALL_TO_ALL_FEED = "a2a";

const INDEX_FILE = "index.json";

/** A file being written for longer than this was left behind by a crash. */
const ABANDONED_MS = 10 * 60_000;

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

export class FeedFiles {
  private readonly feeds = new Map<string, ServedFeed>();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly directory: DataDirectory,
    private readonly database: Database,
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

  /** A published shard file, from disk or else from the database. */
  async read(feed: string, number: number): Promise<Buffer> {
    try {
      return await readFile(join(this.folder(feed), String(number)));
    } catch {
      return this.fromDatabase(feed, number);
    }
  }

  private async syncNow(): Promise<void> {
    const rows = await this.database.query<{ name: string; index_json: string }>("select name, index_json from feed");
    for (const { name, index_json } of rows) {
      const index = Buffer.from(index_json, "utf8");
      if (this.feeds.get(name)?.index.equals(index)) continue;
      await this.syncFeed(name, index);
    }
  }

  private async syncFeed(name: string, index: Buffer): Promise<void> {
    const folder = this.folder(name);
    await mkdir(folder, { recursive: true });
    const present = new Set(await readdir(folder));
    const chunks = new Map<number, ServedChunk>();
    for (const chunk of parseFeedIndex(index.toString("utf8")).chunks) {
      const path = join(folder, String(chunk.number));
      const isWhole = present.has(String(chunk.number)) && (await stat(path)).size === chunk.bytes;
      if (!isWhole) await writeAtomically(path, await this.fromDatabase(name, chunk.number), 0o644);
      chunks.set(chunk.number, { ...chunk, path });
    }
    await writeAtomically(join(folder, INDEX_FILE), index, 0o644);
    const digest = createHash("sha256").update(index).digest("hex");
    this.feeds.set(name, {
      index,
      indexGzip: await promisify(gzip)(index),
      indexEtag: `"${digest.slice(0, 32)}"`,
      chunks,
    });
    for (const file of present) await this.removeStale(folder, file, chunks);
  }

  private async removeStale(folder: string, file: string, chunks: ReadonlyMap<number, ServedChunk>): Promise<void> {
    const path = join(folder, file);
    if (file.startsWith(UNFINISHED_PREFIX)) {
      const written = await stat(path).catch(() => undefined);
      if (written !== undefined && Date.now() - written.mtimeMs < ABANDONED_MS) return;
    } else if (file === INDEX_FILE || chunks.has(Number(file))) return;
    await rm(path, { force: true });
  }

  private async fromDatabase(feed: string, number: number): Promise<Buffer> {
    const [row] = await this.database.query<{ file: Buffer }>(
      "select file from chunk where feed = $1 and number = $2",
      [feed, number],
    );
    if (row === undefined) throw new Error(`chunk ${number} of feed ${feed} is listed but not stored`);
    return row.file;
  }

  private folder(feed: string): string {
    const { published, federated } = this.directory;
    return feed === PUBLIC_FEED ? join(published, "v1", "keys") : join(federated, "v1", feed, "keys");
  }
}
