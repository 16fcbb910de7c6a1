// A simulation in one thread: devices, the air between them, and time. crowd.ts runs several of these side by side.

import { Air, type RecordedTraffic, type Transmission } from "../air/air";
import { PERFECT, type RadioProfile } from "../air/profile";
import { ALONE, type Proximity } from "../air/proximity";
import { SeededRandom } from "../core/random";
import { type Micros, Scheduler } from "../core/scheduler";
import type { ClockError } from "../device/clock";
import { blankDeviceFlash, type DeviceFlash, type DeviceOptions, SimDevice } from "../device/device";

/** The air is worked out once in this time: what a radio receives reaches its program up to this much later. */
export const AIR_WINDOW_US = 25_000;

export interface WorldOptions {
  /** Everything random in the world comes from it: same seed, same bytes. */
  readonly seed: string;
  /** Default: PERFECT. */
  readonly profile?: RadioProfile;
  /** Default: nobody is near anybody. */
  readonly proximity?: Proximity;
  readonly recorded?: RecordedTraffic;
  /** Sees every advertising event of this world's devices, in order. */
  readonly onTransmission?: (transmission: Transmission) => void;
}

/** What all worlds that share one air know when they have met at the end of a window. */
export interface Meeting {
  /** What their devices sent since they last met. */
  readonly sent: Transmission[];
  /** The end of the window that was run last. */
  readonly windowEndUs: Micros;
  /** The moments before which no world has anything to do, and none but one; and whether this world is that one. */
  readonly firstUs: Micros;
  readonly secondUs: Micros;
  readonly isFirst: boolean;
}

/** What is particular to one device; the rest of DeviceOptions comes from the world. */
export interface WorldDevice
  extends Pick<DeviceOptions, "onLog" | "onPanic" | "onReset" | "onLight" | "onHci" | "txPowerDbm" | "stockRuntime"> {
  /** The device's number on the air (proximity speaks of radios by it). Default: one more than the last. */
  readonly radio?: number;
  /** The program; left out where the flash already holds one. */
  readonly image?: Uint8Array;
  /** Default: fresh from the factory. */
  readonly flash?: DeviceFlash;
  readonly clock?: ClockError;
  /** Default: derived from seed and radio number. */
  readonly deviceId?: bigint;
}

/**
 * Simulated devices that share time and air.
 *
 *     const world = new World({ seed: "two at a table", proximity: new Positions(walks) });
 *     const [alice, bob] = [world.add({ image }), world.add({ image, onLog: console.log })];
 *     world.run(15 * 60e6);
 */
export class World {
  readonly scheduler = new Scheduler();
  readonly devices = new Map<number, SimDevice>();
  private readonly air: Air;
  private readonly random: SeededRandom;
  private sent: Transmission[] = [];

  constructor(private readonly options: WorldOptions) {
    this.random = new SeededRandom(options.seed);
    this.air = new Air({
      profile: options.profile ?? PERFECT,
      proximity: options.proximity ?? ALONE,
      seed: this.random.fork("air").uint32(),
      ...(options.recorded ? { recorded: options.recorded } : {}),
    });
  }

  get nowUs(): Micros {
    return this.scheduler.nowUs;
  }

  /** Adds a device and gives it power now. */
  add(spec: WorldDevice): SimDevice {
    const radio = spec.radio ?? Math.max(-1, ...this.devices.keys()) + 1;
    if (this.devices.has(radio)) throw new RangeError(`there already is a radio ${radio}`);
    const random = this.random.fork(`device ${radio}`);
    const device = new SimDevice({
      ...spec,
      scheduler: this.scheduler,
      random,
      deviceId: spec.deviceId ?? random.fork("id").uint64(),
      flash: spec.flash ?? blankDeviceFlash(),
      onTransmit: (event) => {
        const transmission = { ...event, radio };
        this.sent.push(transmission);
        this.options.onTransmission?.(transmission);
      },
    });
    this.devices.set(radio, device);
    this.air.join(radio, device.controller);
    if (spec.image) device.deploy(spec.image);
    return device;
  }

  /** Lets the world run for a span. */
  run(spanUs: Micros): void {
    const others = { secondUs: Number.POSITIVE_INFINITY, isFirst: true };
    this.runShared(spanUs, (sent, firstUs, windowEndUs) => ({ sent, firstUs, windowEndUs, ...others }));
  }

  /**
   * Lets the world run for a span as part of a larger one. At the end of a window all worlds meet; but while a single one has
   * something to do, the others wait until it sends, or until it comes to the time of another.
   *
   * @param meet is given what this world's devices sent, and until when they have nothing to do, and waits for all worlds
   */
  runShared(spanUs: Micros, meet: (sent: Transmission[], idleUntilUs: Micros, windowEndUs: Micros) => Meeting): void {
    const endUs = this.nowUs + spanUs;
    let [firstUs, secondUs, isFirst] = [this.nowUs, this.nowUs, false];
    while (this.nowUs < endUs) {
      const windowEndUs = Math.min(nextWindowEnd(Math.max(this.nowUs, firstUs)), endUs);
      const isLonely = this.air.isSettled && windowEndUs < secondUs;
      if (!isLonely) this.scheduler.runUntil(windowEndUs);
      else if (isFirst) this.runAlone(windowEndUs, secondUs, endUs);
      const own = this.sent;
      this.sent = [];
      const all = meet(own, own.length > 0 ? this.nowUs : this.idleUntilUs(), this.nowUs);
      this.scheduler.runUntil(all.windowEndUs);
      this.air.receive(all.sent.sort(byTimeAndRadio), all.windowEndUs);
      isFirst = all.isFirst;
      [firstUs, secondUs] = all.sent.length > 0 ? [this.nowUs, this.nowUs] : [all.firstUs, all.secondUs];
    }
  }

  /** Runs window after window up to `endUs` while nobody else has anything to do, and nothing is sent. */
  private runAlone(firstEndUs: Micros, othersFromUs: Micros, endUs: Micros): void {
    for (let windowEndUs = firstEndUs; windowEndUs < othersFromUs; ) {
      this.scheduler.runUntil(windowEndUs);
      if (this.sent.length > 0 || windowEndUs === endUs) return;
      windowEndUs = Math.min(nextWindowEnd(this.idleUntilUs()), endUs);
    }
  }

  /** Runs until a condition holds, looked at after every window. @returns whether it came to hold within the span */
  runUntil(condition: () => boolean, limitUs: Micros): boolean {
    const endUs = this.nowUs + limitUs;
    while (!condition()) {
      if (this.nowUs >= endUs) return false;
      this.run(Math.min(AIR_WINDOW_US, endUs - this.nowUs));
    }
    return true;
  }

  /** The moment up to which nothing at all will happen here unless something comes from outside. */
  idleUntilUs(): Micros {
    return this.air.isSettled ? this.scheduler.nextUs : this.nowUs;
  }
}

/** The end of the window that a moment lies in; a moment on an edge belongs to the window after it. */
function nextWindowEnd(atUs: Micros): Micros {
  return (Math.floor(atUs / AIR_WINDOW_US) + 1) * AIR_WINDOW_US;
}

/** The order in which transmissions are worked out, whichever thread they come from. */
function byTimeAndRadio(a: Transmission, b: Transmission): number {
  return a.startUs - b.startUs || a.radio - b.radio;
}
