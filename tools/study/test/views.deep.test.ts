// What one server sees of a study, for cohorts of the same sizes whose secrets could not differ more.

import { describe, expect, it } from "vitest";
import type { Shape } from "../circuits/circuit";
import { COLLISION } from "../circuits/collision";
import { type CollisionData, collisionTable } from "../circuits/collisionRecords";
import { answers, randomWords, together } from "./together";

const RUNS = 1000;
const SHAPE: Shape = { participants: 4, tables: 1, heard: 2, own: 1 };

const healthy: CollisionData[] = [0, 1, 2, 3].map((number) => ({
  number,
  infected: false,
  from: 0,
  until: 0,
  encounters: [],
}));
const ill: CollisionData[] = [0, 1, 2, 3].map((number) => ({
  number: 0xfffffff0 + number,
  infected: true,
  from: undefined,
  until: undefined,
  encounters: [0, 1].map((i) => ({ with: 0xfffffff0 + ((number + 1) % 4), t0: 0xfffffff0 + i, dummy: false })),
}));

interface Seen {
  /** How often each byte came, and how many bytes each run had. */
  readonly counts: Float64Array;
  readonly lengths: number[];
}

/** What each server received in many runs. */
async function bytesSeen(cohort: readonly CollisionData[]): Promise<Seen[]> {
  const seen = Array.from({ length: 3 }, (): Seen => ({ counts: new Float64Array(256), lengths: [] }));
  for (let run = 0; run < RUNS; run++) {
    const servers = together(3);
    const tables = cohort.map((data) => collisionTable(data, SHAPE, randomWords));
    await answers(servers, COLLISION, SHAPE, tables);
    for (const [p, view] of servers.views.entries()) {
      const { counts, lengths } = seen[p] as Seen;
      for (const words of view)
        for (const byte of new Uint8Array(words.buffer, words.byteOffset, words.byteLength))
          counts[byte] = (counts[byte] as number) + 1;
      lengths.push(view.reduce((sum, words) => sum + words.byteLength, 0));
    }
  }
  return seen;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => mean(values.map((value) => (value - mean(values)) ** 2));

describe("one server's view", () => {
  it("has the same bytes as often, and is as long, for a cohort of healthy loners as for one of infected who all met", async () => {
    const [one, other] = [await bytesSeen(healthy), await bytesSeen(ill)];
    for (const [p, mine] of one.entries()) {
      const theirs = other[p] as Seen;
      const [n, m] = [mine, theirs].map(({ counts }) => counts.reduce((a, b) => a + b)) as [number, number];
      let chi2 = 0;
      for (let byte = 0; byte < 256; byte++) {
        const [a, b] = [mine.counts[byte] as number, theirs.counts[byte] as number];
        chi2 += (Math.sqrt(m / n) * a - Math.sqrt(n / m) * b) ** 2 / (a + b);
      }
      // Two samples of one distribution: 255 degrees of freedom, so 255 on average, and above 380 once in a million times.
      expect(chi2, `server ${p + 1}`).toBeLessThan(380);
      const error = Math.sqrt((variance(mine.lengths) + variance(theirs.lengths)) / RUNS);
      expect(Math.abs(mean(mine.lengths) - mean(theirs.lengths)), `server ${p + 1}`).toBeLessThanOrEqual(5 * error);
    }
  });
});
