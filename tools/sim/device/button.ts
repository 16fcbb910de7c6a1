import type { Micros, Scheduler, Timer } from "../core/scheduler";
import type { Service, ServiceOutput } from "../jacdac/server";

const SERVICE_CLASS = 0x1473a263;
const REGISTER = { pressure: 0x101, analog: 0x180, pressed: 0x181 } as const;
const EVENT = { down: 0x01, up: 0x02, hold: 0x81 } as const;
/** A pressed button says so again every half second. */
const HOLD_EVERY_US = 500_000;

/** The keyfob's button: a Jacdac button service, pressed by the scenario. */
export class Button implements Service {
  readonly serviceClass = SERVICE_CLASS;
  private output!: ServiceOutput;
  private pressedAtUs: Micros | undefined;
  private holdTimer: Timer | undefined;

  constructor(private readonly scheduler: Scheduler) {}

  attach(output: ServiceOutput): void {
    this.output = output;
  }

  /** Presses the button now and lets go after a while. */
  press(durationMs = 100): void {
    if (this.pressedAtUs !== undefined) return;
    this.pressedAtUs = this.scheduler.nowUs;
    this.output.event(EVENT.down, new Uint8Array(0));
    this.hold();
    this.scheduler.after(durationMs * 1000, () => this.release());
  }

  read(register: number): Uint8Array | undefined {
    const down = this.pressedAtUs !== undefined;
    if (register === REGISTER.pressure) return down ? Uint8Array.of(0xff, 0xff) : Uint8Array.of(0, 0);
    if (register === REGISTER.analog) return Uint8Array.of(0);
    if (register === REGISTER.pressed) return Uint8Array.of(down ? 1 : 0);
    return undefined;
  }

  write(): boolean {
    return false;
  }

  command(): boolean {
    return false;
  }

  private hold(): void {
    this.holdTimer = this.scheduler.after(HOLD_EVERY_US, () => {
      this.output.event(EVENT.hold, this.heldMs());
      this.hold();
    });
  }

  private release(): void {
    this.scheduler.cancel(this.holdTimer);
    const heldMs = this.heldMs();
    this.pressedAtUs = undefined;
    this.output.event(EVENT.up, heldMs);
  }

  private heldMs(): Uint8Array {
    const ms = Buffer.alloc(4);
    ms.writeUInt32LE(Math.round((this.scheduler.nowUs - (this.pressedAtUs ?? this.scheduler.nowUs)) / 1000));
    return ms;
  }
}
