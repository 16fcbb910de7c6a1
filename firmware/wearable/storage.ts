import { hourOfMinute } from "../../protocol/base/time";
import { Beacon, MAX_AGE_MINUTES } from "../../protocol/beacon/sighting";
import type { DayAdvice } from "../../protocol/match/score";
import type { Runtime } from "../base/runtime";
import type { Board } from "../board/board";
import type { Listener } from "../listen/listener";
import type { RowWriter } from "../listen/rowWriter";
import { Logs } from "../log/logs";
import type { Results } from "../results/results";
import type { SeedKeeper } from "../seeds/seedKeeper";
import type { Clock } from "../state/clock";
import type { Config } from "../state/config";
import { Fault, type FaultCounters } from "../state/faultCounters";

/** Minute of the hour in which old rows and seeds are erased, and the one in which the next hour's seed is made. */
const EXPIRE_MINUTE = 30;
const PREPARE_MINUTE = 59;
/** Rows waiting that are worth a write of their own between two minutes. */
const DRAIN_ROWS = 16;

/** The logs on the board's flash, mounted, or undefined if there is none that works. */
export async function openLogs(board: Board, runtime: Runtime): Promise<Logs | undefined> {
  try {
    const logs = new Logs(await board.openFlash(), async () => await runtime.timer.sleep(1));
    await logs.mount();
    return logs;
  } catch (_error) {
    return undefined;
  }
}

/** What a wearable does with its logs, whose errors it counts and survives. */
export class Storage {
  /** Errors of the flash that the rows' writer did not count. */
  errors: number;
  /** What the results say to the wearer. */
  advice: DayAdvice;

  private readonly runtime: Runtime;
  private readonly clock: Clock;
  private readonly config: Config;
  private readonly faults: FaultCounters;
  private readonly writer: RowWriter;
  private readonly logs: Logs | undefined;
  private readonly keeper: SeedKeeper | undefined;
  private readonly results: Results | undefined;
  private isFailing: boolean;
  private isSeedMissing: boolean;
  /** The hour in which old rows and seeds were last erased. */
  private expiredHour: number;

  /** @param logs undefined, as keeper and results are then, if there is no flash or this is safe mode */
  constructor(
    runtime: Runtime,
    clock: Clock,
    config: Config,
    faults: FaultCounters,
    writer: RowWriter,
    logs: Logs | undefined,
    keeper: SeedKeeper | undefined,
    results: Results | undefined,
  ) {
    this.runtime = runtime;
    this.clock = clock;
    this.config = config;
    this.faults = faults;
    this.writer = writer;
    this.logs = logs;
    this.keeper = keeper;
    this.results = results;
    this.errors = 0;
    this.advice = "none";
    this.isFailing = logs === undefined;
    this.isSeedMissing = false;
    this.expiredHour = 0;
    if (logs) writer.connect(logs.contacts);
  }

  hasFault(): boolean {
    return this.isFailing || this.isSeedMissing;
  }

  /** Counts an error of the flash, but of the rows' writer, which counts its own. */
  async noteError(): Promise<void> {
    this.errors++;
    await this.faults.add(Fault.FlashError);
  }

  /** The chirp of a minute, or undefined if its seed could not be stored. */
  async chirp(minute: number): Promise<Buffer | undefined> {
    try {
      const chirp = await (this.keeper as SeedKeeper).chirp(minute);
      this.isSeedMissing = false;
      return chirp;
    } catch (_error) {
      this.isSeedMissing = true;
      await this.noteError();
      return undefined;
    }
  }

  /** Repeaters may still send what we chirped before a restart: makes it known to the listener. @throws FlashError */
  async recallChirps(listener: Listener): Promise<void> {
    const keeper = this.keeper as SeedKeeper;
    const now = this.clock.minute();
    for (let minute = now - MAX_AGE_MINUTES - 1; minute <= now; minute++) {
      const chirp = await keeper.pastChirp(minute);
      if (chirp) listener.own(Beacon.Pact, chirp, now);
    }
    keeper.forget();
  }

  /** Writes the rows that wait. @returns whether none is left */
  async drain(): Promise<boolean> {
    const before = this.writer.errors;
    const isEmpty = await this.writer.drain();
    this.isFailing = this.writer.errors > before;
    if (this.isFailing) await this.faults.add(Fault.FlashError);
    return isEmpty;
  }

  /** Writes them if they are many. */
  async drainMany(): Promise<void> {
    if (this.writer.waiting >= DRAIN_ROWS) await this.drain();
  }

  /** Reads the results again: the light may have to show something else. @throws FlashError */
  async refreshAdvice(): Promise<void> {
    this.advice = await (this.results as Results).advice(this.config.score(), this.clock.horizon);
  }

  /** What is due now and then, and at worst delays itself. */
  async keepHouse(minute: number): Promise<void> {
    const self = this;
    const hour = hourOfMinute(minute);
    if (minute % 60 === PREPARE_MINUTE)
      await this.attempt(async () => await (self.keeper as SeedKeeper).prepare(hour + 1));
    if (minute % 60 < EXPIRE_MINUTE || hour === this.expiredHour) return;
    this.expiredHour = hour;
    this.runtime.background(
      async () =>
        await self.attempt(async () => {
          self.clock.advanceHorizon(self.config.retentionHours());
          await (self.logs as Logs).expire(self.clock.horizon - 1);
          await self.refreshAdvice();
        }),
    );
  }

  /** Does something whose failing harms nothing but itself. */
  async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (_error) {
      await this.noteError();
    }
  }
}
