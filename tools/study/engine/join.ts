// Rows that meet by their tag: of each group of equal tags, sorted, what its own record carries comes down to the heard ones.

import { StudyError } from "../base/errors";
import type { Engine, Shared, SharedNumber } from "./engine";
import { andAll, andTree } from "./logic";
import { maskLanes, mergeLanes, shiftLanes, slice, splitLanes, wordCount, xor } from "./words";

/**
 * Copies the payload of each own record down the group of rows with its tag.
 *
 * @param tag of the sorted rows @param isHeard 0 for own records, which come first in their group
 * @param payload of own records; 0 in heard ones @param rows how many lanes hold one
 * @returns the payload at each row; 0 where nobody in the cohort owns the tag
 * @throws StudyError if two own records have the same tag
 */
export async function copyDown(
  engine: Engine,
  tag: SharedNumber,
  isHeard: Shared,
  payload: SharedNumber,
  rows: number,
): Promise<Shared[]> {
  const equal = tag.map((bit) => engine.not(xor(bit, shiftLanes(bit))));
  // The first row has none before it, and the lanes behind the last one hold no rows.
  const isSame = maskLanes(withoutFirstLane(await andTree(engine, equal)), rows);
  const goesOn = await engine.and(isSame, isHeard);
  await refuseTwins(engine, xor(isSame, goesOn), wordCount(isHeard));
  return scan(engine, goesOn, payload);
}

function withoutFirstLane(x: Shared): Shared {
  return x.map((words) => {
    const masked = words.slice();
    masked[0] = (masked[0] as number) & ~1;
    return masked;
  });
}

/** Opens a single bit: whether there are two own records with the same tag at all. */
async function refuseTwins(engine: Engine, isTwin: Shared, words: number): Promise<void> {
  let none = engine.not(isTwin);
  for (let left = words; left > 1; left = Math.ceil(left / 2)) {
    const half = left >> 1;
    const product = await engine.and(slice(none, 0, half), slice(none, half, 2 * half));
    none = left % 2 === 0 ? product : product.map((p, c) => joined(p, (none[c] as Uint32Array)[left - 1] as number));
  }
  for (let shift = 16; shift > 0; shift >>= 1)
    none = await engine.and(
      none,
      none.map((word) => word.map((w) => w >>> shift)),
    );
  const value = await engine.open(none.map((word) => word.map((w) => w & 1)));
  if (value[0] !== 1)
    throw new StudyError("two participants claim the same tag as their own: the study ends without results", "refused");
}

function joined(words: Uint32Array, last: number): Uint32Array {
  const longer = new Uint32Array(words.length + 1);
  longer.set(words);
  longer[words.length] = last;
  return longer;
}

/**
 * v[k] = v[k] + (goesOn[k] ? v[k - 1] : 0), from the first lane to the last (after Brent and Kung): the lanes of odd number take
 * in what is before them, that half is done likewise, and those of even number follow.
 */
async function scan(engine: Engine, goesOn: Shared, values: SharedNumber): Promise<Shared[]> {
  const words = wordCount(goesOn);
  if (words === 1) return scanWord(engine, goesOn, values);
  const pad = (x: Shared): Shared => (words % 2 === 0 ? x : x.map((w) => joined(w, 0)));
  const links = splitLanes(pad(goesOn));
  const halves = values.map((value) => splitLanes(pad(value)));
  const taken = await andAll(engine, [
    ...halves.map(({ even }) => [even, links.odd] as const),
    [links.even, links.odd] as const,
  ]);
  const odd = await scan(
    engine,
    taken.at(-1) as Shared,
    halves.map(({ odd }, i) => xor(odd, taken[i] as Shared)),
  );
  const before = await andAll(
    engine,
    odd.map((value) => [shiftLanes(value), links.even] as const),
  );
  return odd.map((value, i) => {
    const merged = mergeLanes(xor(halves[i]?.even as Shared, before[i] as Shared), value);
    return slice(merged, 0, words);
  });
}

/** The last 32 lanes, by doubling. */
async function scanWord(engine: Engine, goesOn: Shared, values: SharedNumber): Promise<Shared[]> {
  let link = goesOn;
  let sums = [...values];
  for (let distance = 1; distance < 32; distance *= 2) {
    const shift = (x: Shared): Shared => x.map((words) => words.map((word) => word << distance));
    const products = await andAll(engine, [
      ...sums.map((sum) => [shift(sum), link] as const),
      [shift(link), link] as const,
    ]);
    sums = sums.map((sum, i) => xor(sum, products[i] as Shared));
    link = products.at(-1) as Shared;
  }
  return sums;
}
