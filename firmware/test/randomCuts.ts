import fc from "fast-check";
import { noiseOf } from "./logRig";
import type { ModelFlash } from "./modelFlash";

/** Parts of an operation after which the power may fail: a byte of a record, six of a long program. */
const PARTS = 38;

const randomCut = fc.record({
  // Overwriting a sector takes 20 operations, an append of 60 rows about 15.
  operation: fc.integer({ min: 1, max: 24 }),
  fraction: fc.integer({ min: 0, max: PARTS }).map((parts) => parts / PARTS),
  noise: fc.option(fc.integer(), { nil: undefined, freq: 3 }),
});

/** One to three power cuts, each counted from the restart after the one before: the later ones hit what a log mends when it starts. */
export const randomCuts = fc.array(randomCut, { minLength: 1, maxLength: 3 });

export type RandomCut = typeof randomCut extends fc.Arbitrary<infer T> ? T : never;

/** Lets a cut come, counted from now. */
export function arm(flash: ModelFlash, { operation, fraction, noise }: RandomCut): void {
  flash.cut = {
    operation: flash.operations + operation,
    fraction,
    ...(noise === undefined ? {} : { noise: noiseOf(noise) }),
  };
}
