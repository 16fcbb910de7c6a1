import type { Micros } from "../core/scheduler";

/** How a device's crystal differs from true time. */
export interface ClockError {
  /** Parts per million that the device's clock runs fast (negative: slow). Default 0. */
  readonly driftPpm?: number;
}

/**
 * A device's own clock over the scenario's time: it runs with its drift, and can be made to jump ahead. It counts from power-on and
 * knows no date; a wall clock that is off comes from a host that sets it wrongly (HostCommand in crowd/spec.ts).
 */
export class DeviceClock {
  private readonly rate: number;
  private aheadUs: Micros = 0;

  constructor(
    private readonly trueMicros: () => Micros,
    error: ClockError = {},
  ) {
    this.rate = 1 + (error.driftPpm ?? 0) / 1e6;
  }

  /** The device's time now, in whole microseconds. */
  localMicros(): Micros {
    return Math.floor(this.trueMicros() * this.rate) + this.aheadUs;
  }

  /** True microseconds until the device's clock has moved on by `localUs`. */
  trueDelay(localUs: Micros): Micros {
    return Math.max(1, Math.ceil(localUs / this.rate));
  }

  /** Puts the device's clock forward. A counter cannot run backwards, so a negative jump is an error. @throws RangeError */
  jump(us: Micros): void {
    if (us < 0) throw new RangeError(`a device's timer cannot go back (${us} us); set the wall clock over USB instead`);
    this.aheadUs += us;
  }
}
