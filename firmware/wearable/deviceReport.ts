import { Role, StateFlag } from "../../protocol/keyfob/codes";
import type { Timer } from "../base/timer";
import type { ClockChip } from "../board/clockChip";
import type { HciHost } from "../hci/host";
import type { ImportCommands } from "../host/importCommands";
import type { KeyfobService } from "../host/service";
import type { DeviceState, DeviceStatus } from "../host/stateCommands";
import type { FrameFilter } from "../listen/frameFilter";
import type { Listener } from "../listen/listener";
import type { RowWriter } from "../listen/rowWriter";
import { type Clock, ClockState } from "../state/clock";
import type { Config } from "../state/config";
import { Fault, type FaultCounters } from "../state/faultCounters";
import { RADIO_GRACE_MS } from "../state/radioUpkeep";
import type { Session } from "../state/session";
import type { Consent } from "../wearer/consent";
import type { LightPlayer } from "../wearer/lightPlayer";
import { ALERT, askingFor, CHIRPING, FAULT, NEEDS_CLOCK, type Pattern, SNOOZED, SYNCING } from "../wearer/patterns";
import type { SettingsGuard } from "../wearer/settingsGuard";
import type { Snooze } from "../wearer/snooze";
import type { Minutes } from "./minutes";
import type { Storage } from "./storage";

/** Clock corrections beyond this end the collecting of chirps that were timed by the old clock. */
const JUMP_MS = 60000;

/** What a host is told of, and what has to know when it sets the clock or a value. */
export interface ReportParts {
  readonly clock: Clock;
  readonly config: Config;
  readonly consent: Consent;
  readonly faults: FaultCounters;
  /** Not `filter`: with that name comes the method of arrays. */
  readonly frames: FrameFilter;
  readonly guard: SettingsGuard;
  readonly hasLogs: boolean;
  readonly host: HciHost;
  readonly imports: ImportCommands | undefined;
  readonly listener: Listener;
  readonly minutes: Minutes;
  readonly service: KeyfobService;
  readonly session: Session;
  readonly snooze: Snooze;
  readonly storage: Storage;
  readonly writer: RowWriter;
  readonly clockChip: ClockChip | undefined;
  readonly light: LightPlayer;
  readonly timer: Timer;
}

/** What the wearable says about itself, to its wearer and to a host. */
export class DeviceReport implements DeviceState {
  readonly role: Role;
  private readonly parts: ReportParts;

  constructor(parts: ReportParts) {
    this.role = Role.Wearable;
    this.parts = parts;
  }

  /** What the light shows: of several things that which the wearer should act on first. */
  pattern(): Pattern {
    const p = this.parts;
    if (p.consent.isPending()) return askingFor(p.consent.openPurpose());
    if (this.hasFault()) return FAULT;
    if (!p.clock.isSet()) return NEEDS_CLOCK;
    if (this.isSyncing()) return SYNCING;
    if (p.storage.advice === "alert") return ALERT;
    return p.snooze.isOn() ? SNOOZED : CHIRPING;
  }

  /** Whether a host is at work with the keyfob. */
  isSyncing(): boolean {
    return this.parts.consent.isGranted() || this.parts.imports?.isActive() === true;
  }

  status(): DeviceStatus {
    const p = this.parts;
    let flags = p.clock.isSet() ? StateFlag.ClockSet : 0;
    if (p.clock.state === ClockState.Approximate) flags |= StateFlag.ClockApproximate;
    if (p.host.isUp()) flags |= StateFlag.RadioUp;
    if (p.host.isAdvertising()) flags |= StateFlag.Chirping;
    if (p.snooze.isOn()) flags |= StateFlag.Snoozed;
    if (this.isSyncing()) flags |= StateFlag.Syncing;
    if (this.hasFault()) flags |= StateFlag.Fault;
    if (p.faults.safeMode) flags |= StateFlag.SafeMode;
    if (p.hasLogs) flags |= StateFlag.StorageReady;
    if (p.consent.isPending()) flags |= StateFlag.ConsentPending;
    if (p.consent.isGranted()) flags |= StateFlag.ConsentGranted;
    return {
      flags,
      snoozeUntil: p.snooze.until(),
      uptimeMs: p.timer.millis(),
      consentPurpose: p.consent.openPurpose(),
      consentSeconds: p.consent.secondsLeft(),
    };
  }

  counters(): number[] {
    const p = this.parts;
    const { host, imports, listener } = p;
    return [
      listener.heard,
      listener.rows,
      listener.rowsEarly,
      listener.hearingsDropped,
      p.frames.ignored,
      p.frames.weak,
      p.minutes.chirped,
      p.minutes.missed,
      host.resets,
      host.errors,
      host.garbageEvents,
      p.storage.errors + p.writer.errors,
      p.service.refused,
      imports ? imports.imported : 0,
      imports ? imports.verified : 0,
      imports ? imports.refusedShards : 0,
      0,
      p.session.starts,
      p.faults.count(Fault.Crash),
      0,
      listener.chirpsDropped,
    ];
  }

  async clockSet(driftMs: number): Promise<void> {
    const p = this.parts;
    p.snooze.shift(-driftMs);
    if (Math.abs(driftMs) > JUMP_MS) await p.listener.flush();
    if (p.clockChip) await p.clockChip.set(p.clock.seconds());
    await p.session.checkpoint(p.clock);
    p.light.showNow();
  }

  allowsChanges(): boolean {
    return this.parts.guard.allows();
  }

  configChanged(): void {
    const p = this.parts;
    p.host.configure(p.config.radio());
    p.frames.configure(p.config.hearing());
  }

  private hasFault(): boolean {
    const p = this.parts;
    if (p.storage.hasFault() || p.faults.safeMode) return true;
    return !p.host.isUp() && p.timer.millis() > RADIO_GRACE_MS;
  }
}
