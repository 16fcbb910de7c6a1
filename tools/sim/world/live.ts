import { performance } from "node:perf_hooks";
import type { World } from "./world";

/** The event loop gets a turn at least this often, however much the world has to catch up on. */
const SLICE_US = 50_000;
/** A world that is this late does not try to catch up. */
const GIVE_UP_US = 2_000_000;
const LONGEST_WAIT_MS = 20;

/** Lets a world run along with real time, for hosts on the other side of a real port. */
export class LiveWorld {
  private timer: NodeJS.Timeout | undefined;
  private originMs = performance.now();
  private originUs: number;

  /** @param speed simulated seconds in a real one */
  constructor(
    readonly world: World,
    private readonly speed = 1,
  ) {
    this.originUs = world.nowUs;
  }

  get scheduler(): World["scheduler"] {
    return this.world.scheduler;
  }

  start(): void {
    this.originMs = performance.now();
    this.originUs = this.world.nowUs;
    this.catchUp();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Brings the world to the present, so that what comes from outside now happens now; and soon again. */
  catchUp(): void {
    clearTimeout(this.timer);
    const presentUs = this.originUs + (performance.now() - this.originMs) * 1000 * this.speed;
    if (presentUs - this.world.nowUs > GIVE_UP_US) this.originUs -= presentUs - this.world.nowUs - SLICE_US;
    const behindUs = Math.floor(presentUs - this.world.nowUs);
    if (behindUs > 0) this.world.run(Math.min(behindUs, SLICE_US));
    const waitMs = behindUs > SLICE_US ? 0 : Math.ceil((this.world.idleUntilUs() - presentUs) / 1000 / this.speed);
    this.timer = setTimeout(() => this.catchUp(), Math.max(0, Math.min(waitMs, LONGEST_WAIT_MS)));
  }

  /** To be called after something came from outside: the world deals with it in the next turn of the event loop. */
  nudge(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.catchUp(), 0);
  }
}
