// Small circuits on packed lanes: what evaluations are made of.

import type { Engine, Shared, SharedNumber } from "./engine";
import { concat, slice, wordCount, xor } from "./words";

/**
 * Up to so many words of lanes, a comparison is done in a tree: three ANDs a bit, but few rounds. Above, one AND a bit, a round
 * each. It depends on public sizes alone, so all servers choose alike.
 */
const TREE_WORDS = 128;

/** ANDs of pairs of equal or different lengths, all in one round. */
export async function andAll(engine: Engine, pairs: readonly (readonly [Shared, Shared])[]): Promise<Shared[]> {
  if (pairs.length === 0) return [];
  const product = await engine.and(concat(pairs.map(([x]) => x)), concat(pairs.map(([, y]) => y)));
  let at = 0;
  return pairs.map(([x]) => {
    const length = wordCount(x);
    at += length;
    return slice(product, at - length, at);
  });
}

/** Lanes in which all of the given bits are 1. */
export async function andTree(engine: Engine, bits: readonly Shared[]): Promise<Shared> {
  let left = bits;
  while (left.length > 1) {
    const half = left.length >> 1;
    const products = await andAll(
      engine,
      Array.from({ length: half }, (_, i) => [left[2 * i] as Shared, left[2 * i + 1] as Shared] as const),
    );
    left = left.length % 2 === 0 ? products : [...products, left.at(-1) as Shared];
  }
  return left[0] as Shared;
}

/** Lanes in which a < b, both unsigned and of as many bits. */
export function lessThan(engine: Engine, a: SharedNumber, b: SharedNumber): Promise<Shared> {
  return lessThanBy(
    engine,
    a.map((bit, i) => xor(bit, b[i] as Shared)),
    b,
  );
}

/** As lessThan, from the bits in which the two differ and those of b. */
export async function lessThanBy(engine: Engine, differ: SharedNumber, b: SharedNumber): Promise<Shared> {
  if (wordCount(b[0] as Shared) <= TREE_WORDS) return lessThanTree(engine, differ, b);
  // From the lowest bit on: where two bits differ, b's decides.
  let less = await engine.and(differ[0] as Shared, b[0] as Shared);
  for (let bit = 1; bit < b.length; bit++)
    less = xor(less, await engine.and(differ[bit] as Shared, xor(b[bit] as Shared, less)));
  return less;
}

async function lessThanTree(engine: Engine, differ: SharedNumber, b: SharedNumber): Promise<Shared> {
  let less = await andAll(
    engine,
    b.map((bit, i) => [differ[i] as Shared, bit] as const),
  );
  let equal = differ.map((bit) => engine.not(bit));
  while (less.length > 1) {
    const half = less.length >> 1;
    const pairs: (readonly [Shared, Shared])[] = [];
    for (let i = 0; i < half; i++) {
      const high = equal[2 * i + 1] as Shared;
      pairs.push([high, less[2 * i] as Shared], [high, equal[2 * i] as Shared]);
    }
    const products = await andAll(engine, pairs);
    const isOdd = less.length % 2 === 1;
    const [lastLess, lastEqual] = [less.at(-1) as Shared, equal.at(-1) as Shared];
    less = Array.from({ length: half }, (_, i) => xor(less[2 * i + 1] as Shared, products[2 * i] as Shared));
    equal = Array.from({ length: half }, (_, i) => products[2 * i + 1] as Shared);
    if (isOdd) {
      less.push(lastLess);
      equal.push(lastEqual);
    }
  }
  return less[0] as Shared;
}

/** For each public limit, the lanes in which an unsigned number is below it; limits fit into as many bits. */
export async function lessThanLimits(engine: Engine, a: SharedNumber, limits: readonly number[]): Promise<Shared[]> {
  const words = wordCount(a[0] as Shared);
  let less = limits.map(() => engine.constant(new Uint32Array(words)));
  for (const [bit, value] of a.entries()) {
    // A limit's 1: below unless a has a 1, too, and was not below so far. A limit's 0: below only if a has none and was.
    const isOne = limits.map((limit) => ((limit >> bit) & 1) === 1);
    const products = await andAll(
      engine,
      less.map((so, i) => (isOne[i] ? ([value, engine.not(so)] as const) : ([engine.not(value), so] as const))),
    );
    less = products.map((product, i) => (isOne[i] ? engine.not(product) : product));
  }
  return less;
}

/** a - b modulo 2 to the number of bits. */
export async function subtract(engine: Engine, a: SharedNumber, b: SharedNumber): Promise<Shared[]> {
  const difference: Shared[] = [];
  let borrow: Shared | undefined;
  for (let bit = 0; bit < a.length; bit++) {
    const [x, y] = [a[bit] as Shared, b[bit] as Shared];
    const sum = xor(x, y);
    difference.push(borrow ? xor(sum, borrow) : sum);
    if (bit === a.length - 1) break;
    // Borrows where y is 1 and x 0; where they are equal, the borrow goes on.
    borrow = borrow ? xor(borrow, await engine.and(sum, xor(y, borrow))) : await engine.and(sum, y);
  }
  return difference;
}

/** y where `choice` is 1, x elsewhere. */
export async function multiplex(engine: Engine, choice: Shared, x: SharedNumber, y: SharedNumber): Promise<Shared[]> {
  const moved = await andAll(
    engine,
    x.map((bit, i) => [choice, xor(bit, y[i] as Shared)] as const),
  );
  return x.map((bit, i) => xor(bit, moved[i] as Shared));
}

/**
 * Adds up bits of different weights in each lane: bucket i has those that count 2^i. Full adders take three bits of a weight at a
 * time, one AND each, as many as there are in one round.
 */
export async function addBits(engine: Engine, weighted: readonly (readonly Shared[])[]): Promise<Shared[]> {
  let buckets = weighted.map((bits) => [...bits]);
  while (buckets.some((bits) => bits.length > 1)) {
    const next: Shared[][] = Array.from({ length: buckets.length + 1 }, () => []);
    const pairs: (readonly [Shared, Shared])[] = [];
    const carries: { readonly to: number; readonly plus?: Shared }[] = [];
    let isSettled = true;
    for (const [weight, bits] of buckets.entries()) {
      let at = 0;
      for (; at + 3 <= bits.length; at += 3) {
        const [a, b, c] = bits.slice(at, at + 3) as [Shared, Shared, Shared];
        const ac = xor(a, c);
        pairs.push([ac, xor(b, c)]);
        carries.push({ to: weight + 1, plus: c });
        next[weight]?.push(xor(ac, b));
      }
      if (bits.length === 2 && isSettled) {
        const [a, b] = bits as [Shared, Shared];
        pairs.push([a, b]);
        carries.push({ to: weight + 1 });
        next[weight]?.push(xor(a, b));
        at = 2;
      }
      next[weight]?.push(...bits.slice(at));
      if (bits.length > 1) isSettled = false;
    }
    const products = await andAll(engine, pairs);
    for (const [i, { to, plus }] of carries.entries()) {
      const carry = products[i] as Shared;
      next[to]?.push(plus ? xor(carry, plus) : carry);
    }
    buckets = next;
  }
  const sum = buckets.map(([bit]) => bit);
  while (sum.length > 1 && sum.at(-1) === undefined) sum.pop();
  const none = engine.constant(new Uint32Array(wordCount(sum.find((bit) => bit !== undefined) as Shared)));
  return sum.map((bit) => bit ?? none);
}
