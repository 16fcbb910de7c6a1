import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../sim/core/random";
import { type Graph, poissonGraph, readGraph, regularGraph } from "../graph";
import { meanField, oneGroup } from "../meanField";
import { pairwise } from "../pairwise";
import { type NetworkRates, networkEpidemics } from "../staticNetwork";

const SEED = "static networks 1";
const RUNS = 40_000;
const RATES: NetworkRates = { tau: 0.7, sigma: 0.9, gamma: 1.1 };

const graph = (nodes: number, edges: number[][], more = {}): Graph =>
  readGraph(JSON.stringify({ nodes, edges, ...more }), "graph.json");
const pairs = (nodes: number): number[][] =>
  Array.from({ length: nodes }, (_, a) => Array.from({ length: a }, (_, b) => [a, b])).flat();
const cycle = (nodes: number): number[][] => Array.from({ length: nodes }, (_, i) => [i, (i + 1) % nodes]);

const SMALL: Record<string, [number, number[][]]> = {
  "an edge": [2, [[0, 1]]],
  "a path": [
    4,
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  ],
  "a star from its hub": [
    5,
    [
      [0, 1],
      [0, 2],
      [0, 3],
      [0, 4],
    ],
  ],
  "a triangle": [3, pairs(3)],
  "a cycle of five": [5, cycle(5)],
  "everybody with everybody, five": [5, pairs(5)],
  "a cube": [8, [...cycle(4), ...cycle(4).map((e) => e.map((n) => n + 4)), [0, 4], [1, 5], [2, 6], [3, 7]]],
  "two triangles with a common corner": [
    5,
    [
      [0, 1],
      [1, 2],
      [0, 2],
      [2, 3],
      [3, 4],
      [2, 4],
    ],
  ],
};

describe(`networks (seed "${SEED}")`, () => {
  it.each(Object.entries(SMALL))(
    "have the exact law of the final size on %s, whatever the latency",
    (name, [n, edges]) => {
      const exact = exactLaw(n, edges, RATES);
      for (const sigma of [0.3, 5]) {
        const random = new SeededRandom(`${SEED} ${name} ${sigma}`);
        const { finalSizeLaw, mean } = networkEpidemics(graph(n, edges), { ...RATES, sigma }, RUNS, random, 0);
        exact.forEach((p, size) => {
          expectShare(finalSizeLaw[size] ?? 0, p);
        });
        const exactMean = exact.reduce((sum, p, size) => sum + p * size, 0);
        expect(Math.abs(mean - exactMean)).toBeLessThan((4.5 * n) / 2 / Math.sqrt(RUNS));
      }
    },
  );

  it("pass a path's edges one by one, and a star's leaves by the beta function", () => {
    const t = RATES.tau / (RATES.tau + RATES.gamma);
    exactLaw(4, SMALL["a path"]?.[1] ?? [], RATES).forEach((p, size) => {
      if (size > 0) expect(p).toBeCloseTo(size < 4 ? t ** (size - 1) * (1 - t) : t ** 3, 12);
    });
    const ratio = RATES.gamma / RATES.tau;
    exactLaw(5, SMALL["a star from its hub"]?.[1] ?? [], RATES).forEach((p, size) => {
      if (size === 0) return;
      const k = size - 1;
      // C(4, k) B(4 - k + ratio, k + 1) ratio
      let product = ratio;
      for (let i = 0; i < k; i++) product *= 4 - i;
      for (let i = 0; i <= k; i++) product /= 4 - k + ratio + i;
      expect(p).toBeCloseTo(product, 12);
    });
  });

  it("among fifty who all meet, R0 = 2, end with nobody else in 0.3378 and with 19.067 infected on average", () => {
    const rates = { tau: 2 / 50, sigma: 1, gamma: 1 };
    const exact = completeLaw(50, rates.tau, 1);
    expect(exact[1]).toBeCloseTo(0.3378, 4);
    const mean = exact.reduce((sum, p, size) => sum + p * size, 0);
    expect(mean).toBeCloseTo(19.067, 3);
    const result = networkEpidemics(graph(50, pairs(50)), rates, 5000, new SeededRandom(SEED), 0);
    expectShare(result.finalSizeLaw[1] ?? 0, exact[1] as number, 5000);
    expect(Math.abs(result.mean - mean)).toBeLessThan(4.5 * result.standardError);
  });

  it("of two people with factors of their own pass it on at the product of both", () => {
    const random = new SeededRandom(`${SEED} factors`);
    const two = graph(2, [[0, 1]], { infectiousness: [3, 1], susceptibility: [9, 0.5] });
    const rate = RATES.tau * 3 * 0.5;
    const { finalSizeLaw } = networkEpidemics(two, RATES, RUNS, random, 0);
    expectShare(finalSizeLaw[2] ?? 0, rate / (rate + RATES.gamma));
    const immune = graph(2, [[0, 1]], { susceptibility: [1, 0] });
    expect(networkEpidemics(immune, RATES, 100, random, 0).finalSizeLaw).toEqual({ "1": 1 });
  });

  it("do not change with the order of edges or of their ends", () => {
    const [n, edges] = SMALL["a cube"] as [number, number[][]];
    const turned = [...edges].reverse().map(([a, b]) => [b, a] as number[]);
    const [one, other] = [edges, turned].map((list) =>
      networkEpidemics(graph(n, list), RATES, 500, new SeededRandom(SEED), 3),
    );
    expect(one).toEqual(other);
  });

  it("drawn with five neighbours each infect as the pairs say, and with a Poisson number as the mean field", () => {
    const rates = { tau: 0.5, sigma: 1, gamma: 1 };
    const random = new SeededRandom(`${SEED} drawn`);
    const regular = regularGraph(20_000, 5, random);
    for (let i = 0; i <= 20_000; i++) expect(regular.offsets[i]).toBe(5 * i);
    const exact = pairwise({ ...rates, degree: 5, e0: 0, i0: 1e-9, phi: 0 }, 1, 1).finalSize;
    expect(
      Math.abs(meanOfLarge(networkEpidemics(regular, rates, 12, random).finalSizeLaw) / 20_000 - exact),
    ).toBeLessThan(0.02);
    const poisson = poissonGraph(20_000, 6, random);
    expect((poisson.offsets[20_000] as number) / 20_000).toBeCloseTo(6, 0.5);
    const r0 = (6 * rates.tau) / (rates.tau + rates.gamma);
    const field = meanField(oneGroup({ beta: r0, sigma: 1, gamma: 1, e0: 0, i0: 1e-9 }), 1, 1).finalSize;
    expect(
      Math.abs(meanOfLarge(networkEpidemics(poisson, rates, 12, random).finalSizeLaw) / 20_000 - field),
    ).toBeLessThan(0.02);
  });

  it.each([
    [() => graph(0, []), "nodes"],
    [() => graph(2, [[0, 2]]), "edges[0]: there is no node 2"],
    [() => graph(2, [[1, 1]]), "joined to itself"],
    [
      () =>
        graph(3, [
          [0, 1],
          [1, 0],
        ]),
      "edges[1]: nodes 1 and 0 are joined already",
    ],
    [() => graph(2, [[0, 0.5]]), "edges[0][1]"],
    [() => graph(2, [[-1, 0]]), "edges[0][0]"],
    [() => graph(2, [[0, 1]], { infectiousness: [1] }), "2 numbers"],
    [() => graph(2, [[0, 1]], { colour: 1 }), "colour"],
    [() => readGraph("[]", "graph.json"), "graph.json"],
    [() => readGraph('{"nodes":2,"edges":[[0,NaN]]}', "graph.json"), "is not JSON"],
    [() => networkEpidemics(graph(2, []), RATES, 1, new SeededRandom(SEED), 2), "no node 2"],
    [() => regularGraph(5, 3, new SeededRandom(SEED)), "half an edge"],
    [() => regularGraph(5, 5, new SeededRandom(SEED)), "5 different neighbours"],
    [() => poissonGraph(5, 5, new SeededRandom(SEED)), "5 different neighbours"],
  ])("refuse %s", (action, complaint) => {
    expect(action).toThrow(complaint);
  });
});

