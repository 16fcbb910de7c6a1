// From rows (words of one record side by side) to planes (one bit of 32 records a word) and back.

import type { Shared, SharedNumber } from "./engine";
import { wordsFor } from "./words";

/** Transposes 32 words as a matrix of bits, in place: bit i of word j becomes bit j of word i (Hacker's Delight, 7-3). */
export function transposeBlock(block: Uint32Array): void {
  for (let width = 16, mask = 0x0000ffff; width !== 0; width >>>= 1, mask ^= mask << width)
    for (let k = 0; k < 32; k = (k + width + 1) & ~width) {
      const low = block[k] as number;
      const high = block[k + width] as number;
      const swap = ((low >>> width) ^ high) & mask;
      block[k] = low ^ (swap << width);
      block[k + width] = high ^ swap;
    }
}

/** The planes of one word of each row. @param wordsPerRow of each component @param bits how many, from the lowest */
export function planesOf(rows: Shared, wordsPerRow: number, word: number, bits = 32): SharedNumber {
  const count = (rows[0] as Uint32Array).length / wordsPerRow;
  const length = wordsFor(count);
  const planes: Shared[] = Array.from({ length: bits }, () => rows.map(() => new Uint32Array(length)));
  const block = new Uint32Array(32);
  for (const [c, words] of rows.entries()) {
    const targets = planes.map((plane) => plane[c] as Uint32Array);
    for (let at = 0; at < length; at++) {
      const records = Math.min(32, count - 32 * at);
      for (let k = 0; k < records; k++) block[k] = words[(32 * at + k) * wordsPerRow + word] as number;
      block.fill(0, records);
      transposeBlock(block);
      for (let bit = 0; bit < bits; bit++) (targets[bit] as Uint32Array)[at] = block[bit] as number;
    }
  }
  return planes;
}

/** Rows whose words hold the planes, 32 of them each. */
export function packRows(planes: SharedNumber, count: number): { readonly rows: Shared; readonly wordsPerRow: number } {
  const wordsPerRow = wordsFor(planes.length);
  const components = (planes[0] as Shared).length;
  const rows = Array.from({ length: components }, () => new Uint32Array(count * wordsPerRow));
  const block = new Uint32Array(32);
  for (let c = 0; c < components; c++)
    for (let word = 0; word < wordsPerRow; word++) {
      const sources = planes.slice(32 * word, 32 * word + 32).map((plane) => plane[c] as Uint32Array);
      for (let at = 0; at < wordsFor(count); at++) {
        for (let bit = 0; bit < 32; bit++) block[bit] = sources[bit]?.[at] ?? 0;
        transposeBlock(block);
        const records = Math.min(32, count - 32 * at);
        for (let k = 0; k < records; k++)
          (rows[c] as Uint32Array)[(32 * at + k) * wordsPerRow + word] = block[k] as number;
      }
    }
  return { rows, wordsPerRow };
}

/** Rows in another, public order: row k of the result is row order[k]. */
export function gatherRows(rows: Shared, wordsPerRow: number, order: Uint32Array): Shared {
  return rows.map((words) => {
    const moved = new Uint32Array(order.length * wordsPerRow);
    let to = 0;
    for (let k = 0; k < order.length; k++) {
      const from = (order[k] as number) * wordsPerRow;
      for (let w = 0; w < wordsPerRow; w++) moved[to++] = words[from + w] as number;
    }
    return moved;
  });
}

/** The order that undoes another. */
export function inverse(order: Uint32Array): Uint32Array {
  const back = new Uint32Array(order.length);
  for (let k = 0; k < order.length; k++) back[order[k] as number] = k;
  return back;
}
