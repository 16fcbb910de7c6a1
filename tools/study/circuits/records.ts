import type { Shape } from "./circuit";

/** A participant's records of one table in plain words: fields side by side, dummies included. */
export interface PlainTable {
  readonly heard: Uint32Array;
  readonly own: Uint32Array;
}

/** So many fresh random words. */
export type RandomWords = (words: number) => Uint32Array;

/** Records, filled up with random ones that match nobody. Equal dummies would all meet; random ones meet nothing. */
export function fillUp(
  records: readonly (readonly number[])[],
  slots: number,
  fields: number,
  random: RandomWords,
  dummy: (record: Uint32Array) => void,
): Uint32Array {
  const words = random(slots * fields);
  for (let slot = 0; slot < slots; slot++) {
    const record = words.subarray(slot * fields, (slot + 1) * fields);
    const given = records[slot];
    if (given) record.set(given);
    else dummy(record);
  }
  return words;
}

/** Words of a participant's whole contribution, table after table. */
export function contributionWords(shape: Shape, heardFields: number, ownFields: number): number {
  return shape.tables * (shape.heard * heardFields + shape.own * ownFields);
}
