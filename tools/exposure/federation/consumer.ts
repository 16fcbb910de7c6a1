// Pulls other regions' shards over mutual TLS, checks everything about them, and stores their blocks apart from what was
// uploaded here. What is stored and how far the feed was read change together, so no shard is taken twice or skipped.

import { randomBytes } from "node:crypto";
import { FormatError } from "../../../protocol/base/formatError";
import { SLH_DSA_SIGNATURE_BYTES } from "../../../protocol/crypto/slhDsa";
import { SHARD_BLOCK_BYTES, SHARD_HEADER_BYTES } from "../../../protocol/report/shard";
import { type Clock, dayOfSeconds } from "../../daemon/clock";
import type { Database } from "../../daemon/database/database";
import { errorKind, type Log } from "../../daemon/log";
import { type FeedIndex, parseFeedIndex, verifyIndex } from "../../feed/feedIndex";
import { ALL_TO_ALL_FEED } from "../feeds/feedFiles";
import type { Counters } from "../storage/counters";
import type { Producer } from "./federationConfig";
import { FeedClient } from "./feedClient";
import { checkRemoteChunk } from "./remoteChunk";

const MAX_INDEX_BYTES = 4_000_000;
/** What one chunk costs us in memory grows with it: as much as a service of this version publishes. */
const MAX_CHUNK_BYTES = 8_100_000;
/** Rows of so many blocks, each of which the database takes as one value. */
const BLOCKS_A_ROW = 5_000;
/** A whole pull, however many chunks it has: the next one goes on where it ended. */
const PULL_MS = 10 * 60_000;

/** No partner's cache time is longer. */
const FARTHEST_POLL_SECONDS = 86_400;

/** After a pull that failed. */
const RETRY_SECONDS = 60;

/** How far a region's feed has been read (paper, section 5.3). */
export interface ProducerState {
  /** Number of the last chunk taken; 0 before the first. */
  readonly lastBatchID: number;
  /** Unix seconds; from the cache time that the producer gave with its index. */
  readonly recommendedNextPollTime: number;
}

/** What one pull brought. */
export interface PullReport {
  readonly regionID: string;
  readonly chunks: number;
  readonly seeds: number;
  readonly lastBatchID: number;
  /** Why it ended early; what was taken before stays. */
  readonly error?: string;
}

export class FederationConsumer {
  private readonly running = new Map<string, Promise<unknown>>();
  private readonly stopping = new AbortController();

  /**
   * @param region ours: the name of the feed that others keep for us
   * @param authority PEM of whoever signs the regions' certificates
   */
  constructor(
    private readonly region: string,
    private readonly authority: Buffer,
    private readonly producers: readonly Producer[],
    private readonly database: Database,
    private readonly now: Clock,
    private readonly log: Log,
    private readonly metrics: Counters,
  ) {}

  /** Ends pulls under way and to come. */
  stop(): void {
    this.stopping.abort();
  }

  /** Pulls from every region, or only from those whose recommended time has come. One that fails holds up no other. */
  pull(onlyDue: boolean): Promise<PullReport[]> {
    const pulls = this.producers.map((producer) => this.inTurn(producer, onlyDue));
    return Promise.all(pulls).then((reports) => reports.filter((report) => report !== undefined));
  }

  /** One pull from each region at a time, all regions side by side. */
  private inTurn(producer: Producer, onlyDue: boolean): Promise<PullReport | undefined> {
    const { regionID } = producer;
    const before = this.running.get(regionID);
    // The schedule comes back by itself.
    if (before !== undefined && onlyDue) return Promise.resolve(undefined);
    const next = (before ?? Promise.resolve()).then(async () => {
      if (this.stopping.signal.aborted) return undefined;
      const state = await this.state(regionID);
      if (onlyDue && !isDue(state, this.now())) return undefined;
      return this.pullFrom(producer, state);
    });
    const settled = next
      .catch(() => undefined)
      .finally(() => {
        if (this.running.get(regionID) === settled) this.running.delete(regionID);
      });
    this.running.set(regionID, settled);
    return next;
  }

  async state(regionID: string): Promise<ProducerState> {
    const [row] = await this.database.query<{ last_batch_id: number; next_poll: number }>(
      "select last_batch_id, next_poll from producer where region = $1",
      [regionID],
    );
    return { lastBatchID: row?.last_batch_id ?? 0, recommendedNextPollTime: row?.next_poll ?? 0 };
  }

