import type { Agenda, Job } from "../base/agenda";
import type { Timer } from "../base/timer";
import type { Light } from "../board/light";
import type { Clock } from "../state/clock";
import type { Pattern } from "./patterns";

/** A period that ends so soon is over: its end shall fall together with a common second. */
const ALIGN_MS = 20;

/** Plays the pattern of the state on a light. */
export class LightPlayer {
  private readonly light: Light;
  private readonly timer: Timer;
  private readonly clock: Clock;
  private readonly agenda: Agenda;
  private readonly current: () => Pattern;
  private readonly job: Job;
  /** An answer to be shown once. */
  private answer: Pattern | undefined;
  /** The pattern of the state when the present period began. */
  private state: Pattern;
  /** The numbers of what is played, and how many times the light has still to go on or off: at `changeMs` for the next time. */
  private rhythm: number[];
  private changes: number;
  private changeMs: number;
  private endMs: number;

  /** @param current the pattern of the present state */
  constructor(light: Light, timer: Timer, clock: Clock, agenda: Agenda, current: () => Pattern) {
    const self = this;
    this.light = light;
    this.timer = timer;
    this.clock = clock;
    this.agenda = agenda;
    this.current = current;
    this.state = "";
    this.rhythm = [];
    this.changes = 0;
    this.changeMs = 0;
    this.endMs = 0;
    this.job = agenda.add(async () => await self.play());
  }

  /** Shows a pattern once, as an answer, before the state again. */
  flash(answer: Pattern): void {
    this.answer = answer;
    this.showNow();
  }

  /** Shows the state at once instead of at the end of its period. */
  showNow(): void {
    this.endMs = 0;
    this.agenda.wake(this.job);
  }

  /** Goes on with the period, or begins the next one. @returns when there is something to do again */
  private async play(): Promise<number> {
    const now = this.timer.millis();
    const state = this.current();
    if (this.changes === 0 && (this.endMs - now <= ALIGN_MS || state !== this.state)) {
      this.rhythm = JSON.parse(this.answer ? this.answer : state) as number[];
      this.answer = undefined;
      this.state = state;
      this.changes = 2 * this.rhythm[3];
      this.changeMs = now;
      this.endMs = now + this.rhythm[6];
    }
    // Whoever wakes the job shall not shorten a blink.
    if (this.changes > 0 && now >= this.changeMs) {
      const [red, green, blue, _blinks, onMs, offMs] = this.rhythm;
      const isOn = this.changes % 2 === 0;
      if (isOn) await this.light.show(red, green, blue);
      else await this.light.show(0, 0, 0);
      this.changes--;
      this.changeMs = this.timer.millis() + (isOn ? onMs : offMs);
    }
    return this.changes > 0 ? this.changeMs : Math.min(this.endMs, this.clock.nextSecond());
  }
}
