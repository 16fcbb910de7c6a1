import type { Pattern } from "../firmware/wearer/light";

/** More chirps than it can hold: move it, raise its floor, or add another one. */
export const OVER_CAPACITY: Pattern = {
  red: 255,
  green: 160,
  blue: 0,
  blinks: 4,
  onMs: 150,
  offMs: 250,
  periodMs: 10000,
};

/** Switched to quiet by its owner. */
export const QUIET: Pattern = { red: 0, green: 0, blue: 255, blinks: 2, onMs: 50, offMs: 300, periodMs: 60000 };
