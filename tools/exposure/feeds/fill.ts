// Turns the seeds that are due into blocks that link nobody's hours: every hour is filled up to two blocks with random
// seeds, everything is sorted, and the result is cut into chunks.

import { randomBytes } from "node:crypto";
import { SEED_BYTES } from "../../../protocol/beacon/chirp";
import { BLOCK_SEEDS, type ShardBlock } from "../../../protocol/report/shard";
import { packBlocks, type ReleasedSeed } from "../../../protocol/report/shardFile";

/** Fewest seeds in an hour that a shard covers: two full blocks. */
export const MIN_HOUR_SEEDS = 2 * BLOCK_SEEDS;

const MIN_HOUR_BLOCKS = MIN_HOUR_SEEDS / BLOCK_SEEDS;

/** A source of random seeds, 32 bytes a call. */
export type RandomSeed = () => Buffer;

/** The machine's random source. */
export const randomSeed: RandomSeed = () => randomBytes(SEED_BYTES);

/**
 * Random seeds that bring every hour from the first to the last of `released` up to twelve different ones; none if
 * nothing is released. A filling seed never asks for sources, as nearly all genuine ones do not.
 */
export function fillingFor(released: readonly ReleasedSeed[], random: RandomSeed): ReleasedSeed[] {
  const distinct = new Map<number, Set<string>>();
  let firstHour = Number.POSITIVE_INFINITY;
  let lastHour = Number.NEGATIVE_INFINITY;
  for (const { hour, seed } of released) {
    firstHour = Math.min(firstHour, hour);
    lastHour = Math.max(lastHour, hour);
    const seeds = distinct.get(hour) ?? new Set();
    if (seeds.size < MIN_HOUR_SEEDS) distinct.set(hour, seeds.add(seed.toString("latin1")));
  }
  const filling: ReleasedSeed[] = [];
  for (let hour = firstHour; hour <= lastHour; hour++)
    for (let count = distinct.get(hour)?.size ?? 0; count < MIN_HOUR_SEEDS; count++)
      filling.push({ hour, seed: random(), reverse: false });
  return filling;
}

/**
 * Packs and cuts: no chunk holds more than `maxBlocks` (at least 4), and every hour of every chunk has two full blocks
 * if the input is filled.
 */
export function cutChunks(released: readonly ReleasedSeed[], maxBlocks: number): ShardBlock[][] {
  const chunks: ShardBlock[][] = [];
  let chunk: ShardBlock[] = [];
  for (const hour of byHour(released))
    for (const piece of cutHour(packBlocks(hour), maxBlocks)) {
      if (chunk.length + piece.length > maxBlocks) {
        chunks.push(chunk);
        chunk = [];
      }
      chunk = chunk.concat(piece);
    }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** The seeds of each hour by themselves, oldest hour first: many short sorts take half the time of a long one. */
function byHour(released: readonly ReleasedSeed[]): ReleasedSeed[][] {
  const hours = new Map<number, ReleasedSeed[]>();
  for (const one of released) {
    const ofHour = hours.get(one.hour);
    if (ofHour === undefined) hours.set(one.hour, [one]);
    else ofHour.push(one);
  }
  return [...hours].sort(([a], [b]) => a - b).map(([, seeds]) => seeds);
}

/** Cuts an hour that is too large for one chunk so that its last piece, too, has two full blocks. */
function cutHour(blocks: ShardBlock[], maxBlocks: number): ShardBlock[][] {
  const pieces: ShardBlock[][] = [];
  let from = 0;
  while (blocks.length - from > maxBlocks) {
    const left = blocks.length - from - maxBlocks;
    // One block more than the minimum, because the last one may be partly filled.
    const take = left > MIN_HOUR_BLOCKS ? maxBlocks : maxBlocks - (MIN_HOUR_BLOCKS + 1 - left);
    pieces.push(blocks.slice(from, from + take));
    from += take;
  }
  pieces.push(blocks.slice(from));
  return pieces;
}
