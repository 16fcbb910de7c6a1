import { getU16, getU32, putU16, putU32 } from "../base/littleEndian";
import { type Clock, MAX_CLOCK_SECONDS, MIN_CLOCK_SECONDS } from "../state/clock";
import type { Config } from "../state/config";
import {
  Command,
  FIRMWARE_MAJOR,
  FIRMWARE_MINOR,
  FIRMWARE_PATCH,
  PROTOCOL_VERSION,
  type Purpose,
  type Role,
  Status,
} from "./codes";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

/** What every keyfob or repeater says about itself. */
export interface DeviceState {
  readonly role: Role;
  /** Sum of StateFlag. */
  flags(): number;
  /** Unix seconds, 0 when not snoozed. */
  snoozeUntil(): number;
  /** Seconds since the program started. */
  uptimeSeconds(): number;
  /** Percent, 255 if unknown. */
  battery(): number;
  consentPurpose(): Purpose;
  consentSeconds(): number;
  /** The counters of services/keyfob.md, in its order. */
  counters(): number[];
  /** A host set the clock, which was off by `driftMs`. */
  clockSet(driftMs: number): Promise<void>;
  /** A configuration value changed. */
  configChanged(): void;
}

const STATUS_BYTES = 28;
const MAX_U8 = 255;

/** Status, counters, clock and configuration: what wearable and repeater have in common. */
export class StateCommands implements CommandGroup {
  private readonly state: DeviceState;
  private readonly clock: Clock;
  private readonly config: Config;

  constructor(state: DeviceState, clock: Clock, config: Config) {
    this.state = state;
    this.clock = clock;
    this.config = config;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    if (command === Command.Status) return this.status(getU16(payload, 0));
    if (command === Command.Counters) return this.counters(getU16(payload, 0));
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.ClockSet) await this.setClock(payload, report);
    else if (command === Command.ConfigGet) this.fillConfig(report, payload[2], true);
    else await this.setConfig(payload, report);
    return report;
  }

  private status(request: number): Buffer {
    const state = this.state;
    const report = Buffer.alloc(STATUS_BYTES);
    putU32(report, 0, this.clock.seconds());
    putU32(report, 4, state.snoozeUntil());
    putU32(report, 8, state.uptimeSeconds());
    putU32(report, 12, this.clock.lastSync);
    putU16(report, 16, state.flags());
    putU16(report, 18, request);
    report[20] = PROTOCOL_VERSION;
    report[21] = state.role;
    report[22] = FIRMWARE_MAJOR;
    report[23] = FIRMWARE_MINOR;
    report[24] = FIRMWARE_PATCH;
    report[25] = state.battery();
    report[26] = state.consentPurpose();
    report[27] = Math.min(MAX_U8, state.consentSeconds());
    return report;
  }

  private counters(request: number): Buffer {
    const counters = this.state.counters();
    const report = Buffer.alloc(2 + counters.length * 4);
    putU16(report, 0, request);
    for (let i = 0; i < counters.length; i++) putU32(report, 2 + i * 4, counters[i]);
    return report;
  }

  private async setClock(payload: Buffer, report: Buffer): Promise<void> {
    const seconds = getU32(payload, 0);
    const millis = getU16(payload, 6);
    report[11] = this.clock.state;
    if (seconds < MIN_CLOCK_SECONDS || seconds > MAX_CLOCK_SECONDS || millis > 999) {
      report[10] = Status.OutOfRange;
      return;
    }
    const result = this.clock.set(seconds, millis);
    putU32(report, 0, result.driftMs);
    putU32(report, 4, result.sinceSync);
    await this.state.clockSet(result.driftMs);
  }

  private async setConfig(payload: Buffer, report: Buffer): Promise<void> {
    const key = payload[6];
    const isSet = await this.config.set(key, getU32(payload, 0) | 0);
    if (isSet) this.state.configChanged();
    this.fillConfig(report, key, isSet);
  }

  private fillConfig(report: Buffer, key: number, inRange: boolean): void {
    report[15] = key;
    const value = this.config.get(key);
    if (!value) {
      report[14] = Status.NoSuchKey;
      return;
    }
    putU32(report, 0, value.value);
    putU32(report, 4, value.min);
    putU32(report, 8, value.max);
    if (!inRange) report[14] = Status.OutOfRange;
  }
}
