import type { Timer } from "../base/timer";
import type { Light } from "../board/light";

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
export const ASKING: Pattern = "[255, 255, 255, 1, 250, 0, 500]";
export const ALERT: Pattern = "[255, 0, 120, 3, 400, 400, 10000]";
export const FAULT: Pattern = "[255, 0, 0, 8, 100, 100, 10000]";
/** One-off answers to a press of the button. */
export const CONSENT_GIVEN: Pattern = "[0, 255, 0, 2, 400, 200, 1500]";
export const CONSENT_REFUSED: Pattern = "[255, 0, 0, 1, 1200, 0, 1500]";

/** How soon a change of state shows. */
const NOTICE_MS = 1000;

/** Plays the pattern of the state on a light, for ever. */
export class LightPlayer {
  private readonly light: Light;
  private readonly timer: Timer;
  private readonly current: () => Pattern;
  private once: Pattern | undefined;
  private restart: boolean;

  /** @param current the pattern of the present state */
  constructor(light: Light, timer: Timer, current: () => Pattern) {
    this.light = light;
    this.timer = timer;
    this.current = current;
    this.restart = false;
  }

  /** Shows a pattern once, as an answer, before the state again. */
  flash(answer: Pattern): void {
    this.once = answer;
    this.restart = true;
  }

  /** Shows the state at once instead of at the end of its period. */
  showNow(): void {
    this.restart = true;
  }

  /** Plays for as long as the program runs. */
  async play(): Promise<void> {
    while (true) await this.playPeriod();
  }

  /** Plays one period of the present pattern, or less if it changes. */
  private async playPeriod(): Promise<void> {
    const answer = this.once;
    const playing = answer ? answer : this.current();
    this.once = undefined;
    this.restart = false;
    const [red, green, blue, blinks, onMs, offMs, periodMs] = JSON.parse(playing) as number[];
    const end = this.timer.millis() + periodMs;
    for (let i = 0; i < blinks; i++) {
      await this.light.show(red, green, blue);
      await this.timer.sleep(onMs);
      await this.light.show(0, 0, 0);
      if (i + 1 < blinks) await this.timer.sleep(offMs);
    }
    let left = end - this.timer.millis();
    while (left > 0 && !this.restart && (answer !== undefined || this.current() === playing)) {
      await this.timer.sleep(Math.min(left, NOTICE_MS));
      left = end - this.timer.millis();
    }
  }
}
