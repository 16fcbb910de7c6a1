// Whether the clock may be trusted with what cannot be undone: publishing, deleting, and taking uploads by their hours.

import type { Database } from "../daemon/database/database";
import { ServiceError } from "../daemon/errors";
import type { Log } from "../daemon/log";
import type { ClockVerdict, SteadyClock } from "../daemon/steadyClock";
import type { Counters } from "./storage/counters";

const LAST_TIME_SETTING = "last-time";
/** How often the database learns the time, at most. */
const NOTE_SECONDS = 60;

export class TimeGuard {
  private state: ClockVerdict = { isRight: true };

  constructor(
    private readonly clock: SteadyClock,
    private readonly database: Database,
    private readonly log: Log,
    private readonly counters: Counters,
  ) {}

  /** Compares the clock with the monotonic one and with the database's last time, which goes on while all agree. */
  async watch(): Promise<ClockVerdict> {
    const lastSeen = await this.lastSeen();
    const state = this.clock.look(lastSeen);
    this.report(state);
    this.state = state;
    const now = this.clock.now();
    if (state.isRight && now - (lastSeen ?? 0) >= NOTE_SECONDS) await this.note(now);
    return state;
  }

  /** @throws ServiceError unless the time can be trusted now; `isConfirmed` if an operator vouches for it after a long pause */
  async expectRight(isConfirmed = false): Promise<void> {
    if (isConfirmed) this.clock.confirm();
    const state = await this.watch();
    if (state.isRight) return;
    this.counters.add("chirpfob_clock_refusals_total");
    throw new ServiceError(problemOf(state), "refused");
  }

  /** What is wrong with the clock, as of the last look; undefined if nothing. */
  problem(): string | undefined {
    return this.state.isRight ? undefined : problemOf(this.state);
  }

  /** Whether uploads can be judged by the time; also while the machine's clock has jumped, because the monotonic one goes on. */
  canJudgeHours(): boolean {
    return this.state.isRight || this.state.why === "jumped";
  }

  private report(state: ClockVerdict): void {
    const before = this.state.isRight ? "" : this.state.why;
    const after = state.isRight ? "" : state.why;
    if (before === after) return;
    if (state.isRight) this.log("info", "clock-right-again");
    else this.log("error", "clock-not-right", { why: state.why, bySeconds: Math.round(state.bySeconds) });
  }

  private async lastSeen(): Promise<number | undefined> {
    const [row] = await this.database.query<{ value: string }>("select value from setting where name = $1", [
      LAST_TIME_SETTING,
    ]);
    const seconds = Number(row?.value);
    return Number.isSafeInteger(seconds) ? seconds : undefined;
  }

  /** Never back: another instance may have been here later. */
  private async note(now: number): Promise<void> {
    await this.database.query(
      `insert into setting (name, value) values ($1, $2)
       on conflict (name) do update set value = excluded.value where setting.value::bigint < excluded.value::bigint`,
      [LAST_TIME_SETTING, String(now)],
    );
  }
}

function problemOf(state: Exclude<ClockVerdict, { isRight: true }>): string {
  const minutes = Math.round(Math.abs(state.bySeconds) / 60);
  switch (state.why) {
    case "jumped":
      return `this machine's clock has jumped by ${minutes} minutes ${state.bySeconds > 0 ? "forward" : "back"}: nothing is published or deleted until it is right again; if it is right now, start the service anew`;
    case "behind":
      return `this machine's clock is ${minutes} minutes behind the time that the database saw last: nothing is taken, published or deleted until it is right again`;
    case "away":
      return `the database saw its last change ${minutes} minutes ago by this machine's clock: nothing is taken, published or deleted for a day; if the clock is right, say so with "chirpfob publish"`;
  }
}
