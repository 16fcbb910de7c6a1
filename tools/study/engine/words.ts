// Packed bits: what both sharings do to each component alone.

import type { Shared } from "./engine";

/** Words that hold so many lanes. */
export function wordsFor(lanes: number): number {
  return (lanes + 31) >>> 5;
}

export function xor(x: Shared, y: Shared): Shared {
  return x.map((words, c) => {
    const other = y[c] as Uint32Array;
    const sum = new Uint32Array(words.length);
    for (let i = 0; i < sum.length; i++) sum[i] = (words[i] as number) ^ (other[i] as number);
    return sum;
  });
}

export function zeros(components: number, words: number): Shared {
  return Array.from({ length: components }, () => new Uint32Array(words));
}

/** Words `begin` to `end` of each component, sharing memory. */
export function slice(x: Shared, begin: number, end: number): Shared {
  return x.map((words) => words.subarray(begin, end));
}

export function concat(parts: readonly Shared[]): Shared {
  const first = parts[0] as Shared;
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + (part[0] as Uint32Array).length, 0);
  return first.map((_, c) => {
    const all = new Uint32Array(length);
    let at = 0;
    for (const part of parts) {
      all.set(part[c] as Uint32Array, at);
      at += (part[c] as Uint32Array).length;
    }
    return all;
  });
}

export function wordCount(x: Shared): number {
  return (x[0] as Uint32Array).length;
}

/** Each lane becomes the one before it; the first becomes 0. */
export function shiftLanes(x: Shared): Shared {
  return x.map((words) => {
    const shifted = new Uint32Array(words.length);
    let carry = 0;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      shifted[i] = (word << 1) | carry;
      carry = word >>> 31;
    }
    return shifted;
  });
}

/** Zeroes the lanes of the last word that are not used: they must not be opened. */
export function maskLanes(x: Shared, lanes: number): Shared {
  const used = lanes & 31;
  if (used === 0) return x;
  return x.map((words) => {
    const masked = words.slice();
    masked[masked.length - 1] = (masked.at(-1) as number) & (2 ** used - 1);
    return masked;
  });
}

/** Lanes of even and of odd number, half as many each. @param x an even number of words */
export function splitLanes(x: Shared): { readonly even: Shared; readonly odd: Shared } {
  const halves = x.map((words) => {
    const even = new Uint32Array(words.length / 2);
    const odd = new Uint32Array(words.length / 2);
    for (let i = 0; i < even.length; i++) {
      const low = words[2 * i] as number;
      const high = words[2 * i + 1] as number;
      even[i] = gatherEven(low) | (gatherEven(high) << 16);
      odd[i] = gatherEven(low >>> 1) | (gatherEven(high >>> 1) << 16);
    }
    return { even, odd };
  });
  return { even: halves.map(({ even }) => even), odd: halves.map(({ odd }) => odd) };
}

/** The inverse of splitLanes. */
export function mergeLanes(even: Shared, odd: Shared): Shared {
  return even.map((words, c) => {
    const others = odd[c] as Uint32Array;
    const merged = new Uint32Array(2 * words.length);
    for (let i = 0; i < words.length; i++) {
      const e = words[i] as number;
      const o = others[i] as number;
      merged[2 * i] = spread(e & 0xffff) | (spread(o & 0xffff) << 1);
      merged[2 * i + 1] = spread(e >>> 16) | (spread(o >>> 16) << 1);
    }
    return merged;
  });
}

function gatherEven(word: number): number {
  let x = word & 0x55555555;
  x = (x | (x >>> 1)) & 0x33333333;
  x = (x | (x >>> 2)) & 0x0f0f0f0f;
  x = (x | (x >>> 4)) & 0x00ff00ff;
  return (x | (x >>> 8)) & 0x0000ffff;
}

function spread(half: number): number {
  let x = half;
  x = (x | (x << 8)) & 0x00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f;
  x = (x | (x << 2)) & 0x33333333;
  return (x | (x << 1)) & 0x55555555;
}
