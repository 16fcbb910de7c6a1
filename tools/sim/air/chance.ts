/** A 32-bit mix of numbers: chance that depends on who, whom and when only, not on the order in which it is asked for. */
export function mix(seed: number, a: number, b: number, c: number): number {
  let h = seed ^ Math.imul(a + 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35), 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15) ^ Math.imul(c + 0x165667b1, 0x9e3779b1), 0x85ebca77);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 16)) >>> 0;
}

/** At least 0, below 1. */
export function mixUnit(seed: number, a: number, b: number, c: number): number {
  return mix(seed, a, b, c) / 0x1_0000_0000;
}

/** Normally distributed, mean 0, standard deviation 1. */
export function mixGaussian(seed: number, a: number, b: number, c: number): number {
  const u = 1 - mixUnit(seed, a, b, c);
  const v = mixUnit(seed ^ 0x5bd1e995, a, b, c);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}
