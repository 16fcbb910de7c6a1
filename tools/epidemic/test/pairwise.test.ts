import { describe, expect, it } from "vitest";
import { meanField, oneGroup } from "../meanField";
import { type PairwiseModel, pairwise } from "../pairwise";

const BASE: PairwiseModel = { degree: 5, tau: 0.1, sigma: 0.5, gamma: 0.2, e0: 0, i0: 0.01, phi: 0 };

describe("pairs", () => {
  it.each([
    [5, 0.1, 0.99, 0.336316854519],
    [3, 0.5, 0.99, 0.062122926293],
    [10, 0.06, 0.999, 0.107623665633],
  ])(
    "of %i neighbours and tau = %d leave what the exact network value says, by formula and by time",
    (degree, tau, s0, left) => {
      for (const sigma of [0.1, 2]) {
        const model = { ...BASE, degree, tau, sigma, i0: 1 - s0 };
        const { finalSize, points } = pairwise(model, 2000, 2000);
        expect(Math.abs(1 - finalSize - left)).toBeLessThan(1e-11);
        expect(Math.abs((points.at(-1)?.S as number) - left)).toBeLessThan(1e-8);
      }
    },
  );

  it.each([
    [5, 0.5, 0.650167],
    [10, 0.3, 0.892204],
  ])("of %i neighbours and tau / gamma = %d infect %d when few begin", (degree, ratio, attack) => {
    const { finalSize } = pairwise({ ...BASE, degree, tau: ratio, gamma: 1, i0: 1e-10 }, 1, 1);
    expect(finalSize).toBeCloseTo(attack, 6);
  });

  it("keep everybody, and every pair", () => {
    for (const phi of [0, 0.3])
      for (const p of pairwise({ ...BASE, e0: 0.02, phi }, 100, 5).points) {
        expect(Math.abs(p.S + p.E + p.I + p.R - 1)).toBeLessThan(1e-12);
        const ordered = p.SS + p.EE + p.II + p.RR + 2 * (p.SE + p.SI + p.SR + p.EI + p.ER + p.IR);
        expect(Math.abs(ordered - 5)).toBeLessThan(1e-11);
        if (phi === 0) expect(Math.abs(p.SS + p.SE + p.SI + p.SR - 5 * p.S)).toBeLessThan(1e-11);
      }
  });

  it("break a single person's number of neighbours with clustering, by a sixth at tau = gamma, as the docs say", () => {
    const model = { ...BASE, degree: 5, tau: 0.2, phi: 0.4 };
    const worst = Math.max(
      ...pairwise(model, 100, 1).points.map((p) => Math.abs((p.SS + p.SE + p.SI + p.SR) / (5 * p.S) - 1)),
    );
    expect(worst).toBeCloseTo(1 / 6, 2);
  });

  it("have their threshold at (n - 1) tau = tau + gamma", () => {
    const size = (tau: number) => pairwise({ ...BASE, degree: 3, tau, gamma: 1, i0: 1e-9 }, 1, 1).finalSize;
    expect(size(0.98)).toBeLessThan(1e-6);
    expect(size(1.02)).toBeGreaterThan(0.01);
  });

  it("grow at first as (r + sigma)(r + tau + gamma) = (n - 1) tau sigma says", () => {
    const { sigma, gamma, tau, degree } = { ...BASE, tau: 0.3 };
    const { points } = pairwise({ ...BASE, tau, i0: 1e-10 }, 30, 1);
    const rate = Math.log((points[30]?.I as number) / (points[20]?.I as number)) / 10;
    expect((rate + sigma) * (rate + tau + gamma)).toBeCloseTo((degree - 1) * tau * sigma, 4);
  });

  it("come to the mean field with more and more neighbours", () => {
    const left = [10, 100, 1000, 10_000].map((degree) => {
      const model = { degree, tau: 0.5 / degree, sigma: 0.5, gamma: 0.25, e0: 0, i0: 0.01, phi: 0 };
      return pairwise(model, 100, 100).points.at(-1)?.S as number;
    });
    const field = meanField(oneGroup({ beta: 0.5, sigma: 0.5, gamma: 0.25, e0: 0, i0: 0.01 }), 100, 100);
    const limit = field.points.at(-1)?.S as number;
    const gaps = left.map((s) => Math.abs(s - limit));
    expect(gaps.every((gap, i) => i === 0 || gap < (gaps[i - 1] as number) / 5)).toBe(true);
    expect(gaps.at(-1)).toBeLessThan(3e-4);
  });

  it("with clustering infect fewer, and come to an end", () => {
    const [open, clustered] = [0, 0.4].map((phi) => pairwise({ ...BASE, phi }, 1, 1).finalSize) as [number, number];
    expect(clustered).toBeLessThan(open);
    expect(clustered).toBeGreaterThan(0.01);
  });

  it("refuse more beginners than people", () => {
    expect(() => pairwise({ ...BASE, e0: 0.6, i0: 0.6 }, 1, 1)).toThrow("more than 1");
  });
});
