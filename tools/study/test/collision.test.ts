import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../sim/core/random";
import { COLLISION } from "../circuits/collision";
import {
  type CollisionAnswer,
  type CollisionData,
  collisionAnswer,
  collisionTable,
} from "../circuits/collisionRecords";
import { answers, randomWords, together } from "./together";

/** The rule as a plain loop. */
function plainly(cohort: readonly CollisionData[]): CollisionAnswer[] {
  return cohort.map((i) => {
    const times = i.encounters
      .filter(({ with: other, t0, dummy }) => {
        const j = cohort.find(({ number }) => number === other);
        return (
          !dummy && j && j !== i && j.infected && (j.from ?? 0) <= t0 && t0 < (j.until ?? Number.POSITIVE_INFINITY)
        );
      })
      .map(({ t0 }) => t0);
    return { exposed: times.length > 0, first: times.length > 0 ? Math.min(...times) : null };
  });
}

async function computed(cohort: readonly CollisionData[], servers = 3): Promise<CollisionAnswer[]> {
  const heard = Math.max(1, ...cohort.map(({ encounters }) => encounters.length));
  const shape = { participants: cohort.length, tables: 1, heard, own: 1 };
  const tables = cohort.map((data) => collisionTable(data, shape, randomWords));
  return (await answers(together(servers), COLLISION, shape, tables)).map(collisionAnswer);
}

const person = (number: number, rest: Partial<CollisionData> = {}): CollisionData => ({
  number,
  infected: false,
  from: undefined,
  until: undefined,
  encounters: [],
  ...rest,
});
const met = (other: number, t0: number, dummy = false) => ({ with: other, t0, dummy });

/** Few times and people, so that limits, ties and repetitions come up often. */
function randomCohort(random: SeededRandom, firstNumber = 0): CollisionData[] {
  const below = (limit: number): number => Math.floor(random.unit() * limit);
  const people = 2 + below(9);
  return Array.from({ length: people }, (_, i) =>
    person(firstNumber + i, {
      infected: random.unit() < 0.5,
      from: random.unit() < 0.3 ? undefined : below(6),
      until: random.unit() < 0.3 ? undefined : below(9),
      encounters: Array.from({ length: below(7) }, () =>
        met(firstNumber + below(people + 2), below(8), random.unit() < 0.2),
      ),
    }),
  );
}

describe("the circuit `collision`", () => {
  it("counts from the first infectious moment up to, and not at, the last", async () => {
    const ill = person(1, { infected: true, from: 10, until: 20 });
    const cohort = [ill, ...[9, 10, 19, 20].map((t0) => person(t0, { encounters: [met(1, t0)] }))];
    expect((await computed(cohort)).map(({ first }) => first)).toEqual([null, null, 10, 19, null]);
  });

  it("knows no limits where none are given, up to the last moment that there is", async () => {
    const cohort = [person(1, { infected: true }), person(2, { encounters: [met(1, 0xfffffffe)] })];
    expect(await computed(cohort)).toEqual([
      { exposed: false, first: null },
      { exposed: true, first: 0xfffffffe },
    ]);
  });

  it("counts neither dummies, nor oneself, nor strangers to the cohort, nor the healthy", async () => {
    const cohort = [
      person(1, { infected: true, encounters: [met(1, 5), met(99, 5), met(2, 5)] }),
      person(2, { encounters: [met(1, 5, true)] }),
    ];
    expect((await computed(cohort)).map(({ exposed }) => exposed)).toEqual([false, false]);
  });

  it("tells infected people of their own encounters, and everybody of the earliest", async () => {
    const cohort = [
      person(1, { infected: true, encounters: [met(2, 8), met(2, 3), met(2, 3)] }),
      person(2, { infected: true }),
    ];
    expect((await computed(cohort))[0]).toEqual({ exposed: true, first: 3 });
  });

  it("ends without an answer if two participants claim one number", async () => {
    await expect(computed([person(1), person(1)])).rejects.toThrow("two participants claim the same tag");
  });

  it("answers as a plain loop does, for small cohorts", async () => {
    const random = new SeededRandom("small cohorts 1");
    for (let i = 0; i < 40; i++) {
      const cohort = randomCohort(random);
      expect(await computed(cohort), `${random.name}, cohort ${i}`).toEqual(plainly(cohort));
    }
  });

  it("answers as a plain loop does, for 1,000 cohorts that are computed at once", async () => {
    // Their numbers differ, so that none can meet another.
    const random = new SeededRandom("1,000 cohorts 1");
    const cohorts = Array.from({ length: 1000 }, (_, i) => randomCohort(random, 100 * i));
    expect(await computed(cohorts.flat()), random.name).toEqual(cohorts.flatMap(plainly));
  });

  it.each([5, 7])("answers alike with %i servers", async (servers) => {
    const random = new SeededRandom(`cohorts of ${servers} servers`);
    const cohorts = Array.from({ length: 5 }, (_, i) => randomCohort(random, 100 * i));
    expect(await computed(cohorts.flat(), servers), random.name).toEqual(cohorts.flatMap(plainly));
  });
});
