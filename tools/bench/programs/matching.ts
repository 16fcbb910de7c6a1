// Matching and deriving on a device, timed from outside: the host notes when each line is printed. `start` and `stop`
// enclose the work; everything is allocated before.

import * as ds from "@devicescript/core";
import { sha256 } from "../../../firmware/base/sha256";
import { ChirpDeriver, SEED_BYTES } from "../../../protocol/beacon/chirp";
import { Beacon } from "../../../protocol/beacon/sighting";
import { sealRow } from "../../../protocol/log/contactRow";
import { LoadedRows } from "../../../protocol/match/loadedRows";
import { HourMatcher } from "../../../protocol/match/matching";
import { BLOCK_SEEDS, type ShardBlock } from "../../../protocol/report/shard";

const HOUR = 498_100;
const BLOCKS = 40;
const ROUNDS = 5;
const ROWS_PER_MINUTE = 4;
const LOGGED_MINUTES = [0, 5, 25, 60];

function fill(length: number, value: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (value * 31 + i * 7) & 0xff;
  return bytes;
}

function publishedBlock(): ShardBlock {
  const seeds: Buffer[] = [];
  for (let i = 0; i < BLOCK_SEEDS; i++) seeds.push(fill(SEED_BYTES, i));
  return { hour: HOUR, seeds, reverseMask: 0 };
}

/** A log of strangers: rows in `minutes` minutes, spread evenly over the hour. */
async function matcherWith(minutes: number): Promise<HourMatcher> {
  const matcher = new HourMatcher(sha256, new LoadedRows(60 * ROWS_PER_MINUTE));
  matcher.begin(HOUR);
  for (let i = 0; i < minutes; i++) {
    const minute = HOUR * 60 + Math.floor((i * 60) / minutes);
    for (let k = 0; k < ROWS_PER_MINUTE; k++) {
      const chirp = sha256(fill(8, i * ROWS_PER_MINUTE + k)).slice(0, 28);
      matcher.rows.add(
        HOUR,
        sealRow(sha256, Beacon.Pact, chirp, minute, { maxRssi: -70, txPower: -8, delay: 0, hearings: 2 }),
      );
    }
    await ds.sleep(1);
  }
  return matcher;
}

/** The digests that a seed costs: none in an hour without rows, else one for each minute. */
function derivedMinutes(minutes: number): number {
  return minutes === 0 ? 0 : 60;
}

async function timeMatching(minutes: number, digests: number): Promise<void> {
  const matcher = await matcherWith(minutes);
  const block = publishedBlock();
  await ds.sleep(1);
  console.log(`start match ${minutes} ${digests}`);
  for (let i = 0; i < BLOCKS; i++) {
    matcher.matchBlock(block);
    await ds.sleep(1);
  }
  console.log("stop");
}

/** The floor: as many digests of a message of the same 49 bytes, and nothing else. */
async function timeDigests(minutes: number, digests: number): Promise<void> {
  const message = fill(49, 1);
  const calls = digests * BLOCK_SEEDS;
  await ds.sleep(1);
  console.log(`start floor ${minutes} ${digests}`);
  for (let i = 0; i < BLOCKS; i++) {
    for (let k = 0; k < calls; k++) sha256(message);
    await ds.sleep(1);
  }
  console.log("stop");
}

async function timeChirps(): Promise<void> {
  const deriver = new ChirpDeriver(sha256);
  deriver.useSeed(fill(SEED_BYTES, 1));
  await ds.sleep(1);
  console.log("start chirps 0 60");
  for (let i = 0; i < BLOCKS; i++) {
    for (let t = 0; t < 360; t++) deriver.chirp(HOUR * 60 + t);
    await ds.sleep(1);
  }
  console.log("stop");
}

async function main(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const minutes of LOGGED_MINUTES) {
      const digests = derivedMinutes(minutes);
      await timeMatching(minutes, digests);
      await timeDigests(minutes, digests);
    }
    // What an hour without rows is held against: three digests for each seed.
    await timeDigests(-1, 3);
    await timeChirps();
  }
  console.log("end of bench");
}

main.start();
