import { describe, expect, it } from "vitest";
import { StudyError } from "../base/errors";
import type { Shared } from "../engine/engine";
import { SERVER_COUNTS, sharingFor } from "../engine/engines";
import { lagrange, multiply } from "../engine/gf8";
import { combined, randomWords, shared, together } from "./together";

/** GF(4) = {0, 1, w, w + 1} as bit pairs, by its table: w * w = w + 1. */
const GF4 = [
  [0, 0, 0, 0],
  [0, 1, 2, 3],
  [0, 2, 3, 1],
  [0, 3, 1, 2],
];
const times = (x: number, y: number): number => GF4[x]?.[y] as number;
const overGf4 = (x: number, y: number): number => [1, 2, 3].find((q) => times(q, y) === x) ?? 0;
/** The points of servers 0, 1 and 2: 1, w and w^2. */
const POINTS = [1, 2, 3];

const bit = (words: Uint32Array, lane: number): number => ((words[lane >>> 5] as number) >>> (lane & 31)) & 1;
/** A server's share of one lane, as an element of its field: the components' bits. */
const lane = (share: Shared, at: number): number => share.reduce((sum, words, c) => sum | (bit(words, at) << c), 0);

/** A replicated share as one of Shamir's over GF(4): w * x[p] + w^2 * x[p + 1]. */
const asShamir = (share: Shared, at: number): number =>
  times(2, bit(share[0] as Uint32Array, at)) ^ times(3, bit(share[1] as Uint32Array, at));

describe("the sharing of three servers", () => {
  it("is Shamir's over GF(4): any two stored shares of a bit interpolate to it", () => {
    const secret = randomWords(64);
    const shares = shared(3, secret);
    for (let at = 0; at < 32 * secret.length; at++)
      for (const [p, q] of [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const) {
        const [x, y] = [POINTS[p] as number, POINTS[q] as number];
        const [f, g] = [asShamir(shares[p] as Shared, at), asShamir(shares[q] as Shared, at)];
        // f y / (y + x) + g x / (x + y), the line through both at 0.
        expect(times(f, overGf4(y, x ^ y)) ^ times(g, overGf4(x, x ^ y))).toBe(bit(secret, at));
      }
  });

  it("has a different coefficient in GF(4) for each of the four ways to share a bit", () => {
    for (const secret of [0, 1]) {
      const coefficients = new Set<number>();
      for (const x0 of [0, 1])
        for (const x1 of [0, 1]) {
          const x = [x0, x1, x0 ^ x1 ^ secret];
          const values = POINTS.map((_, p) => times(2, x[p] as number) ^ times(3, x[(p + 1) % 3] as number));
          const [first] = POINTS.flatMap((point, p) => [overGf4((values[p] as number) ^ secret, point)]);
          for (const [p, point] of POINTS.entries()) expect(secret ^ times(first as number, point)).toBe(values[p]);
          coefficients.add(first as number);
        }
      expect(coefficients.size).toBe(4);
    }
  });
});

describe.each(SERVER_COUNTS)("the sharing of %i servers", (servers) => {
  it("shows each server every value of a share equally often, for 0 and for 1", () => {
    const lanes = 64_000;
    for (const word of [0, 0xffffffff]) {
      const shares = shared(servers, new Uint32Array(lanes / 32).fill(word));
      for (const share of shares) {
        const values = 2 ** share.length;
        const counts = new Array<number>(values).fill(0);
        for (let at = 0; at < lanes; at++) (counts[lane(share, at)] as number) += 1;
        const expected = lanes / values;
        const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
        // A chi-square of 3 or 7 degrees of freedom exceeds 40 once in a million times.
        expect(chi2).toBeLessThan(40);
      }
    }
  });

  it("puts a value together again, and notices a share that was changed", () => {
    const secret = randomWords(40);
    const sharing = sharingFor(servers);
    expect(sharing.combine(shared(servers, secret))).toEqual(secret);
    for (let p = 0; p < servers; p++) {
      const shares = shared(servers, secret);
      const words = shares[p]?.[1] as Uint32Array;
      words[7] = (words[7] as number) ^ 1024;
      // Servers that hold the same array in this test hold copies of it in a study.
      const copies = shares.map((share, i) => share.map((part) => (i === p ? part : part.slice())));
      if (servers === 3) (copies[(p + 1) % 3]?.[0] as Uint32Array)[7] = (words[7] as number) ^ 1024;
      expect(() => sharing.combine(copies)).toThrow(StudyError);
    }
  });

  it("computes AND, NOT, constants and shuffles, there and back", async () => {
    const [x, y] = [randomWords(50), randomWords(50)];
    const [xs, ys] = [shared(servers, x), shared(servers, y)];
    const made = together(servers);
    const product = await combined(made, (engine, p) => engine.and(xs[p] as Shared, engine.not(ys[p] as Shared)));
    expect(product).toEqual(x.map((word, i) => word & ~(y[i] as number)));
    expect(await combined(made, async (engine) => engine.constant(x))).toEqual(x);
    const opened = await Promise.all(made.engines.map((engine, p) => engine.open(xs[p] as Shared)));
    for (const value of opened) expect(value).toEqual(x);
    const shuffled = await Promise.all(made.engines.map((engine, p) => engine.shuffle(xs[p] as Shared, 2)));
    const moved = sharingFor(servers).combine(shuffled.map(({ rows }) => rows));
    const rows = (words: Uint32Array) => Array.from({ length: 25 }, (_, i) => `${words[2 * i]} ${words[2 * i + 1]}`);
    expect(rows(moved)).not.toEqual(rows(x));
    expect(rows(moved).sort()).toEqual(rows(x).sort());
    const back = await Promise.all(shuffled.map(({ rows: own, undo }) => undo(own, 2)));
    expect(sharingFor(servers).combine(back)).toEqual(x);
    await Promise.all(made.engines.map((engine) => engine.compareOpened()));
  });

  it("lets servers that have opened different values notice it", async () => {
    const { engines } = together(servers);
    const shares = shared(servers, randomWords(4));
    const views = shares.map((share, p) => (p === 0 ? share.map((words) => words.map((word) => word ^ 1)) : share));
    const outcome = Promise.all(
      engines.map(async (engine, p) => {
        await engine.open(views[p] as Shared);
        await engine.compareOpened();
      }),
    );
    await expect(outcome).rejects.toThrow(/opened other values|contradict/);
  });
});

it("GF(8) has inverses, and interpolates a polynomial from as many points as it has coefficients", () => {
  for (let x = 1; x < 8; x++) expect([1, 2, 3, 4, 5, 6, 7].filter((y) => multiply(x, y) === 1)).toHaveLength(1);
  const value = (x: number): number => 5 ^ multiply(3, x) ^ multiply(6, multiply(x, x));
  for (const points of [
    [1, 2, 3],
    [2, 5, 7],
  ]) {
    const factors = lagrange(points, 0);
    expect(points.reduce((sum, x, i) => sum ^ multiply(factors[i] as number, value(x)), 0)).toBe(5);
  }
});
