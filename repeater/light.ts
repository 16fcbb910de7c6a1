import type { Pattern } from "../firmware/wearer/patterns";

/** More chirps than it can hold: move it, raise its floor, or add another one. */
export const OVER_CAPACITY: Pattern = "[255, 160, 0, 4, 150, 250, 10000]";

/** Switched to quiet by its owner. */
export const QUIET: Pattern = "[0, 0, 255, 2, 50, 300, 60000]";
