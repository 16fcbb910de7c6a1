// Releases what is due. Shards are built and signed outside of any transaction and then committed together with the
// removal of what they were made from; if another instance was faster, the commit changes nothing and the work is
// thrown away. So no seed is lost or published twice, whenever an instance dies.

import { createHash } from "node:crypto";
import type { ShardBlock } from "../../../protocol/report/shard";
import { layOutShard, type ReleasedSeed } from "../../../protocol/report/shardFile";
import { nativeSha256 } from "../../base/sha256";
import { type Clock, dayOfSeconds } from "../../daemon/clock";
import { type Database, type Session, sqlState, UNIQUE_VIOLATION } from "../../daemon/database/database";
import { type FeedChunk, type FeedIndex, PUBLIC_FEED, parseFeedIndex } from "../../feed/feedIndex";
import { type Batch, loadBatch } from "./batch";
import { lastDueHour } from "./embargo";
import type { FeedFiles } from "./feedFiles";
import { feedSets } from "./feedSets";
import { cutChunks, type RandomSeed } from "./fill";
import { withoutPublished } from "./history";
import type { KeyRing, PublishingKey } from "./keyRing";

/** Each conflict means that another instance got on; so many in a row mean that something else is wrong. */
const MAX_CONFLICTS = 100;

/** A shard that was published. */
export interface PublishedChunk extends FeedChunk {
  readonly feed: string;
}

export interface PublisherOptions {
  readonly region: string;
  /** Feeds besides the public one: "a2a", and the regions that may read seeds of their visitors. */
  readonly federatedFeeds: readonly string[];
  /** Most blocks of 200 bytes in a shard. */
  readonly maxBlocks: number;
  readonly now: Clock;
  readonly random: RandomSeed;
}

/** Something else changed what this publication was built on; nothing was committed. */
class PublishConflict extends Error {}

interface NewChunk extends PublishedChunk {
  readonly file: Buffer;
}

/** A feed's row, and what it shall become. */
interface FeedUpdate {
  readonly feed: string;
  readonly before: string | undefined;
  readonly after: string;
  readonly nextNumber: number;
  readonly chunks: readonly NewChunk[];
}

