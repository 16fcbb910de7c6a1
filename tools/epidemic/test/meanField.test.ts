import { describe, expect, it } from "vitest";
import { readGroups } from "../groupFile";
import { basicReproduction, growthRate, type MeanFieldModel, meanField, oneGroup } from "../meanField";

const points = (model: MeanFieldModel, days: number, step = 1) => meanField(model, days, step).points;

describe("mean field", () => {
  it.each([
    [0.9, 0],
    [1.1, 0.176134],
    [1.2, 0.313698],
    [1.5, 0.582812],
    [2, 0.796812],
    [2.4, 0.878596],
    [3, 0.94048],
    [5, 0.993023],
  ])("has for R0 = %d the final size %d", (r0, size) => {
    const model = oneGroup({ beta: r0 * 0.5, sigma: 0.2, gamma: 0.5, e0: 0, i0: 1e-10 });
    expect(meanField(model, 1, 1).finalSize).toBeCloseTo(size, 6);
  });

  it("comes in the course of time to the final size", () => {
    const model = oneGroup({ beta: 1, sigma: 0.2, gamma: 0.5, e0: 0.002, i0: 0.001 });
    const result = meanField(model, 2000, 2000);
    expect(1 - (result.points.at(-1)?.S as number)).toBeCloseTo(result.finalSize, 9);
  });

  it.each([
    [0.2, 0.5],
    [0.3, 0.3],
  ])("without infections follows the exact course of sigma = %d and gamma = %d", (sigma, gamma) => {
    const [e0, i0] = [0.3, 0.1];
    for (const { t, S, E, I } of points(oneGroup({ beta: 0, sigma, gamma, e0, i0 }), 30, 0.5)) {
      const exact =
        sigma === gamma
          ? (i0 + gamma * e0 * t) * Math.exp(-gamma * t)
          : i0 * Math.exp(-gamma * t) +
            ((sigma * e0) / (sigma - gamma)) * (Math.exp(-gamma * t) - Math.exp(-sigma * t));
      expect(Math.abs(I - exact)).toBeLessThan(1e-9);
      expect(Math.abs(E - e0 * Math.exp(-sigma * t))).toBeLessThan(1e-9);
      expect(S).toBe(0.6);
    }
  });

  it("follows to 1e-7 what a plain method with very small steps computes", () => {
    const rates = { beta: 1.2, sigma: 0.22, gamma: 0.5, e0: 0.001, i0: 0.0005 };
    const reference = rungeKutta(rates, 120, 1 / 200);
    for (const { t, S, E, I, R } of points(oneGroup(rates), 120)) {
      const exact = reference[t] as number[];
      [S, E, I, R].forEach((value, k) => {
        expect(Math.abs(value - (exact[k] as number))).toBeLessThan(1e-7);
      });
    }
  });

  it.each([
    [2, 0.153426],
    [3, 0.300463],
  ])("peaks without latency at R0 = %d where SIR does, at %d", (r0, peak) => {
    const all = points(oneGroup({ beta: r0, sigma: 20_000, gamma: 1, e0: 0, i0: 1e-6 }), 40, 0.01);
    expect(Math.max(...all.map(({ I }) => I))).toBeCloseTo(peak, 4);
  });

  it("grows at first as its rates say: doubling in 3.97 days by default", () => {
    const [sigma, gamma] = [1 / 4.6, 1 / 1.9];
    const rate = growthRate(2.4, sigma, gamma);
    expect(Math.log(2) / rate).toBeCloseTo(3.97, 2);
    const all = points(oneGroup({ beta: 2.4 * gamma, sigma, gamma, e0: 0, i0: 1e-9 }), 60);
    const [a, b] = [all[40]?.I as number, all[50]?.I as number];
    expect(Math.log(b / a) / 10).toBeCloseTo(rate, 4);
  });

  it("gives the last day also where the step does not meet it", () => {
    const model = oneGroup({ beta: 1, sigma: 1, gamma: 1, e0: 0, i0: 0.1 });
    expect(points(model, 1, 0.4).map(({ t }) => t)).toEqual([0, 0.4, 0.8, 1]);
  });

  it("says when the rates are too far apart to follow", () => {
    const model = oneGroup({ beta: 1, sigma: 1e6, gamma: 1, e0: 0, i0: 0.1 });
    expect(() => points(model, 1000)).toThrow("too far apart");
    expect(() => points(model, 1000, 1e-3)).toThrow("larger --step");
  });
});

