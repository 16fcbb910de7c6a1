// SEIR by pairs: how many neighbours are in which states. Everybody has the same number of neighbours. docs/model.md, "Pairs".

import { ModelError } from "./modelError";
import { type Derivative, timesUntil, valueInTheEnd, valuesAt } from "./ode";

/** Rates are per day. */
export interface PairwiseModel {
  /** Neighbours of each person. */
  readonly degree: number;
  /** How fast an infectious person infects one susceptible neighbour. */
  readonly tau: number;
  readonly sigma: number;
  readonly gamma: number;
  /** Shares of the population, exposed and infectious at the beginning. */
  readonly e0: number;
  readonly i0: number;
  /** Share of two neighbours of a person who are neighbours themselves. */
  readonly phi: number;
}

/** Below this share of the population a ratio of pairs to singles is noise. */
const FEWEST = 1e-13;

const STATES = ["S", "E", "I", "R", "SS", "SE", "SI", "SR", "EE", "EI", "ER", "II", "IR", "RR"] as const;
type State = (typeof STATES)[number];

/** Singles as shares of the population; pairs in one order, for each person of the population (all ordered pairs: degree). */
export type PairwisePoint = { readonly t: number } & { readonly [state in State]: number };

export interface PairwiseResult {
  readonly points: readonly PairwisePoint[];
  /** Share of the population that is infected in the end, those of the beginning included. */
  readonly finalSize: number;
}

/** Follows the epidemic for some days. @throws ModelError */
export function pairwise(model: PairwiseModel, days: number, step: number): PairwiseResult {
  if (model.e0 + model.i0 > 1)
    throw new ModelError("--e0 and --i0 together must not be more than 1: they are shares of the population");
  const times = timesUntil(days, step);
  const points = valuesAt(derivativeOf(model), startOf(model), times).map(
    (y, k) =>
      ({
        t: times[k] as number,
        ...Object.fromEntries(STATES.map((state, i) => [state, y[i] as number])),
      }) as PairwisePoint,
  );
  return { points, finalSize: model.phi === 0 ? exactFinalSize(model) : finalSizeByTime(model) };
}

/**
 * Without clustering: S0 theta^n is left, where theta, the chance that a neighbour has not passed it on, solves
 * theta (tau + gamma) = gamma + tau S0 theta^(n-1). Exact on large random networks, whatever sigma.
 */
function exactFinalSize({ degree, tau, gamma, e0, i0 }: PairwiseModel): number {
  const s0 = 1 - e0 - i0;
  // Downwards from 1 it comes to the root that the infected of the beginning cause: with nobody infected it stays there.
  let theta = 1;
  for (let k = 0; k < 1_000_000; k++) {
    const next = (gamma + tau * s0 * theta ** (degree - 1)) / (tau + gamma);
    if (Math.abs(next - theta) < 1e-16) break;
    theta = next;
  }
  return 1 - s0 * theta ** degree;
}

function finalSizeByTime(model: PairwiseModel): number {
  const y = valueInTheEnd(derivativeOf(model), startOf(model), ([, E = 0, I = 0]) => E + I < 1e-10);
  return 1 - (y[0] as number);
}

function startOf({ degree, e0, i0 }: PairwiseModel): number[] {
  const shares: Record<string, number> = { S: 1 - e0 - i0, E: e0, I: i0, R: 0 };
  return STATES.map((state) =>
    state.length === 1
      ? (shares[state] as number)
      : degree * (shares[state[0] as string] as number) * (shares[state[1] as string] as number),
  );
}

function derivativeOf({ degree, tau, sigma, gamma, phi }: PairwiseModel): Derivative {
  const kappa = (degree - 1) / degree;
  return (_t, y, dy) => {
    const [S = 0, E = 0, I = 0, R = 0, SS = 0, SE = 0, SI = 0, SR = 0, EE = 0, EI = 0, ER = 0, II = 0, IR = 0] = y;
    // Of pairs A-S and S-I, how many make A-S-I; with clustering A and I may be neighbours, too.
    const triple = (AS: number, a: number, pair: number): number => {
      if (S <= 0) return 0;
      const closed = phi === 0 || a < FEWEST || I < FEWEST ? phi : ((phi / degree) * pair) / (a * I);
      return ((kappa * AS * SI) / S) * (1 - phi + closed);
    };
    const SSI = triple(SS, S, SI);
    const ISE = triple(SE, E, EI);
    const ISI = triple(SI, I, II);
    const ISR = triple(SR, R, IR);
    dy[0] = -tau * SI;
    dy[1] = tau * SI - sigma * E;
    dy[2] = sigma * E - gamma * I;
    dy[3] = gamma * I;
    dy[4] = -2 * tau * SSI;
    dy[5] = tau * (SSI - ISE) - sigma * SE;
    dy[6] = sigma * SE - (tau + gamma) * SI - tau * ISI;
    dy[7] = gamma * SI - tau * ISR;
    dy[8] = 2 * tau * ISE - 2 * sigma * EE;
    dy[9] = tau * (SI + ISI) + sigma * (EE - EI) - gamma * EI;
    dy[10] = tau * ISR + gamma * EI - sigma * ER;
    dy[11] = 2 * sigma * EI - 2 * gamma * II;
    dy[12] = sigma * ER + gamma * (II - IR);
    dy[13] = 2 * gamma * IR;
  };
}
