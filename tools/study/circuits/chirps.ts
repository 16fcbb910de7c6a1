// What every keyfob would answer if those infected had published: weighted minutes of a UTC day, by the project's own score.
//
// A heard record has what a contact row has: a tag, a minute and three sealed bytes. An own record has the tag of an own chirp, its
// minute, whether the owner was infectious then, and the keystreams for the five minutes whose rows it may have sealed. Where tags
// meet, XOR opens the sealed bytes, on shares.

import { TOLERANCE_MINUTES } from "../../../protocol/match/loadedRows";
import { ATTENUATION_CLASSES, type ScoreConfig } from "../../../protocol/match/score";
import type { Engine, Shared, SharedNumber } from "../engine/engine";
import { addBits, andAll, andTree, lessThanLimits, subtract } from "../engine/logic";
import { packRows } from "../engine/transpose";
import { concat, slice, wordsFor, xor } from "../engine/words";
import {
  type Circuit,
  joinTable,
  OWN_FLAG,
  participantWords,
  planesBySlot,
  type RowLayout,
  type Shape,
  type SortedRows,
  type TableInput,
} from "./circuit";

const ALL = 0xffffffff;
/** Minutes by which a row's may differ from its chirp's, in either direction, and on the minute. */
export const KEYSTREAMS = 2 * TOLERANCE_MINUTES + 1;
const SEALED_BITS = 24;
/** Bits of a minute in its day, with the tolerance on both sides. */
const MINUTE_BITS = 11;
/** Words of a row: two of the tag, five keystreams, whose highest bytes carry the sealed bytes of heard records, and minutes. */
const FIRST_KEYSTREAM = 3;
const MINUTES = 8;
const HEARD_MINUTE_AT = 16;
const DIRECT_AND_SHARED = ATTENUATION_CLASSES + 1;
const HUNDREDTHS = 100;

const LAYOUT: RowLayout = {
  wordsPerRow: 9,
  tagWords: 2,
  heardFields: [
    { word: 1, mask: ALL },
    { word: 2, mask: ALL },
    ...[0, 1, 2].map((i) => ({ word: FIRST_KEYSTREAM + i, mask: 0xff000000 })),
    { word: MINUTES, mask: 0x07ff0000 },
  ],
  ownFields: [
    { word: 0, mask: (1 << OWN_FLAG) >>> 0 },
    { word: 1, mask: ALL },
    { word: 2, mask: ALL },
    ...Array.from({ length: KEYSTREAMS }, (_, i) => ({ word: FIRST_KEYSTREAM + i, mask: 0x00ffffff })),
    { word: MINUTES, mask: 0x000007ff },
  ],
};

/** Where the numbers of an answer lie, in bits. */
export interface ChirpsAnswerLayout {
  /** Bits of each count: minutes by attenuation class, then shared-space ones. */
  readonly countBits: number;
  /** Bits of the weighted hundredths; two bits of advice follow, "notice or more" and "alert". */
  readonly weightedBits: number;
}

/** Weights of a minute of each class and of a shared-space one, in hundredths. */
function weightsOf(score: ScoreConfig): number[] {
  return [...score.weights, score.sharedWeight].map((weight) => Math.round(HUNDREDTHS * weight));
}

export function chirpsAnswerLayout(shape: Shape, score: ScoreConfig): ChirpsAnswerLayout {
  const bitsFor = (most: number): number => Math.floor(Math.log2(most)) + 1;
  const limit = Math.round(HUNDREDTHS * Math.max(score.alertAt, score.noticeAt));
  const most = Math.max(shape.heard * Math.max(...weightsOf(score)), limit);
  return { countBits: bitsFor(shape.heard), weightedBits: bitsFor(most) };
}

/** The circuit for a deployment's score. */
export function chirpsCircuit(score: ScoreConfig): Circuit {
  return {
    description: `chirps 1: minutes by class and shared within ${TOLERANCE_MINUTES} minutes, weighted; ${JSON.stringify(score)}`,
    layout: LAYOUT,
    answerWords(shape) {
      const { countBits, weightedBits } = chirpsAnswerLayout(shape, score);
      return wordsFor(DIRECT_AND_SHARED * countBits + weightedBits + 2);
    },

    async run(engine: Engine, shape: Shape, input: TableInput): Promise<Shared> {
      const payload = [
        [0, OWN_FLAG, 1],
        [MINUTES, 0, MINUTE_BITS],
        ...Array.from({ length: KEYSTREAMS }, (_, i) => [FIRST_KEYSTREAM + i, 0, SEALED_BITS] as const),
      ] as const;
      const results = await joinTable(engine, shape, LAYOUT, input, payload, (carried, rows) =>
        classify(engine, score, carried, rows),
      );
      return await answer(engine, score, shape, results);
    },
  };
}

