// What all circuits have in common: records of two kinds that meet by tag, and an answer for each participant.

import type { Engine, Shared, SharedNumber } from "../engine/engine";
import { copyDown } from "../engine/join";
import { sortOrder } from "../engine/sort";
import { gatherRows, inverse, packRows, planesOf, transposeBlock } from "../engine/transpose";
import { slice, wordsFor, zeros } from "../engine/words";

/** Public sizes of a study. */
export interface Shape {
  readonly participants: number;
  /** Tables that are joined one by one: UTC days, or a single one. */
  readonly tables: number;
  /** Heard and own records of a participant in a table, dummies included. */
  readonly heard: number;
  readonly own: number;
}

/** A word of a row that a participant fills in, and its bits that count. */
export interface RowField {
  readonly word: number;
  readonly mask: number;
}

/**
 * A row: word 0 has the original index, from the lowest bit, then a bit that is 1 in heard records, and two flags on top; the tag
 * follows, and then what the circuit wants. Words that a kind of record does not fill in are 0.
 */
export interface RowLayout {
  readonly wordsPerRow: number;
  readonly tagWords: number;
  readonly heardFields: readonly RowField[];
  readonly ownFields: readonly RowField[];
}

/** Flags of word 0, which leave 29 bits for index and kind. */
export const OWN_FLAG = 31;
export const HEARD_FLAG = 30;
/** Most records of a table. */
export const MAX_RECORDS = 2 ** 28;

export interface Circuit {
  /** Everything that decides what is computed; its digest stands in the descriptor. */
  readonly description: string;
  readonly layout: RowLayout;
  /** Words of a participant's answer in each table. */
  answerWords(shape: Shape): number;
  /** What is in the answer, from each heard record's result: planes with a lane for each participant. */
  run(engine: Engine, shape: Shape, input: TableInput): Promise<Shared>;
}

/** One server's shares of a table's records: fields side by side, participant after participant. */
export interface TableInput {
  readonly heard: Shared;
  readonly own: Shared;
}

/** What an evaluation sees of the sorted rows. */
export interface SortedRows {
  /** The bits of a word that belong to a row's own record. */
  bits(word: number, from: number, count: number): SharedNumber;
}

/** Planes of payload that own records carry: word, first bit, how many. */
export type Payload = readonly (readonly [word: number, from: number, bits: number])[];

/**
 * Shuffles, sorts and joins a table, evaluates every row, and brings the results back to their owners.
 *
 * @param evaluate from what own records carry and what rows hold to at most 32 bits a row
 * @returns a word for each heard record, participant after participant
 */
export async function joinTable(
  engine: Engine,
  shape: Shape,
  layout: RowLayout,
  input: TableInput,
  payload: Payload,
  evaluate: (carried: readonly SharedNumber[], rows: SortedRows) => Promise<SharedNumber>,
): Promise<Shared> {
  const heardCount = shape.participants * shape.heard;
  const count = heardCount + shape.participants * shape.own;
  const indexBits = Math.max(1, Math.ceil(Math.log2(count)));
  const width = layout.wordsPerRow;
  const shuffled = await engine.shuffle(assemble(engine, layout, input, heardCount, count, indexBits), width);
  const keyWords = 1 + layout.tagWords;
  const keys = shuffled.rows.map((words) => {
    const some = new Uint32Array(count * keyWords);
    for (let row = 0; row < count; row++)
      for (let w = 0; w < keyWords; w++) some[row * keyWords + w] = words[row * width + w] as number;
    return some;
  });
  const order = await sortOrder(engine, keys, keyWords, indexBits + 1);
  const sorted = gatherRows(shuffled.rows, width, order);
  const planes = Array.from({ length: width }, (_, word) => planesOf(sorted, width, word));
  const rows: SortedRows = {
    bits: (word, from, bits) => (planes[word] as SharedNumber).slice(from, from + bits),
  };
  const isHeard = planes[0]?.[indexBits] as Shared;
  const carriedFlat = await copyDown(
    engine,
    planes.slice(1, keyWords).flat(),
    isHeard,
    payload.flatMap(([word, from, bits]) => rows.bits(word, from, bits)),
    count,
  );
  let at = 0;
  const carried = payload.map(([, , bits]) => {
    at += bits;
    return carriedFlat.slice(at - bits, at);
  });
  const results = packRows(await evaluate(carried, rows), count);
  const unsorted = gatherRows(results.rows, 1, inverse(order));
  return slice(await shuffled.undo(unsorted, 1), 0, heardCount);
}

/** Rows in their original order: all heard records, then all own ones. */
function assemble(
  engine: Engine,
  layout: RowLayout,
  input: TableInput,
  heardCount: number,
  count: number,
  indexBits: number,
): Shared {
  const width = layout.wordsPerRow;
  const heads = new Uint32Array(count);
  for (let i = 0; i < count; i++) heads[i] = i | (i < heardCount ? 1 << indexBits : 0);
  const publicHeads = engine.constant(heads);
  return zeros(engine.components, count * width).map((words, c) => {
    const fill = (fields: readonly RowField[], source: Uint32Array, begin: number): void => {
      for (let from = 0, row = begin; from < source.length; row++)
        for (const { word, mask } of fields) words[row * width + word] = (source[from++] as number) & mask;
    };
    fill(layout.heardFields, input.heard[c] as Uint32Array, 0);
    fill(layout.ownFields, input.own[c] as Uint32Array, heardCount);
    const head = publicHeads[c] as Uint32Array;
    for (let row = 0; row < count; row++) words[row * width] = (words[row * width] as number) ^ (head[row] as number);
    return words;
  });
}

/** Words of a plane that has a lane for each participant. */
export function participantWords(shape: Shape): number {
  return wordsFor(shape.participants);
}

/**
 * Bits of a word of each heard record, by slot: each plane has the lanes of all participants for slot 0, then for slot 1 and so on,
 * each slot from a word's beginning.
 */
export function planesBySlot(rows: Shared, wordsPerRow: number, word: number, shape: Shape, bits = 32): Shared[] {
  const lanes = participantWords(shape);
  const planes = Array.from({ length: bits }, () => zeros(rows.length, lanes * shape.heard));
  const block = new Uint32Array(32);
  for (const [c, words] of rows.entries())
    for (let slot = 0; slot < shape.heard; slot++)
      for (let at = 0; at < lanes; at++) {
        const people = Math.min(32, shape.participants - 32 * at);
        for (let k = 0; k < people; k++)
          block[k] = words[((32 * at + k) * shape.heard + slot) * wordsPerRow + word] as number;
        block.fill(0, people);
        transposeBlock(block);
        for (let bit = 0; bit < bits; bit++)
          ((planes[bit] as Shared)[c] as Uint32Array)[slot * lanes + at] = block[bit] as number;
      }
  return planes;
}
