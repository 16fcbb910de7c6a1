// SEIR by mean field: everybody meets everybody of a group alike. docs/model.md, "Mean field".

import { ModelError } from "./modelError";
import { type Derivative, timesUntil, valueInTheEnd, valuesAt } from "./ode";

/** A part of the population. */
export interface Group {
  readonly name: string;
  /** Of the population, 0 to 1; all groups together 1. */
  readonly share: number;
  /** Shares of the group that are exposed and infectious at the beginning. */
  readonly e0: number;
  readonly i0: number;
}

/** Rates are per day. */
export interface MeanFieldModel {
  readonly groups: readonly Group[];
  /** beta[i][j]: how fast the infectious of group j, as a share of the population, infect somebody of group i. */
  readonly beta: readonly (readonly number[])[];
  /** moves[i][j]: how fast people of group i become people of group j. */
  readonly moves?: readonly (readonly number[])[] | undefined;
  readonly sigma: number;
  readonly gamma: number;
}

/** Shares of the population, or of a group. */
export interface Compartments {
  readonly S: number;
  readonly E: number;
  readonly I: number;
  readonly R: number;
}

export interface MeanFieldPoint extends Compartments {
  readonly t: number;
  /** Shares of the population, group by group. */
  readonly groups: readonly Compartments[];
}

export interface MeanFieldResult {
  readonly points: readonly MeanFieldPoint[];
  /** Share of the population that is infected in the end, those of the beginning included. */
  readonly finalSize: number;
  /** The same by group, as a share of those who are in it in the end. */
  readonly groupSizes: readonly number[];
}

/** An epidemic of one group without any structure. */
export function oneGroup(rates: {
  beta: number;
  sigma: number;
  gamma: number;
  e0: number;
  i0: number;
}): MeanFieldModel {
  const { beta, sigma, gamma, e0, i0 } = rates;
  if (e0 + i0 > 1)
    throw new ModelError("--e0 and --i0 together must not be more than 1: they are shares of the population");
  return { groups: [{ name: "all", share: 1, e0, i0 }], beta: [[beta]], sigma, gamma };
}

/** Follows the epidemic for some days. @throws ModelError */
export function meanField(model: MeanFieldModel, days: number, step: number): MeanFieldResult {
  const times = timesUntil(days, step);
  const count = model.groups.length;
  const points = valuesAt(derivativeOf(model), startOf(model), times).map((y, k) => {
    const groups = Array.from({ length: count }, (_, i) => compartments(y, i, count));
    const total = (of: keyof Compartments): number => groups.reduce((sum, group) => sum + group[of], 0);
    return { t: times[k] as number, S: total("S"), E: total("E"), I: total("I"), R: total("R"), groups };
  });
  return { points, ...finalSizes(model) };
}

/** The largest eigenvalue of the next-generation matrix beta[i][j] share[i] / gamma: below 1 no epidemic starts. */
export function basicReproduction({ groups, beta, gamma }: MeanFieldModel): number {
  let vector = groups.map(() => 1);
  let value = 0;
  // A shift by 1 keeps matrices with a period from going round in circles.
  for (let i = 0; i < 20_000; i++) {
    const next = groups.map(
      ({ share }, to) =>
        (vector[to] as number) +
        vector.reduce((sum, from, j) => sum + ((beta[to]?.[j] as number) * share * from) / gamma, 0),
    );
    const size = Math.max(...next);
    vector = next.map((part) => part / size);
    if (Math.abs(size - 1 - value) < 1e-14 * size) break;
    value = size - 1;
  }
  return value;
}

/** How fast infections grow at first, per day, when everybody is susceptible: (1 + r/sigma)(1 + r/gamma) = R0. */
export function growthRate(r0: number, sigma: number, gamma: number): number {
  return (Math.sqrt((sigma - gamma) ** 2 + 4 * sigma * gamma * r0) - sigma - gamma) / 2;
}

function startOf({ groups }: MeanFieldModel): number[] {
  return [
    ...groups.map(({ share, e0, i0 }) => share * (1 - e0 - i0)),
    ...groups.map(({ share, e0 }) => share * e0),
    ...groups.map(({ share, i0 }) => share * i0),
    ...groups.map(() => 0),
  ];
}

function compartments(y: Float64Array, group: number, count: number): Compartments {
  const [S, E, I, R] = [0, 1, 2, 3].map((k) => y[k * count + group] as number) as [number, number, number, number];
  return { S, E, I, R };
}

function derivativeOf({ groups, beta, moves, sigma, gamma }: MeanFieldModel): Derivative {
  const n = groups.length;
  return (_t, y, dy) => {
    for (let i = 0; i < n; i++) {
      let force = 0;
      for (let j = 0; j < n; j++) force += (beta[i]?.[j] as number) * (y[2 * n + j] as number);
      const infected = force * (y[i] as number);
      const onset = sigma * (y[n + i] as number);
      const recovered = gamma * (y[2 * n + i] as number);
      dy[i] = -infected;
      dy[n + i] = infected - onset;
      dy[2 * n + i] = onset - recovered;
      dy[3 * n + i] = recovered;
    }
    if (moves === undefined) return;
    for (let k = 0; k < 4; k++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          if (i === j) continue;
          const moved = (moves[i]?.[j] as number) * (y[k * n + i] as number);
          dy[k * n + i] = (dy[k * n + i] as number) - moved;
          dy[k * n + j] = (dy[k * n + j] as number) + moved;
        }
  };
}

const MAX_ITERATIONS = 1_000_000;

/**
 * In the end S[i] = S0[i] exp(-sum of beta[i][j] (share[j] - S[j]) / gamma). Iterated from the infected of the beginning
 * upwards it comes to the size that they cause: also where they reach only some of the groups.
 */
function finalSizes(model: MeanFieldModel): Pick<MeanFieldResult, "finalSize" | "groupSizes"> {
  const { groups, beta, gamma } = model;
  if (model.moves !== undefined) return finalSizesWithMoves(model);
  const s0 = groups.map(({ share, e0, i0 }) => share * (1 - e0 - i0));
  const s = [...s0];
  for (let k = 0; k < MAX_ITERATIONS; k++) {
    let change = 0;
    for (let i = 0; i < s.length; i++) {
      let exponent = 0;
      for (let j = 0; j < s.length; j++)
        exponent += ((beta[i]?.[j] as number) * ((groups[j] as Group).share - (s[j] as number))) / gamma;
      const next = (s0[i] as number) * Math.exp(-exponent);
      change = Math.max(change, Math.abs(next - (s[i] as number)));
      s[i] = next;
    }
    if (change < 1e-16) break;
  }
  return {
    finalSize: 1 - s.reduce((sum, part) => sum + part, 0),
    groupSizes: groups.map(({ share }, i) => (share === 0 ? 0 : 1 - (s[i] as number) / share)),
  };
}

function finalSizesWithMoves(model: MeanFieldModel): Pick<MeanFieldResult, "finalSize" | "groupSizes"> {
  const n = model.groups.length;
  const isOver = (y: Float64Array): boolean => {
    let ill = 0;
    for (let i = n; i < 3 * n; i++) ill += y[i] as number;
    return ill < 1e-12;
  };
  const y = valueInTheEnd(derivativeOf(model), startOf(model), isOver);
  const groups = model.groups.map((_, i) => compartments(y, i, n));
  return {
    finalSize: 1 - groups.reduce((sum, { S }) => sum + S, 0),
    groupSizes: groups.map(({ S, E, I, R }) => (S + E + I + R === 0 ? 0 : 1 - S / (S + E + I + R))),
  };
}
