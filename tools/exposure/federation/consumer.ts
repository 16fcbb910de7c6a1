// Pulls other regions' shards over mutual TLS, checks everything about them, and stores their blocks apart from what was
// uploaded here. What is stored and how far the feed was read change together, so no shard is taken twice or skipped.

import { randomBytes } from "node:crypto";
import { FormatError } from "../../../protocol/base/formatError";
import { SLH_DSA_SIGNATURE_BYTES } from "../../../protocol/crypto/slhDsa";
import { SHARD_HEADER_BYTES } from "../../../protocol/report/shard";
import { type Clock, dayOfSeconds } from "../../daemon/clock";
import type { Database } from "../../daemon/database/database";
import { errorKind, type Log } from "../../daemon/log";
import type { Metrics } from "../../daemon/metrics";
import { parseFeedIndex, verifyIndex } from "../../feed/feedIndex";
import { ALL_TO_ALL_FEED } from "../feeds/feedFiles";
import type { Producer } from "./federationConfig";
import { FeedClient } from "./feedClient";
import { checkRemoteChunk } from "./remoteChunk";

const MAX_INDEX_BYTES = 4_000_000;
const MAX_CHUNK_BYTES = 64_000_000;

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
  private running: Promise<unknown> = Promise.resolve();

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
    private readonly metrics: Metrics,
  ) {}

  /** Pulls from every region, or only from those whose recommended time has come. One that fails holds up no other. */
  pull(onlyDue: boolean): Promise<PullReport[]> {
    const next = this.running.then(async () => {
      const reports: PullReport[] = [];
      for (const producer of this.producers) {
        const state = await this.state(producer.regionID);
        if (!onlyDue || state.recommendedNextPollTime <= this.now()) reports.push(await this.pullFrom(producer, state));
      }
      return reports;
    });
    this.running = next.catch(() => undefined);
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
    try {
      const client = new FeedClient(producer, this.authority);
      const feed = producer.replicationType === "partial" ? this.region : ALL_TO_ALL_FEED;
      const { body, maxAgeSeconds } = await client.get(`/v1/${feed}/keys`, MAX_INDEX_BYTES);
      const index = parseFeedIndex(body.toString("utf8"));
      if (index.region !== regionID || index.feed !== feed)
        throw new FormatError(
          "index.region",
          0,
          `is feed ${index.feed} of ${index.region}, not ${feed} of ${regionID}`,
        );
      const keys = verifyIndex(index, producer.verificationKeys);
      for (const chunk of index.chunks) {
        if (chunk.number <= lastBatchID) continue;
        if (chunk.bytes > MAX_CHUNK_BYTES)
          throw new FormatError("index.chunks.bytes", 0, `${chunk.bytes} is too large`);
        const { body: file } = await client.get(`/v1/${feed}/keys/${chunk.number}`, chunk.bytes);
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
      if (blocks.length > 0)
        await session.query("insert into remote_intake (id, day, blocks) values ($1, $2, $3)", [
          randomBytes(16).toString("hex"),
          dayOfSeconds(this.now()),
          blocks,
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