  private async pullFrom(producer: Producer, state: ProducerState): Promise<PullReport> {
    const { regionID } = producer;
    let { lastBatchID } = state;
    let chunks = 0;
    let seeds = 0;
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(PULL_MS)]);
    try {
      const client = new FeedClient(producer, this.authority);
      const feed = producer.replicationType === "partial" ? this.region : ALL_TO_ALL_FEED;
      const { body, maxAgeSeconds } = await client.get(`/v1/${feed}/keys`, MAX_INDEX_BYTES, signal);
      const index = parseFeedIndex(body.toString("utf8"));
      if (index.region !== regionID || index.feed !== feed)
        throw new FormatError(
          "index.region",
          0,
          `is feed ${index.feed} of ${index.region}, not ${feed} of ${regionID}`,
        );
      const keys = verifyIndex(index, producer.verificationKeys);
      this.noteGap(regionID, index, lastBatchID);
      for (const chunk of index.chunks) {
        if (chunk.number <= lastBatchID) continue;
        if (chunk.bytes > MAX_CHUNK_BYTES)
          throw new FormatError("index.chunks.bytes", 0, `${chunk.bytes} is too large`);
        const { body: file } = await client.get(`/v1/${feed}/keys/${chunk.number}`, chunk.bytes, signal);
        checkRemoteChunk(file, chunk, regionID, keys, this.now());
        if (!(await this.store(file, regionID, lastBatchID, chunk.number))) break;
        lastBatchID = chunk.number;
        chunks++;
        seeds += chunk.seeds;
      }
      await this.setNextPoll(regionID, this.now() + maxAgeSeconds);
      this.metrics.add("chirpfob_chunks_pulled_total", chunks);
      if (chunks > 0) this.log("info", "pulled", { region: regionID, chunks, seeds });
      return { regionID, chunks, seeds, lastBatchID };
    } catch (error) {
      this.metrics.add("chirpfob_pulls_failed_total");
      const reason = error instanceof FormatError ? error.message : errorKind(error);
      this.log("warn", "pull-failed", { region: regionID, reason });
      await this.setNextPoll(regionID, this.now() + RETRY_SECONDS);
      return { regionID, chunks, seeds, lastBatchID, error: reason };
    }
  }

  /**
   * Says when a region's feed has lost chunks that we have not read, or has gone back behind what we have: a restored backup, or an
   * intruder. Numbers below ours are not read again, and what a gap held is lost to our people until the region says why.
   */
  private noteGap(regionID: string, { chunks }: FeedIndex, lastBatchID: number): void {
    const newest = chunks.at(-1)?.number ?? 0;
    if (newest < lastBatchID) {
      this.log("warn", "producer-went-back", { region: regionID, newest, lastBatchID });
      return;
    }
    let expected = lastBatchID + 1;
    // Before the first pull nobody knows where the feed began.
    if (lastBatchID === 0) expected = chunks[0]?.number ?? 1;
    for (const { number } of chunks) {
      if (number < expected) continue;
      if (number > expected) this.log("warn", "producer-gap", { region: regionID, from: expected, to: number - 1 });
      expected = number + 1;
    }
  }

  /** Keeps a chunk's blocks; false if another instance took the chunk first. */
  private store(file: Buffer, regionID: string, lastBatchID: number, number: number): Promise<boolean> {
    const blocks = file.subarray(SHARD_HEADER_BYTES, file.length - SLH_DSA_SIGNATURE_BYTES);
    return this.database.transaction(async (session) => {
      await session.query(
        "insert into producer (region, last_batch_id, next_poll) values ($1, 0, 0) on conflict (region) do nothing",
        [regionID],
      );
      const moved = await session.query(
        "update producer set last_batch_id = $2 where region = $1 and last_batch_id = $3 returning region",
        [regionID, number, lastBatchID],
      );
      if (moved.length === 0) return false;
      for (let at = 0; at < blocks.length; at += BLOCKS_A_ROW * SHARD_BLOCK_BYTES)
        await session.query("insert into remote_intake (id, day, blocks) values ($1, $2, $3)", [
          randomBytes(16).toString("hex"),
          dayOfSeconds(this.now()),
          blocks.subarray(at, at + BLOCKS_A_ROW * SHARD_BLOCK_BYTES),
        ]);
      return true;
    });
  }

  private async setNextPoll(regionID: string, time: number): Promise<void> {
    await this.database.query(
      `insert into producer (region, last_batch_id, next_poll) values ($1, 0, $2)
       on conflict (region) do update set next_poll = excluded.next_poll`,
      [regionID, time],
    );
  }
}

/** A time far ahead was written by a clock that was wrong, or before partners were kept from asking for it. */
function isDue({ recommendedNextPollTime }: ProducerState, now: number): boolean {
  return recommendedNextPollTime <= now || recommendedNextPollTime > now + FARTHEST_POLL_SECONDS;
}
