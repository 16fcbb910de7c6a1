import { Command, type Purpose, type Role, Status } from "../../protocol/keyfob/codes";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import { At } from "../../protocol/keyfob/layouts";
import { PROTOCOL_VERSION } from "../../protocol/keyfob/version";
import { getU16, getU32, putU16, putU32 } from "../base/littleEndian";
import { type Clock, MAX_CLOCK_SECONDS, MIN_CLOCK_SECONDS } from "../state/clock";
import type { Config } from "../state/config";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";
import { FIRMWARE_MAJOR, FIRMWARE_MINOR, FIRMWARE_PATCH } from "./version";

/** How a keyfob or repeater is at the moment. */
export interface DeviceStatus {
  /** Sum of StateFlag. */
  readonly flags: number;
  /** Unix seconds, 0 when not snoozed. */
  readonly snoozeUntil: number;
  readonly uptimeMs: number;
  readonly consentPurpose: Purpose;
  readonly consentSeconds: number;
}

/** What every keyfob or repeater says about itself. */
export interface DeviceState {
  readonly role: Role;
  status(): DeviceStatus;
  /** The counters of services/keyfob.md, in its order. */
  counters(): number[];
  /** A host set the clock, which was off by `driftMs`. */
  clockSet(driftMs: number): Promise<void>;
  /** A configuration value changed. */
  configChanged(): void;
  /** Whether a host may change what could blind, silence or mislead the device. */
  allowsChanges(): boolean;
}

const MAX_U8 = 255;
/** No board measures its battery. */
const BATTERY_UNKNOWN = 255;

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
    if (command === Command.Status) return this.status(getU16(payload, At.StatusRequest));
    if (command === Command.Counters) return this.counters(getU16(payload, At.CountersRequest));
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.ClockSet) await this.setClock(payload, report);
    else if (command === Command.ConfigGet) this.fillConfig(report, payload[At.ConfigGetKey], true);
    else await this.setConfig(payload, report);
    return report;
  }

  private status(request: number): Buffer {
    const status = this.state.status();
    const report = Buffer.alloc(At.StatusReportEnd);
    putU32(report, At.StatusReportNow, this.clock.seconds());
    putU32(report, At.StatusReportSnoozeUntil, status.snoozeUntil);
    putU32(report, At.StatusReportUptime, Math.floor(status.uptimeMs / 1000));
    putU32(report, At.StatusReportLastSync, this.clock.lastSync);
    putU16(report, At.StatusReportState, status.flags);
    putU16(report, At.StatusReportRequest, request);
    report[At.StatusReportProtocol] = PROTOCOL_VERSION;
    report[At.StatusReportRole] = this.state.role;
    report[At.StatusReportVersionMajor] = FIRMWARE_MAJOR;
    report[At.StatusReportVersionMinor] = FIRMWARE_MINOR;
    report[At.StatusReportVersionPatch] = FIRMWARE_PATCH;
    report[At.StatusReportBattery] = BATTERY_UNKNOWN;
    report[At.StatusReportConsentPurpose] = status.consentPurpose;
    report[At.StatusReportConsentSeconds] = Math.min(MAX_U8, status.consentSeconds);
    return report;
  }

  private counters(request: number): Buffer {
    const counters = this.state.counters();
    const report = Buffer.alloc(At.CountersReportValues + counters.length * 4);
    putU16(report, At.CountersReportRequest, request);
    for (let i = 0; i < counters.length; i++) putU32(report, At.CountersReportValues + i * 4, counters[i]);
    return report;
  }

  private async setClock(payload: Buffer, report: Buffer): Promise<void> {
    const seconds = getU32(payload, At.ClockSetSeconds);
    const millis = getU16(payload, At.ClockSetMillis);
    report[At.ClockSetReportPrevious] = this.clock.state;
    if (seconds < MIN_CLOCK_SECONDS || seconds > MAX_CLOCK_SECONDS || millis > 999) {
      report[At.ClockSetReportStatus] = Status.OutOfRange;
      return;
    }
    if (!this.clock.isNear(seconds, millis) && !this.state.allowsChanges()) {
      report[At.ClockSetReportStatus] = Status.NoConsent;
      return;
    }
    const result = this.clock.set(seconds, millis);
    if (this.clock.horizon === 0) this.clock.restartHorizon(this.config.retentionHours());
    putU32(report, At.ClockSetReportDriftMs, result.driftMs);
    putU32(report, At.ClockSetReportSinceSync, result.sinceSync);
    await this.state.clockSet(result.driftMs);
  }

  private async setConfig(payload: Buffer, report: Buffer): Promise<void> {
    const key = payload[At.ConfigSetKey];
    const isAllowed = this.state.allowsChanges();
    const isSet = isAllowed && (await this.config.set(key, getU32(payload, At.ConfigSetValue) | 0));
    if (isSet) {
      // A retention that the wearer agreed to counts at once.
      if (key === ConfigKey.RetentionDays) this.clock.restartHorizon(this.config.retentionHours());
      this.state.configChanged();
    }
    this.fillConfig(report, key, isSet || !isAllowed);
    if (!isAllowed && report[At.ConfigSetReportStatus] === Status.Ok)
      report[At.ConfigSetReportStatus] = Status.NoConsent;
  }

  /** The reports of `configGet` and `configSet` are alike. */
  private fillConfig(report: Buffer, key: number, inRange: boolean): void {
    report[At.ConfigGetReportKey] = key;
    const value = this.config.get(key);
    if (!value) {
      report[At.ConfigGetReportStatus] = Status.NoSuchKey;
      return;
    }
    putU32(report, At.ConfigGetReportValue, value.value);
    putU32(report, At.ConfigGetReportMin, value.min);
    putU32(report, At.ConfigGetReportMax, value.max);
    if (!inRange) report[At.ConfigGetReportStatus] = Status.OutOfRange;
  }
}
