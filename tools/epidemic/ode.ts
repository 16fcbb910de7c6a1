// Ordinary differential equations by the method of Dormand and Prince, order 5(4) (J. Comp. Appl. Math. 6, 1980), with a step
// that follows the error.

import { ModelError } from "./modelError";

/** Writes the derivative of `y` at time `t` into `dy`. */
export type Derivative = (t: number, y: Float64Array, dy: Float64Array) => void;

/** Error allowed in a step, relative to the value; and a value so small that its error is of no interest. */
const TOLERANCE = 1e-11;
const SMALLEST = 1e-6;
/** More steps than this take too long: the rates are too far apart for an explicit method. */
const MAX_STEPS = 500_000;
const SAFETY = 0.9;

const NODES = [1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const STAGES = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** What the fifth order differs by from the fourth. */
const ERRORS = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/** A solution on its way: its time, its value, and the step that the last one suggests. */
export class Solution {
  t = 0;
  private readonly slopes: Float64Array[];
  private readonly trial: Float64Array;
  private step = 1e-3;
  private steps = 0;

  constructor(
    private readonly derivative: Derivative,
    readonly y: Float64Array,
  ) {
    this.slopes = Array.from({ length: 7 }, () => new Float64Array(y.length));
    this.trial = new Float64Array(y.length);
    derivative(0, y, this.slopes[0] as Float64Array);
  }

  /** Goes on to a later time. @throws ModelError if that takes too many steps */
  advance(untilT: number): void {
    while (this.t < untilT) {
      if (++this.steps > MAX_STEPS)
        throw new ModelError(
          `the rates are too far apart to follow over this time: after ${MAX_STEPS} steps it is only time ${this.t.toPrecision(3)}; give smaller rates or fewer days`,
        );
      const rest = untilT - this.t;
      const step = Math.min(this.step, rest);
      const error = this.attempt(step);
      const factor = Math.min(5, Math.max(0.2, SAFETY * Math.max(error, 1e-10) ** -0.2));
      if (error > 1) this.step = step * factor;
      else {
        this.t = step === rest ? untilT : this.t + step;
        this.y.set(this.trial);
        // The last slope of a step is the first of the next.
        (this.slopes[0] as Float64Array).set(this.slopes[6] as Float64Array);
        // A step that was cut short to meet a time says little about the next.
        if (step === this.step || step * factor > this.step) this.step = step * factor;
      }
    }
  }

  /** Tries a step. @returns its error in units of what is allowed */
  private attempt(step: number): number {
    const { y, trial, slopes } = this;
    for (let stage = 0; stage < STAGES.length; stage++) {
      const weights = STAGES[stage] as number[];
      for (let i = 0; i < y.length; i++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += (weights[k] as number) * ((slopes[k] as Float64Array)[i] as number);
        trial[i] = (y[i] as number) + step * sum;
      }
      this.derivative(this.t + step * (NODES[stage] as number), trial, slopes[stage + 1] as Float64Array);
    }
    let worst = 0;
    for (let i = 0; i < y.length; i++) {
      let error = 0;
      for (let k = 0; k < ERRORS.length; k++)
        error += (ERRORS[k] as number) * ((slopes[k] as Float64Array)[i] as number);
      const size = Math.max(Math.abs(y[i] as number), Math.abs(trial[i] as number));
      worst = Math.max(worst, Math.abs(step * error) / (TOLERANCE * (SMALLEST + size)));
    }
    return Number.isFinite(worst) ? worst : 1e10;
  }
}

/** More points than this are no answer for anybody. */
const MAX_POINTS = 100_000;

/** 0, step, 2 step, ... and the last day. @throws ModelError if they are too many */
export function timesUntil(days: number, step: number): number[] {
  const count = Math.floor(days / step + 1e-9);
  if (count > MAX_POINTS)
    throw new ModelError(`${days} days in steps of ${step} are more than ${MAX_POINTS} points; give a larger --step`);
  const times = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  if (days - (times.at(-1) as number) > 1e-9 * days) times.push(days);
  return times;
}

/** Values of a solution at ascending times, the first of them its beginning. */
export function valuesAt(derivative: Derivative, start: readonly number[], times: readonly number[]): Float64Array[] {
  const solution = new Solution(derivative, Float64Array.from(start));
  return times.map((t) => {
    solution.advance(t);
    return solution.y.slice();
  });
}

/** The value once `isOver` says that nothing happens any more. @throws ModelError if that does not come */
export function valueInTheEnd(
  derivative: Derivative,
  start: readonly number[],
  isOver: (y: Float64Array) => boolean,
): Float64Array {
  const solution = new Solution(derivative, Float64Array.from(start));
  for (let untilT = 1; !isOver(solution.y); untilT *= 2) {
    if (untilT > 1e9) throw new ModelError("this epidemic does not end: check the rates");
    solution.advance(untilT);
  }
  return solution.y;
}
