import type { Runtime } from "./runtime";

/** Due when it is woken, and not before. */
export const NEVER = 1e15;
/** DeviceScript takes the time of a wait as 32 bits. */
const LONGEST_REST_MS = 3600000;

/** Something that a device does again and again. */
export interface Job {
  /** When it is due, in milliseconds of the timer. */
  dueMs: number;
  isRunning: boolean;
  /** Does what is due. @returns when it is due again, in milliseconds of the timer */
  readonly work: () => Promise<number>;
}

/**
 * All that a device does by itself: jobs that say when they are due. It is the one place that waits for time to pass, so that
 * the chip sleeps from one common second (Clock.nextSecond) to the next. A job that takes long holds up no other.
 */
export class Agenda {
  private readonly runtime: Runtime;
  private readonly jobs: Job[];

  constructor(runtime: Runtime) {
    const self = this;
    this.runtime = runtime;
    this.jobs = [];
    runtime.background(async () => {
      while (true) {
        const now = runtime.timer.millis();
        let until = now + LONGEST_REST_MS;
        for (const job of self.jobs) {
          if (job.isRunning) continue;
          if (job.dueMs <= now) self.begin(job);
          else until = Math.min(until, job.dueMs);
        }
        await runtime.rest(until);
      }
    });
  }

  /** Takes a job in, and begins with it. It must catch its own errors: what it throws restarts the program. */
  add(work: () => Promise<number>): Job {
    const job = { dueMs: 0, isRunning: false, work };
    this.jobs.push(job);
    this.runtime.wake();
    return job;
  }

  /** Runs a job now, or once more as soon as it is done. */
  wake(job: Job): void {
    job.dueMs = 0;
    this.runtime.wake();
  }

  private begin(job: Job): void {
    const runtime = this.runtime;
    job.isRunning = true;
    job.dueMs = NEVER;
    runtime.background(async () => {
      job.dueMs = Math.min(job.dueMs, await job.work());
      job.isRunning = false;
      runtime.wake();
    });
  }
}