export class Publisher {
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly keys: KeyRing,
    private readonly files: FeedFiles,
    private readonly options: PublisherOptions,
  ) {}

  /** Publishes everything that is due, a bounded batch at a time, and returns the shards that this made. */
  publishDue(): Promise<PublishedChunk[]> {
    return this.inTurn(async () => {
      await this.refresh();
      const published: PublishedChunk[] = [];
      let conflicts = 0;
      for (;;) {
        await this.files.sync();
        const batch = await loadBatch(this.database, lastDueHour(this.options.now()));
        if (batch.isEmpty()) break;
        try {
          published.push(...(await this.publish(batch)));
        } catch (error) {
          if (!isConflict(error) || ++conflicts === MAX_CONFLICTS) throw error;
        }
      }
      return published;
    });
  }

  /** Makes sure that every feed has an index signed with the current key. */
  refreshIndexes(): Promise<void> {
    return this.inTurn(async () => {
      await this.refresh();
      await this.files.sync();
    });
  }

  /** Deletes shards published before `publishedBefore` (Unix seconds), rows and files. */
  sweep(publishedBefore: number): Promise<void> {
    return this.inTurn(async () => {
      const key = await this.keys.open();
      for (const feed of await this.allFeeds()) {
        const { index, text, nextNumber } = await this.feedState(feed);
        const kept = index?.chunks.filter(({ published }) => published >= publishedBefore) ?? [];
        if (index === undefined || kept.length === index.chunks.length) continue;
        const after = await key.signIndex({ region: index.region, feed, chunks: kept });
        await this.unlessOvertaken(async (session) => {
          await replaceIndex(session, { feed, before: text, after, nextNumber, chunks: [] });
          await session.query("delete from chunk where feed = $1 and published < $2", [feed, publishedBefore]);
        });
      }
      await this.files.sync();
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.running.then(work);
    this.running = next.catch(() => undefined);
    return next;
  }

  private async publish(batch: Batch): Promise<PublishedChunk[]> {
    const key = await this.keys.open();
    const fresh = <T extends ReleasedSeed>(seeds: T[]) => withoutPublished(this.files, PUBLIC_FEED, seeds);
    const sets = await feedSets(batch, fresh, this.options.federatedFeeds, this.options.random);
    const due = [...sets].filter(([, released]) => released.length > 0);
    const updates = await Promise.all(due.map(([feed, released]) => this.build(feed, released, key)));
    await this.database.transaction(async (session) => {
      if (!(await batch.remove(session))) throw new PublishConflict();
      await batch.keepEmbargoed(session, dayOfSeconds(this.options.now()));
      for (const update of updates) await applyUpdate(session, update);
    });
    return updates.flatMap(({ chunks }) => chunks.map(({ file: _, ...chunk }) => chunk));
  }

  private async build(feed: string, released: ReleasedSeed[], key: PublishingKey): Promise<FeedUpdate> {
    const { index, text, nextNumber } = await this.feedState(feed);
    const pieces = cutChunks(released, this.options.maxBlocks);
    const chunks = await Promise.all(pieces.map((blocks, i) => this.buildChunk(feed, nextNumber + i, blocks, key)));
    const listed = chunks.map(({ file: _, feed: __, ...chunk }) => chunk);
    const after = await key.signIndex({
      region: this.options.region,
      feed,
      chunks: [...(index?.chunks ?? []), ...listed],
    });
    return { feed, before: text, after, nextNumber: nextNumber + chunks.length, chunks };
  }

  private async buildChunk(feed: string, number: number, blocks: ShardBlock[], key: PublishingKey): Promise<NewChunk> {
    // Let requests be answered between two chunks: laying one out takes a while.
    await new Promise((resolve) => setImmediate(resolve));
    const { region, now } = this.options;
    const published = now();
    const { unsigned, chain } = layOutShard(
      nativeSha256,
      { region, chunk: number, published, keyId: key.keyId },
      blocks,
    );
    const file = Buffer.concat([unsigned, await key.signShard(chain)]);
    return {
      feed,
      number,
      bytes: file.length,
      sha256: createHash("sha256").update(file).digest("hex"),
      seeds: blocks.reduce((sum, block) => sum + block.seeds.length, 0),
      published,
      file,
    };
  }

  private async refresh(): Promise<void> {
    const key = await this.keys.open();
    const feeds = [...(await this.allFeeds())];
    await Promise.all(feeds.map((feed) => this.refreshFeed(feed, key)));
  }

  private async refreshFeed(feed: string, key: PublishingKey): Promise<void> {
    const { index, text, nextNumber } = await this.feedState(feed);
    if (index?.region === this.options.region && key.isCurrent(index)) return;
    const after = await key.signIndex({ region: this.options.region, feed, chunks: index?.chunks ?? [] });
    await this.unlessOvertaken((session) =>
      replaceIndex(session, { feed, before: text, after, nextNumber, chunks: [] }),
    );
  }

  /** Commits unless another instance has changed the feed meanwhile; it, or the next round, does the same work. */
  private async unlessOvertaken(work: (session: Session) => Promise<void>): Promise<void> {
    try {
      await this.database.transaction(work);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  /** Configured feeds, and those that once were: their shards still expire and their index follows the key. */
  private async allFeeds(): Promise<Set<string>> {
    const rows = await this.database.query<{ name: string }>("select name from feed");
    return new Set([PUBLIC_FEED, ...this.options.federatedFeeds, ...rows.map(({ name }) => name)]);
  }

  private async feedState(feed: string): Promise<{ index?: FeedIndex; text?: string; nextNumber: number }> {
    const [row] = await this.database.query<{ next_number: number; index_json: string }>(
      "select next_number, index_json from feed where name = $1",
      [feed],
    );
    if (row === undefined) return { nextNumber: 1 };
    return { index: parseFeedIndex(row.index_json), text: row.index_json, nextNumber: row.next_number };
  }
}

async function applyUpdate(session: Session, update: FeedUpdate): Promise<void> {
  await replaceIndex(session, update);
  for (const { feed, number, published, seeds, bytes, sha256: digest, file } of update.chunks)
    await session.query(
      "insert into chunk (feed, number, published, seeds, bytes, sha256, file) values ($1, $2, $3, $4, $5, $6, $7)",
      [feed, number, published, seeds, bytes, digest, file],
    );
}

/** Compare and set: an index is unique by its signature, so equal text means that nothing changed in between. */
async function replaceIndex(session: Session, { feed, before, after, nextNumber }: FeedUpdate): Promise<void> {
  if (before === undefined) {
    await session.query("insert into feed (name, next_number, index_json) values ($1, $2, $3)", [
      feed,
      nextNumber,
      after,
    ]);
    return;
  }
  const changed = await session.query(
    "update feed set next_number = $2, index_json = $3 where name = $1 and index_json = $4 returning name",
    [feed, nextNumber, after, before],
  );
  if (changed.length === 0) throw new PublishConflict();
}

function isConflict(error: unknown): boolean {
  return error instanceof PublishConflict || sqlState(error) === UNIQUE_VIOLATION;
}
