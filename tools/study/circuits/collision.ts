// The rule of the SafeTrace paper: somebody is exposed who has met an infected participant while that one was infectious.

import type { Engine, Shared } from "../engine/engine";
import { andAll, andTree, lessThan, multiplex } from "../engine/logic";
import { packRows } from "../engine/transpose";
import { concat, slice, wordCount } from "../engine/words";
import {
  type Circuit,
  HEARD_FLAG,
  joinTable,
  OWN_FLAG,
  participantWords,
  planesBySlot,
  type RowLayout,
  type Shape,
  type TableInput,
} from "./circuit";

const ALL = 0xffffffff;
/** Words of a row behind index and id. */
const FROM = 2;
const UNTIL = 3;
const TIME = 4;
/** Where the time stands among a heard record's fields. */
const TIME_FIELD = 2;

const LAYOUT: RowLayout = {
  wordsPerRow: 5,
  tagWords: 1,
  heardFields: [
    { word: 0, mask: (1 << HEARD_FLAG) >>> 0 },
    { word: 1, mask: ALL },
    { word: TIME, mask: ALL },
  ],
  ownFields: [
    { word: 0, mask: (1 << OWN_FLAG) >>> 0 },
    { word: 1, mask: ALL },
    { word: FROM, mask: ALL },
    { word: UNTIL, mask: ALL },
  ],
};

/** The answer: a word whose lowest bit says "exposed", and the time of the first encounter that counts (all ones if there is none). */
export const COLLISION: Circuit = {
  description:
    "collision 1: exposed = some (id, t0) that is no dummy meets own id, infected, from <= t0 < until; least t0",
  layout: LAYOUT,
  answerWords: () => 2,

  async run(engine: Engine, shape: Shape, input: TableInput): Promise<Shared> {
    const hits = await joinTable(
      engine,
      shape,
      LAYOUT,
      input,
      [
        [0, OWN_FLAG, 1],
        [FROM, 0, 32],
        [UNTIL, 0, 32],
      ],
      async ([infected, from, until], rows) => {
        const time = rows.bits(TIME, 0, 32);
        const tooEarly = await lessThan(engine, time, from as Shared[]);
        const inTime = await lessThan(engine, time, until as Shared[]);
        // Own records have the flag of heard ones at 0, and so have dummies.
        const counts = [...(infected as Shared[]), ...rows.bits(0, HEARD_FLAG, 1), inTime, engine.not(tooEarly)];
        return [await andTree(engine, counts)];
      },
    );
    const hit = planesBySlot(hits, 1, 0, shape, 1)[0] as Shared;
    const { heardFields } = LAYOUT;
    const times = planesBySlot(input.heard, heardFields.length, TIME_FIELD, shape);
    const hidden = await andAll(
      engine,
      times.map((bit) => [engine.not(bit), hit] as const),
    );
    const first = await least(
      engine,
      hidden.map((bit) => engine.not(bit)),
      participantWords(shape),
    );
    const lanes = participantWords(shape);
    const slots = Array.from({ length: shape.heard }, (_, slot) =>
      engine.not(slice(hit, slot * lanes, (slot + 1) * lanes)),
    );
    const exposed = engine.not(await andTree(engine, slots));
    const blank = engine.constant(new Uint32Array(lanes));
    return packRows([exposed, ...Array.from({ length: 31 }, () => blank), ...first], shape.participants).rows;
  },
};

/** The least of each participant's numbers, which lie one slot of `lanes` words after the other. */
async function least(engine: Engine, numbers: readonly Shared[], lanes: number): Promise<readonly Shared[]> {
  let left = numbers;
  for (;;) {
    const slots = wordCount(left[0] as Shared) / lanes;
    if (slots === 1) return left;
    const half = slots >> 1;
    const part = (begin: number, end: number): Shared[] => left.map((bit) => slice(bit, begin * lanes, end * lanes));
    const [a, b] = [part(0, half), part(half, 2 * half)];
    const smaller = await multiplex(engine, await lessThan(engine, a, b), b, a);
    const rest = part(2 * half, slots);
    left = slots % 2 === 0 ? smaller : smaller.map((bit, i) => concat([bit, rest[i] as Shared]));
  }
}