/** One bit for each attenuation class and one for a shared-space minute, of which at most one is 1. */
async function classify(
  engine: Engine,
  score: ScoreConfig,
  carried: readonly SharedNumber[],
  rows: SortedRows,
): Promise<Shared[]> {
  const [infectious, minute, ...keystreams] = carried as [SharedNumber, SharedNumber, ...SharedNumber[]];
  // Participants count both minutes so that the difference of those that match is 0 to 4.
  const distance = await subtract(engine, rows.bits(MINUTES, HEARD_MINUTE_AT, MINUTE_BITS), minute);
  const { isAt, isNear } = await nearMinutes(engine, distance);
  const sealed = [0, 1, 2].flatMap((i) => rows.bits(FIRST_KEYSTREAM + i, SEALED_BITS, 8));
  const opened = await openSealed(engine, sealed, isAt, keystreams);
  const rssi = opened.slice(0, 8);
  const power = opened.slice(8, 16);
  const delay = opened.slice(20, 24);
  const counts = await engine.and(isNear, (infectious as SharedNumber)[0] as Shared);
  const isDirect = await andTree(
    engine,
    delay.map((bit) => engine.not(bit)),
  );
  const direct = await engine.and(isDirect, counts);
  const within = await withinLimits(engine, score, power, rssi);
  const upTo = await andAll(
    engine,
    within.map((bit) => [bit, direct] as const),
  );
  const steps = [...upTo, direct];
  return [...steps.map((bit, i) => (i === 0 ? bit : xor(bit, steps[i - 1] as Shared))), xor(counts, direct)];
}

/** From a difference of minutes: which of 0 to 4 its lowest three bits are, and whether it is one of these. */
async function nearMinutes(
  engine: Engine,
  distance: SharedNumber,
): Promise<{ readonly isAt: readonly Shared[]; readonly isNear: Shared }> {
  const [b0, b1, b2] = distance as [Shared, Shared, Shared];
  const both = await engine.and(b0, b1);
  const neither = engine.not(xor(xor(b0, b1), both));
  const small = engine.not(b2);
  const [at0, at1, at2, at3] = (await andAll(
    engine,
    [neither, xor(b0, both), xor(b1, both), both].map((bit) => [bit, small] as const),
  )) as [Shared, Shared, Shared, Shared];
  const isAt = [at0, at1, at2, at3, xor(neither, at0)];
  const isNear = await andTree(engine, [
    isAt.reduce((sum, bit) => xor(sum, bit)),
    ...distance.slice(3).map((bit) => engine.not(bit)),
  ]);
  return { isAt, isNear };
}

/** The sealed bits, XORed with the keystream of the minute. */
async function openSealed(
  engine: Engine,
  sealed: SharedNumber,
  isAt: readonly Shared[],
  keystreams: readonly SharedNumber[],
): Promise<Shared[]> {
  let opened = [...sealed];
  for (const [i, keystream] of keystreams.entries()) {
    const chosen = await andAll(
      engine,
      keystream.map((bit) => [bit, isAt[i] as Shared] as const),
    );
    opened = opened.map((bit, k) => xor(bit, chosen[k] as Shared));
  }
  return opened;
}

/** For each limit, whether power minus strength, both signed bytes, is not above it. */
async function withinLimits(
  engine: Engine,
  score: ScoreConfig,
  power: SharedNumber,
  rssi: SharedNumber,
): Promise<Shared[]> {
  const extended = (byte: SharedNumber): Shared[] => [...byte, byte[7] as Shared];
  const attenuation = await subtract(engine, extended(power), extended(rssi));
  // With the sign turned, signed numbers of nine bits are in the order of unsigned ones, 256 higher.
  const shifted = [...attenuation.slice(0, 8), engine.not(attenuation[8] as Shared)];
  return lessThanLimits(
    engine,
    shifted,
    score.limitsDb.map((limit) => limit + 1 + 256),
  );
}

/** Counts, weighs and compares each participant's results. */
async function answer(engine: Engine, score: ScoreConfig, shape: Shape, results: Shared): Promise<Shared> {
  const { countBits, weightedBits } = chirpsAnswerLayout(shape, score);
  const lanes = participantWords(shape);
  const kinds = planesBySlot(results, 1, 0, shape, DIRECT_AND_SHARED);
  // All kinds side by side, so that they are counted in the same rounds.
  const slots = Array.from({ length: shape.heard }, (_, slot) =>
    concat(kinds.map((kind) => slice(kind, slot * lanes, (slot + 1) * lanes))),
  );
  const sums = await addBits(engine, [slots]);
  const none = engine.constant(new Uint32Array(lanes));
  const counts = kinds.map((_, k) =>
    Array.from({ length: countBits }, (_, bit) => {
      const sum = sums[bit];
      return sum ? slice(sum, k * lanes, (k + 1) * lanes) : none;
    }),
  );
  const buckets: Shared[][] = Array.from({ length: weightedBits }, () => []);
  for (const [k, weight] of weightsOf(score).entries())
    for (let bit = 0; weight >> bit > 0; bit++)
      if ((weight >> bit) & 1)
        for (const [i, plane] of (counts[k] as Shared[]).entries()) buckets[i + bit]?.push(plane);
  if (buckets.every((bits) => bits.length === 0)) buckets[0]?.push(none);
  const total = await addBits(engine, buckets);
  const weighted = Array.from({ length: weightedBits }, (_, bit) => total[bit] ?? none);
  const below = await lessThanLimits(
    engine,
    weighted,
    [score.noticeAt, score.alertAt].map((minutes) => Math.round(HUNDREDTHS * minutes)),
  );
  const bits = [...counts.flat(), ...weighted, ...below.map((bit) => engine.not(bit))];
  return packRows(bits, shape.participants).rows;
}
