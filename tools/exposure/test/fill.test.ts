import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ShardBlock } from "../../../protocol/report/shard";
import type { ReleasedSeed } from "../../../protocol/report/shardFile";
import { cutChunks, fillingFor, MIN_HOUR_SEEDS, randomSeed } from "../feeds/fill";

const seedsOf = (hour: number, count: number): ReleasedSeed[] =>
  Array.from({ length: count }, () => ({ hour, seed: randomBytes(32), reverse: false }));

const hoursIn = (blocks: readonly ShardBlock[]) => {
  const counts = new Map<number, number>();
  for (const { hour, seeds } of blocks) counts.set(hour, (counts.get(hour) ?? 0) + seeds.length);
  return counts;
};

describe("Filling", () => {
  it("brings every hour from first to last up to twelve seeds, and adds none where there are enough", () => {
    const released = [...seedsOf(100, 1), ...seedsOf(101, 11), ...seedsOf(103, 40)];
    const filling = fillingFor(released, randomSeed);
    const perHour = [100, 101, 102, 103].map((hour) => filling.filter((seed) => seed.hour === hour).length);
    expect(perHour).toEqual([11, 1, 12, 0]);
  });

  it("leaves an empty publication empty", () => {
    expect(fillingFor([], randomSeed)).toEqual([]);
    expect(cutChunks([], 100)).toEqual([]);
  });

  it("is not fooled by the same seed given many times", () => {
    const [seed] = seedsOf(7, 1);
    if (seed === undefined) return expect.unreachable();
    expect(fillingFor(Array(12).fill(seed), randomSeed)).toHaveLength(MIN_HOUR_SEEDS - 1);
  });
});

describe("Cutting", () => {
  it("keeps every chunk within its size and every hour of every chunk at twelve seeds or more, in order, losing none", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 4, max: 9 }),
        (counts, maxBlocks) => {
          const genuine = counts.flatMap((count, hour) => seedsOf(500 + hour, count));
          const all = genuine.concat(fillingFor(genuine, randomSeed));
          const chunks = cutChunks(all, maxBlocks);
          for (const chunk of chunks) {
            expect(chunk.length).toBeLessThanOrEqual(maxBlocks);
            expect(chunk.length).toBeGreaterThan(0);
            expect(Math.min(...hoursIn(chunk).values())).toBeGreaterThanOrEqual(MIN_HOUR_SEEDS);
          }
          const order = chunks
            .flat()
            .flatMap(({ hour, seeds }) => seeds.map((seed) => `${String(hour).padStart(9)}${seed.toString("hex")}`));
          expect(order).toEqual([...order].sort());
          expect(order).toHaveLength(all.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