describe("groups", () => {
  const rates = { sigma: 0.2, gamma: 0.5 };

  it("of equal rates are as one group", () => {
    const one = oneGroup({ beta: 1, ...rates, e0: 0.01, i0: 0.002 });
    const groups = [0.3, 0.7].map((share, i) => ({ name: String(i), share, e0: 0.01, i0: 0.002 }));
    const two: MeanFieldModel = {
      groups,
      beta: [
        [1, 1],
        [1, 1],
      ],
      ...rates,
    };
    const [a, b] = [one, two].map((model) => meanField(model, 100, 1));
    expect(b?.finalSize).toBeCloseTo(a?.finalSize as number, 12);
    b?.points.forEach(({ S, I }, k) => {
      expect(Math.abs(S - (a?.points[k]?.S as number))).toBeLessThan(1e-9);
      expect(Math.abs(I - (a?.points[k]?.I as number))).toBeLessThan(1e-9);
    });
    expect(basicReproduction(two)).toBeCloseTo(2, 12);
  });

  it("have final sizes that solve z = 1 - exp(-K z), and come to them in the course of time", () => {
    const shares = [0.2, 0.5, 0.3];
    const beta = [
      [2, 0.4, 0.1],
      [0.4, 1, 0.3],
      [0.1, 0.3, 0.6],
    ];
    const groups = shares.map((share, i) => ({ name: String(i), share, e0: 0, i0: 1e-12 }));
    const { groupSizes, points: course } = meanField({ groups, beta, ...rates }, 3000, 3000);
    groupSizes.forEach((z, i) => {
      const exponent = groupSizes.reduce(
        (sum, other, j) => sum + ((beta[i]?.[j] as number) * (shares[j] as number) * other) / rates.gamma,
        0,
      );
      expect(z).toBeGreaterThan(0.05);
      expect(Math.abs(z - (1 - Math.exp(-exponent)))).toBeLessThan(1e-9);
      const last = course.at(-1)?.groups[i]?.S as number;
      expect(1 - last / (shares[i] as number)).toBeCloseTo(z, 7);
    });
  });

  it("stay untouched where no infection reaches them", () => {
    const groups = [0.5, 0.5].map((share, i) => ({ name: String(i), share, e0: 0, i0: i === 0 ? 0.001 : 0 }));
    const { groupSizes } = meanField(
      {
        groups,
        beta: [
          [3, 0],
          [0, 3],
        ],
        ...rates,
      },
      1,
      1,
    );
    expect(groupSizes[0]).toBeGreaterThan(0.5);
    expect(groupSizes[1]).toBe(0);
  });

  it("exchange people where these move, and lose nobody", () => {
    const groups = [
      { name: "a", share: 0.5, e0: 0, i0: 0.01 },
      { name: "b", share: 0.5, e0: 0, i0: 0 },
    ];
    const beta = [
      [2, 0],
      [0, 2],
    ];
    const apart = meanField({ groups, beta, ...rates }, 300, 300);
    const moving = meanField(
      {
        groups,
        beta,
        moves: [
          [0, 0.1],
          [0.1, 0],
        ],
        ...rates,
      },
      300,
      300,
    );
    expect(apart.groupSizes[1]).toBe(0);
    expect(moving.groupSizes[1]).toBeGreaterThan(0.5);
    const last = moving.points.at(-1);
    expect((last?.S ?? 0) + (last?.E ?? 0) + (last?.I ?? 0) + (last?.R ?? 0)).toBeCloseTo(1, 9);
    expect(1 - (last?.S as number)).toBeCloseTo(moving.finalSize, 6);
  });

  it.each([
    ["{", "is not JSON"],
    ['{"groups":[],"beta":[]}', "at least one group"],
    ['{"groups":[{"name":"a","share":0.5}],"beta":[[1]]}', "must add up to 1"],
    ['{"groups":[{"name":"a","share":1}],"beta":[[1,2]]}', "1 rows of 1 rates"],
    ['{"groups":[{"name":"a","share":1,"e0":0.6,"i0":0.6}],"beta":[[1]]}', "more than 1 together"],
    ['{"groups":[{"name":"a","share":1}],"beta":[[-1]]}', "beta[0][0]"],
    ['{"groups":[{"name":"a","share":0.5},{"name":"a","share":0.5}],"beta":[[1,1],[1,1]]}', "same name"],
  ])("refuse the file %s", (text, complaint) => {
    expect(() => readGroups(text, "groups.json")).toThrow(complaint);
  });
});

/** The classical method of fourth order: values at whole days. */
function rungeKutta(
  { beta, sigma, gamma, e0, i0 }: { beta: number; sigma: number; gamma: number; e0: number; i0: number },
  days: number,
  step: number,
): number[][] {
  const slope = ([s = 0, e = 0, i = 0]: number[]) => [
    -beta * s * i,
    beta * s * i - sigma * e,
    sigma * e - gamma * i,
    gamma * i,
  ];
  const ahead = (y: number[], k: number[], h: number) => y.map((value, n) => value + h * (k[n] as number));
  let y = [1 - e0 - i0, e0, i0, 0];
  const result = [y];
  const perDay = Math.round(1 / step);
  for (let n = 1; n <= days * perDay; n++) {
    const a = slope(y);
    const b = slope(ahead(y, a, step / 2));
    const c = slope(ahead(y, b, step / 2));
    const d = slope(ahead(y, c, step));
    y = y.map(
      (value, k) =>
        value + (step / 6) * ((a[k] as number) + 2 * (b[k] as number) + 2 * (c[k] as number) + (d[k] as number)),
    );
    if (n % perDay === 0) result.push(y);
  }
  return result;
}
