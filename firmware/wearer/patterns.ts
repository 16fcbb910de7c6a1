import { Purpose } from "../../protocol/keyfob/codes";

/**
 * A rhythm in a colour: `[red, green, blue, blinks, ms on, ms off between two blinks, ms from the first blink to the first of
 * the next period]`. Told apart by rhythm alone on a single LED. As text, which lies in flash; numbers would take heap.
 */
export type Pattern = string;

/** The states that a device shows; the README explains them to the wearer. */
export const NEEDS_CLOCK: Pattern = "[0, 0, 255, 1, 200, 0, 5000]";
export const CHIRPING: Pattern = "[0, 255, 0, 1, 50, 0, 60000]";
export const SNOOZED: Pattern = "[255, 160, 0, 2, 50, 300, 60000]";
export const SYNCING: Pattern = "[0, 200, 255, 1, 300, 0, 1000]";
export const ALERT: Pattern = "[255, 0, 120, 3, 400, 400, 10000]";
export const FAULT: Pattern = "[255, 0, 0, 8, 100, 100, 10000]";
/** A computer asks: for seeds; for results; to erase; to change settings. In the order of Purpose, from Export on. */
const ASKING =
  '["[255, 255, 255, 1, 250, 0, 500]", "[255, 255, 255, 2, 150, 150, 1000]", "[255, 60, 0, 3, 150, 150, 1200]", "[255, 255, 255, 1, 800, 0, 1000]"]';

/** What the light shows while it is asked for `purpose`. */
export function askingFor(purpose: Purpose): Pattern {
  return (JSON.parse(ASKING) as Pattern[])[purpose - Purpose.Export];
}

/** One-off answers to a press of the button. */
export const CONSENT_GIVEN: Pattern = "[0, 255, 0, 2, 400, 200, 1500]";
export const CONSENT_REFUSED: Pattern = "[255, 0, 0, 1, 1200, 0, 1500]";
