// What listening more or less costs and finds: the rows of the table that `chirpfob power` prints, and the points of its plot.

import type { BoardEntry } from "../boards/boards";
import { chancesOfContact, type RadioTimes, type Surroundings } from "./detection";
import { estimatePower } from "./estimate";

/** The contacts for which the trade-off is told, in whole minutes. */
export const TRADE_OFF_MINUTES = [1, 5, 15] as const;

/** Windows of the table over the chosen one. */
const FACTORS = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8];
/** The shortest that a controller can do: Core specification vol 4 part E 7.8.10. */
export const SHORTEST_WINDOW_MS = 2.5;

/** One setting of the scan window, everything else as chosen. */
export interface TradeOff {
  readonly scanWindowMs: number;
  readonly isChosen: boolean;
  readonly milliamperes: number;
  /** Undefined on a mains supply. */
  readonly hours: number | undefined;
  /** Chance, 0 to 1, that a contact of TRADE_OFF_MINUTES is found. */
  readonly found: readonly number[];
}

/** The chosen scan window between shorter and longer ones, up to the whole interval. */
export function tradeOffTable(board: BoardEntry, chosen: RadioTimes, surroundings: Surroundings): TradeOff[] {
  const { scanWindowMs, scanIntervalMs } = chosen;
  const within = (windowMs: number) => Math.min(scanIntervalMs, Math.max(SHORTEST_WINDOW_MS, windowMs));
  const rounded = (factor: number) => (factor === 1 ? scanWindowMs : Math.round(within(scanWindowMs * factor) * 2) / 2);
  const windows = [...new Set(FACTORS.map(rounded))];
  return windows.map((windowMs) => tradeOff(board, { ...chosen, scanWindowMs: windowMs }, surroundings, scanWindowMs));
}

/** What one setting costs and finds. @param chosenMs the window that `isChosen` tells from the others */
export function tradeOff(board: BoardEntry, times: RadioTimes, surroundings: Surroundings, chosenMs: number): TradeOff {
  const { milliamperes, hours } = estimatePower(board, times);
  const found = chancesOfContact(times, surroundings, TRADE_OFF_MINUTES);
  return { scanWindowMs: times.scanWindowMs, isChosen: times.scanWindowMs === chosenMs, milliamperes, hours, found };
}
