// What a publication takes up: uploads, seeds whose embargo is over, and blocks from other regions. Bounded, so that a
// publisher that was away for days needs no more memory than one that runs every hour.

import { decodeShardBlock, SHARD_BLOCK_BYTES } from "../../../protocol/report/shard";
import type { ReleasedSeed } from "../../../protocol/report/shardFile";
import { decodeUploadFile } from "../../../protocol/report/uploadFile";
import type { Database, Session } from "../../daemon/database/database";

/** Enough for 400 people's three weeks. */
const MAX_BATCH_BYTES = 8_000_000;
const ROWS_AT_ONCE = 10;
const MAX_EMBARGOED = 50_000;
const INSERT_AT_ONCE = 1000;

/** A seed that was uploaded here. */
export interface LocalSeed extends ReleasedSeed {
  /** Those that its owner named. */
  readonly regions: readonly string[];
}

export class Batch {
  /** Due, in no meaningful order. */
  readonly local: LocalSeed[] = [];
  readonly remote: ReleasedSeed[] = [];
  /** Too young still; stored seed by seed from now on. */
  private readonly young: LocalSeed[] = [];
  private readonly intakeIds: string[] = [];
  private readonly remoteIds: string[] = [];
  private readonly embargoed: LocalSeed[] = [];

  constructor(private readonly lastDueHour: number) {}

  isEmpty(): boolean {
    return this.intakeIds.length + this.remoteIds.length + this.embargoed.length === 0;
  }

  addUpload(id: string, file: Buffer): void {
    const { regions, firstHour, seeds, reverseFrom, reverseTo } = decodeUploadFile(file);
    this.intakeIds.push(id);
    // One slab for all seeds: half a million small buffers would each cost ten times their content.
    const slab = Buffer.concat(seeds);
    const width = slab.length / seeds.length;
    for (let i = 0; i < seeds.length; i++) {
      const hour = firstHour + i;
      const seed = slab.subarray(i * width, (i + 1) * width);
      const local = { hour, seed, reverse: hour >= reverseFrom && hour < reverseTo, regions };
      (hour <= this.lastDueHour ? this.local : this.young).push(local);
    }
  }

  addEmbargoed(local: LocalSeed): void {
    this.embargoed.push(local);
    this.local.push(local);
  }

  addRemote(id: string, blocks: Buffer): void {
    this.remoteIds.push(id);
    for (let at = 0; at < blocks.length; at += SHARD_BLOCK_BYTES) {
      const { hour, seeds, reverseMask } = decodeShardBlock(blocks.subarray(at, at + SHARD_BLOCK_BYTES));
      for (const [i, seed] of seeds.entries())
        this.remote.push({ hour, seed, reverse: ((reverseMask >> i) & 1) === 1 });
    }
  }

  /** Deletes what this batch was made from; false if some of it is gone already. */
  async remove(session: Session): Promise<boolean> {
    for (const [table, ids] of [
      ["intake", this.intakeIds],
      ["remote_intake", this.remoteIds],
    ] as const) {
      if (ids.length === 0) continue;
      const gone = await session.query(`delete from ${table} where id = any(string_to_array($1, ',')) returning id`, [
        ids.join(","),
      ]);
      if (gone.length !== ids.length) return false;
    }
    for (let i = 0; i < this.embargoed.length; i += INSERT_AT_ONCE) {
      const seeds = this.embargoed.slice(i, i + INSERT_AT_ONCE);
      const gone = await session.query(
        `delete from embargoed where (seed, hour) in
           (select decode(s, 'hex'), h from unnest(string_to_array($1, ','), string_to_array($2, ',')::bigint[]) as t (s, h))
         returning hour`,
        [seeds.map(({ seed }) => seed.toString("hex")).join(","), seeds.map(({ hour }) => hour).join(",")],
      );
      if (gone.length !== seeds.length) return false;
    }
    return true;
  }

  /** Stores the seeds that are too young, sorted by their random bytes, so that nobody's stand together. */
  async keepEmbargoed(session: Session, day: number): Promise<void> {
    const sorted = [...this.young].sort((a, b) => a.seed.compare(b.seed));
    for (let i = 0; i < sorted.length; i += INSERT_AT_ONCE) {
      const some = sorted.slice(i, i + INSERT_AT_ONCE);
      await session.query(
        `insert into embargoed (seed, hour, reverse, regions, day)
         select decode(s, 'hex'), h, r, g, $5::integer
         from unnest(string_to_array($1, ','), string_to_array($2, ',')::bigint[],
           string_to_array($3, ',')::boolean[], string_to_array($4, ',')) as t (s, h, r, g)
         on conflict (seed, hour) do nothing`,
        [
          some.map(({ seed }) => seed.toString("hex")).join(","),
          some.map(({ hour }) => hour).join(","),
          some.map(({ reverse }) => reverse).join(","),
          some.map(({ regions }) => regions.join(" ")).join(","),
          day,
        ],
      );
    }
  }
}

/** Collects what is waiting, up to the bound. @param lastDueHour the youngest hour that may be released */
export async function loadBatch(database: Database, lastDueHour: number): Promise<Batch> {
  const batch = new Batch(lastDueHour);
  const embargoed = await database.query<{ seed: Buffer; hour: number; reverse: boolean; regions: string }>(
    "select seed, hour, reverse, regions from embargoed where hour <= $1 order by seed limit $2",
    [lastDueHour, MAX_EMBARGOED],
  );
  for (const { seed, hour, reverse, regions } of embargoed)
    batch.addEmbargoed({ hour, seed, reverse, regions: regions.split(" ") });
  let room = MAX_BATCH_BYTES;
  room = await takeRows(database, "select id, file as bytes from intake", room, (id, bytes) =>
    batch.addUpload(id, bytes),
  );
  await takeRows(database, "select id, blocks as bytes from remote_intake", room, (id, bytes) =>
    batch.addRemote(id, bytes),
  );
  return batch;
}

/** Reads rows in the order of their random ids until `room` bytes are used up; returns what is left of it. */
async function takeRows(
  database: Database,
  select: string,
  room: number,
  take: (id: string, bytes: Buffer) => void,
): Promise<number> {
  let after = "";
  while (room > 0) {
    const rows = await database.query<{ id: string; bytes: Buffer }>(`${select} where id > $1 order by id limit $2`, [
      after,
      ROWS_AT_ONCE,
    ]);
    for (const { id, bytes } of rows) {
      if (room <= 0) break;
      take(id, bytes);
      room -= bytes.length;
      after = id;
    }
    if (rows.length < ROWS_AT_ONCE) break;
  }
  return room;
}