/** Within 4.5 standard deviations: one in 150,000 true laws fails. */
function expectShare(share: number, p: number, runs = RUNS): void {
  expect(Math.abs(share - p), `${share} for ${p}`).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / runs) + 1e-9);
}

/** The mean size of the outbreaks that did not die out at once. */
function meanOfLarge(law: Readonly<Record<string, number>>): number {
  const large = Object.entries(law).filter(([size]) => Number(size) > 1000);
  const weight = large.reduce((sum, [, p]) => sum + p, 0);
  return large.reduce((sum, [size, p]) => sum + Number(size) * p, 0) / weight;
}

/** The law of the final size from node 0, by the chain over all states of susceptible, infectious and recovered nodes. */
function exactLaw(n: number, edges: readonly number[][], { tau, gamma }: NetworkRates): number[] {
  const neighbours = Array.from({ length: n }, (_, i) =>
    edges.filter((e) => e.includes(i)).map(([a, b]) => (a === i ? b : a) as number),
  );
  const known = new Map<string, number[]>();
  const law = (state: string): number[] => {
    const found = known.get(state);
    if (found) return found;
    const next: [string, number][] = [];
    for (let i = 0; i < n; i++) {
      if (state[i] !== "I") continue;
      next.push([`${state.slice(0, i)}R${state.slice(i + 1)}`, gamma]);
      for (const j of neighbours[i] as number[])
        if (state[j] === "S") next.push([`${state.slice(0, j)}I${state.slice(j + 1)}`, tau]);
    }
    const result = new Array<number>(n + 1).fill(0);
    const total = next.reduce((sum, [, rate]) => sum + rate, 0);
    if (next.length === 0) result[[...state].filter((s) => s !== "S").length] = 1;
    for (const [to, rate] of next)
      law(to).forEach((p, size) => {
        result[size] = (result[size] as number) + (p * rate) / total;
      });
    known.set(state, result);
    return result;
  };
  return law(`I${"S".repeat(n - 1)}`);
}

/** The same where everybody meets everybody, by the number of susceptible and infectious people. */
function completeLaw(n: number, tau: number, gamma: number): number[] {
  const law = new Array<number>(n + 1).fill(0);
  let chances = new Map<number, number>([[1, 1]]);
  // Susceptible people go down from n - 1; for each number of them the infectious do.
  for (let s = n - 1; s >= 0; s--) {
    const infected = new Map<number, number>();
    for (let i = n; i >= 1; i--) {
      const p = chances.get(i) ?? 0;
      const infects = (tau * s) / (tau * s + gamma);
      infected.set(i + 1, (infected.get(i + 1) ?? 0) + p * infects);
      chances.set(i - 1, (chances.get(i - 1) ?? 0) + p * (1 - infects));
    }
    law[n - s] = chances.get(0) ?? 0;
    chances = infected;
  }
  return law;
}
