import { describe, expect, it } from "vitest";
import type { Shared } from "../engine/engine";
import { sortOrder } from "../engine/sort";
import { combined, randomWords, shared, together } from "./together";

describe("an opened order", () => {
  /** Sorts four rows again and again, and counts the orders that all servers see. */
  async function orders(tags: readonly number[], runs: number): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      const { engines } = together(3);
      const rows = new Uint32Array(tags.flatMap((tag, i) => [i, tag]));
      const shares = shared(3, rows);
      const found = await Promise.all(
        engines.map(async (engine, p) => {
          const { rows: shuffled } = await engine.shuffle(shares[p] as Shared, 2);
          return sortOrder(engine, shuffled, 2, 3);
        }),
      );
      const order = found.map((o) => o.join(""));
      expect(new Set(order).size).toBe(1);
      counts.set(order[0] as string, (counts.get(order[0] as string) ?? 0) + 1);
    }
    return counts;
  }

  it.each([
    ["four equal tags", [7, 7, 7, 7]],
    ["four different tags", [9, 1, 5, 3]],
    ["two pairs", [2, 8, 8, 2]],
  ])("is each of the 24 equally often for %s", async (_, tags) => {
    const runs = 240;
    const counts = await orders(tags, runs);
    expect(counts.size).toBe(24);
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - runs / 24) ** 2 / (runs / 24), 0);
    // 23 degrees of freedom: above 63 less than once in 100,000 times.
    expect(chi2).toBeLessThan(63);
  });
});

it("sorts any rows, equal tags by their original index", async () => {
  const tags = Array.from({ length: 700 }, () => (randomWords(1)[0] as number) % 50);
  const rows = new Uint32Array(tags.flatMap((tag, i) => [i, tag]));
  const shares = shared(3, rows);
  const servers = together(3);
  let order: Uint32Array = new Uint32Array(0);
  const sorted = await combined(servers, async (engine, p) => {
    const { rows: shuffled } = await engine.shuffle(shares[p] as Shared, 2);
    order = await sortOrder(
      engine,
      shuffled.map((words) => words.slice()),
      2,
      10,
    );
    return shuffled;
  });
  const got = [...order].map((at) => [sorted[2 * at + 1], sorted[2 * at]]);
  const expected = tags
    .map((tag, i) => [tag, i])
    .sort(([a, i], [b, j]) => (a as number) - (b as number) || (i as number) - (j as number));
  expect(got).toEqual(expected);
});
