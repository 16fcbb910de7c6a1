// A participant's side of the circuit `collision`.

import { HEARD_FLAG, OWN_FLAG, type Shape } from "./circuit";
import { fillUp, type PlainTable, type RandomWords } from "./records";

/** Latest time of an encounter; the word above stands for "without an end". */
export const MAX_TIME = 0xfffffffe;
const NEVER = 0xffffffff;

export interface DatedEncounter {
  /** The other participant's number. */
  readonly with: number;
  /** When it began: a whole number up to MAX_TIME, in whatever unit the study uses. */
  readonly t0: number;
  readonly dummy: boolean;
}

export interface CollisionData {
  /** The participant's own number, 32 bits. */
  readonly number: number;
  readonly infected: boolean;
  /** Infectious from (inclusive) and until (exclusive); without a limit where undefined. */
  readonly from: number | undefined;
  readonly until: number | undefined;
  readonly encounters: readonly DatedEncounter[];
}

export interface CollisionAnswer {
  readonly exposed: boolean;
  /** When the first encounter that counts began. */
  readonly first: number | null;
}

export function collisionTable(data: CollisionData, shape: Shape, random: RandomWords): PlainTable {
  const flag = (bit: number, value: boolean): number => (value ? 2 ** bit : 0);
  // One's own number among one's encounters is no encounter: the participant knows, and marks it as a dummy.
  const heard = data.encounters.map((encounter) => [
    flag(HEARD_FLAG, !encounter.dummy && encounter.with !== data.number),
    encounter.with,
    encounter.t0,
  ]);
  const own = [[flag(OWN_FLAG, data.infected), data.number, data.from ?? 0, data.until ?? NEVER]];
  const noDummy = (): void => {
    throw new Error("a participant has exactly one own record");
  };
  return {
    heard: fillUp(heard, shape.heard, 3, random, (record) => {
      record[0] = 0;
    }),
    own: fillUp(own, shape.own, 4, random, noDummy),
  };
}

export function collisionAnswer(words: Uint32Array): CollisionAnswer {
  const exposed = ((words[0] as number) & 1) === 1;
  return { exposed, first: exposed ? (words[1] as number) : null };
}
