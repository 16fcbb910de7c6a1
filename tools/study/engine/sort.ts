// Quicksort whose comparisons are opened (Hamada et al., ICISC 2012). What is opened is the order of a uniformly random
// permutation, whatever the data, because the rows were shuffled and no two keys are equal: each key ends in its row's original
// index, which was shuffled along as a secret. Ties broken by the shuffled place would open how many rows are alike.

import type { Engine, Shared } from "./engine";
import { lessThanBy } from "./logic";
import { transposeBlock } from "./transpose";
import { maskLanes, wordsFor, xor, zeros } from "./words";

/** Comparisons that are planned in one batch; their bits take part of a processor's cache. */
const BATCH = 1 << 19;

interface Segment {
  readonly begin: number;
  readonly end: number;
}

/**
 * Sorts shuffled rows by their leading words, the first being the lowest.
 *
 * @param keys the key words of each row, `wordsPerKey` each; they are used up
 * @param lowBits how many bits of the first word count, from the lowest; of the others all do
 * @returns which row comes first, second and so on: public, and a random order
 */
export async function sortOrder(
  engine: Engine,
  keys: Shared,
  wordsPerKey: number,
  lowBits: number,
): Promise<Uint32Array> {
  const count = (keys[0] as Uint32Array).length / wordsPerKey;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let from = keys;
  let to: Shared = keys.map((words) => new Uint32Array(words.length));
  let orderTo = new Uint32Array(count);
  let segments: Segment[] = count > 1 ? [{ begin: 0, end: count }] : [];
  while (segments.length > 0) {
    const isLess = await compareWithFirst(engine, from, wordsPerKey, lowBits, segments);
    // Finished parts stay where they are: both copies must have them.
    for (const [c, words] of from.entries()) (to[c] as Uint32Array).set(words);
    orderTo.set(order);
    segments = partition(from, to, order, orderTo, wordsPerKey, segments, isLess);
    [from, to] = [to, from];
    [order, orderTo] = [orderTo, order];
  }
  return order;
}

/** Whether each row of a segment but its first comes before the first; packed, segment after segment. */
async function compareWithFirst(
  engine: Engine,
  keys: Shared,
  wordsPerKey: number,
  lowBits: number,
  segments: readonly Segment[],
): Promise<Uint32Array> {
  const total = segments.reduce((sum, { begin, end }) => sum + end - begin - 1, 0);
  const result = new Uint32Array(wordsFor(total));
  const cursor = { segment: 0, row: (segments[0] as Segment).begin + 1 };
  for (let done = 0; done < total; done += BATCH) {
    const batch = Math.min(BATCH, total - done);
    const { first, differ } = gather(engine.components, keys, wordsPerKey, lowBits, segments, cursor, batch);
    const less = await lessThanBy(engine, differ, first);
    result.set(await engine.open(maskLanes(less, batch)), done / 32);
  }
  return result;
}

/** Bit planes of the next `batch` comparisons: of the segments' first rows, and where the rows differ from them. */
function gather(
  components: number,
  keys: Shared,
  wordsPerKey: number,
  lowBits: number,
  segments: readonly Segment[],
  cursor: { segment: number; row: number },
  batch: number,
): { readonly first: Shared[]; readonly differ: Shared[] } {
  const length = wordsFor(batch);
  const bits = lowBits + 32 * (wordsPerKey - 1);
  const first = Array.from({ length: bits }, () => zeros(components, length));
  const rows = Array.from({ length: bits }, () => zeros(components, length));
  const block = new Uint32Array(32);
  const rowAt = new Uint32Array(32);
  const firstAt = new Uint32Array(32);
  for (let at = 0; at < length; at++) {
    const lanes = Math.min(32, batch - 32 * at);
    for (let k = 0; k < lanes; k++) {
      let segment = segments[cursor.segment] as Segment;
      if (cursor.row === segment.end) {
        segment = segments[++cursor.segment] as Segment;
        cursor.row = segment.begin + 1;
      }
      rowAt[k] = cursor.row++ * wordsPerKey;
      firstAt[k] = segment.begin * wordsPerKey;
    }
    const isOneSegment = firstAt[0] === firstAt[lanes - 1];
    for (let c = 0; c < components; c++) {
      const words = keys[c] as Uint32Array;
      for (let w = 0; w < wordsPerKey; w++) {
        const base = w === 0 ? 0 : lowBits + 32 * (w - 1);
        const width = w === 0 ? lowBits : 32;
        for (let k = 0; k < lanes; k++) block[k] = words[(rowAt[k] as number) + w] as number;
        block.fill(0, lanes);
        transposeBlock(block);
        for (let bit = 0; bit < width; bit++)
          ((rows[base + bit] as Shared)[c] as Uint32Array)[at] = block[bit] as number;
        if (isOneSegment) {
          const word = words[(firstAt[0] as number) + w] as number;
          for (let bit = 0; bit < width; bit++)
            ((first[base + bit] as Shared)[c] as Uint32Array)[at] = -((word >>> bit) & 1);
        } else {
          for (let k = 0; k < lanes; k++) block[k] = words[(firstAt[k] as number) + w] as number;
          block.fill(0, lanes);
          transposeBlock(block);
          for (let bit = 0; bit < width; bit++)
            ((first[base + bit] as Shared)[c] as Uint32Array)[at] = block[bit] as number;
        }
      }
    }
  }
  return { first, differ: rows.map((plane, bit) => xor(plane, first[bit] as Shared)) };
}

/** Moves each segment's smaller rows before its first row and the others behind it. @returns what is left to sort */
function partition(
  from: Shared,
  to: Shared,
  order: Uint32Array,
  orderTo: Uint32Array,
  wordsPerKey: number,
  segments: readonly Segment[],
  isLess: Uint32Array,
): Segment[] {
  const left: Segment[] = [];
  const move = (row: number, place: number): void => {
    orderTo[place] = order[row] as number;
    for (const [c, words] of from.entries()) {
      const target = to[c] as Uint32Array;
      for (let w = 0; w < wordsPerKey; w++) target[place * wordsPerKey + w] = words[row * wordsPerKey + w] as number;
    }
  };
  let lane = 0;
  for (const { begin, end } of segments) {
    let smaller = 0;
    for (let i = 0; i < end - begin - 1; i++)
      smaller += ((isLess[(lane + i) >>> 5] as number) >>> ((lane + i) & 31)) & 1;
    const middle = begin + smaller;
    let low = begin;
    let high = middle + 1;
    for (let row = begin + 1; row < end; row++, lane++)
      move(row, ((isLess[lane >>> 5] as number) >>> (lane & 31)) & 1 ? low++ : high++);
    move(begin, middle);
    if (middle - begin > 1) left.push({ begin, end: middle });
    if (end - middle > 2) left.push({ begin: middle + 1, end });
  }
  return left;
}
