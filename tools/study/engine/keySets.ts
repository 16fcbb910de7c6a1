/** Servers that may be corrupt together without learning anything: t of m = 2t + 1. */
export function threshold(servers: number): number {
  return (servers - 1) / 2;
}

/** Every set of m - t servers has a key that those outside do not know; in the order that all servers count them in. */
export function keySets(servers: number): readonly (readonly number[])[] {
  const size = servers - threshold(servers);
  const sets: number[][] = [];
  const extend = (set: number[], from: number): void => {
    if (set.length === size) {
      sets.push(set);
      return;
    }
    for (let next = from; next < servers; next++) extend([...set, next], next + 1);
  };
  extend([], 0);
  return sets;
}

/** Keys of 32 bytes by the set's place in keySets; undefined for sets that this server is not in. */
export type SetKeys = readonly (Uint8Array | undefined)[];
