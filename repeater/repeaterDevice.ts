import type { Agenda } from "../firmware/base/agenda";
import type { Runtime } from "../firmware/base/runtime";
import type { Board } from "../firmware/board/board";
import { HciHost, type RadioSettings } from "../firmware/hci/host";
import type { KeyfobService } from "../firmware/host/service";
import { type DeviceState, type DeviceStatus, StateCommands } from "../firmware/host/stateCommands";
import { FrameFilter } from "../firmware/listen/frameFilter";
import type { Clock } from "../firmware/state/clock";
import type { Config } from "../firmware/state/config";
import { Fault, type FaultCounters } from "../firmware/state/faultCounters";
import { keepRadio, RADIO_GRACE_MS } from "../firmware/state/radioUpkeep";
import { LightPlayer } from "../firmware/wearer/lightPlayer";
import { CHIRPING, FAULT, type Pattern } from "../firmware/wearer/patterns";
import { readU16 } from "../protocol/base/bytes";
import type { RepeatedCodec } from "../protocol/beacon/sighting";
import { Group, Purpose, Role, StateFlag } from "../protocol/keyfob/codes";
import { ConfigKey } from "../protocol/keyfob/configKeys";
import { OVER_CAPACITY, QUIET } from "./light";
import { Repeater, type RepeaterSettings } from "./repeater";

/** Chirps in memory: 1,000 on the air and 100 in their first minute, and a few to spare: 38 KB of the 64 KB that a program has. */
export const CAPACITY = 1120;

/**
 * From one burst to the next. Each is one Jacdac packet to the radio, and DeviceScript lets a program send one in 20 ms; what
 * is left is for the light and for the host.
 */
export const BURST_EVERY_MS = 25;
/** A burst that comes later than this is not made up for. */
const LATE_MS = 100;
/**
 * The radio repeats what it was given after this time, the longest there is: so each burst is the one transmission that
 * comes with switching advertising on, whatever the shortest interval of the radio is.
 */
const RADIO_INTERVAL_MS = 10240;
/** After so long without a burst the radio stops advertising, well before it would repeat the last one. */
const STOP_AFTER_MS = 2000;

const MINUTE_S = 60;
/** The minute of what is heard: a repeater has no clock, and counts from the hearing. */
const NO_CLOCK = 0;
/** Timers of DeviceScript freeze after 49.7 days: restart after 38 days when nothing is in memory, after 39 in any case. */
const QUIET_RESTART_MS = 38 * 86400000;
const RESTART_MS = 39 * 86400000;

/** The repeater: radio, memory, light and host, brought together. It has no clock and stores nothing but its configuration. */
export class RepeaterDevice implements DeviceState {
  readonly role: Role;

  private readonly service: KeyfobService;
  private readonly agenda: Agenda;
  private readonly runtime: Runtime;
  private readonly faults: FaultCounters;
  private readonly clock: Clock;
  private readonly config: Config;
  private readonly frames: FrameFilter;
  private readonly host: HciHost;
  private readonly repeater: Repeater;
  private readonly light: LightPlayer;
  private isListening: boolean;
  private lastBurstMs: number;
  /** When the next burst is due. */
  private dueMs: number;
  private seconds: number;

  constructor(
    service: KeyfobService,
    agenda: Agenda,
    clock: Clock,
    board: Board,
    runtime: Runtime,
    config: Config,
    codec: RepeatedCodec,
    faults: FaultCounters,
  ) {
    const self = this; // the DeviceScript compiler has no `this` in arrow functions
    const timer = runtime.timer;
    this.role = Role.Repeater;
    this.service = service;
    this.agenda = agenda;
    this.runtime = runtime;
    this.faults = faults;
    this.clock = clock;
    this.config = config;
    this.repeater = new Repeater(
      CAPACITY,
      codec,
      this.config.value(ConfigKey.TxPowerDbm),
      this.repeaterSettings(),
      (below) => readU16(runtime.randomBytes(2), 0) % below,
    );
    this.frames = new FrameFilter([codec], this.config.hearing());
    this.host = new HciHost(board.radio, timer, this.radioSettings(), (report) => {
      const sighting = self.frames.read(report, NO_CLOCK);
      if (sighting) self.repeater.hear(sighting, timer.millis());
    });
    this.light = new LightPlayer(board.light, timer, clock, agenda, () => self.pattern());
    this.isListening = false;
    this.lastBurstMs = 0;
    this.dueMs = 0;
    this.seconds = 0;
  }

  /** Takes over the configuration and begins to work. Returns when all is under way. */
  async start(): Promise<void> {
    const self = this;
    await this.config.load();
    this.configChanged();
    this.service.offer(Group.State, new StateCommands(this, this.clock, this.config));
    if (this.faults.safeMode) return;
    keepRadio(this.agenda, this.clock, this.host, this.faults);
    this.agenda.add(async () => await self.upkeep());
    this.agenda.add(async () => await self.nextBurst());
  }

  // What the host sees

  status(): DeviceStatus {
    let flags = this.host.isUp() ? StateFlag.RadioUp : 0;
    if (this.host.isAdvertising()) flags |= StateFlag.Chirping;
    if (this.hasFault()) flags |= StateFlag.Fault;
    if (this.faults.safeMode) flags |= StateFlag.SafeMode;
    if (this.repeater.isOverCapacity(this.runtime.timer.millis())) flags |= StateFlag.OverCapacity;
    return {
      flags,
      snoozeUntil: 0,
      uptimeMs: this.runtime.timer.millis(),
      consentPurpose: Purpose.None,
      consentSeconds: 0,
    };
  }

  counters(): number[] {
    const repeater = this.repeater;
    return [
      repeater.heard,
      0,
      0,
      repeater.known,
      this.frames.ignored,
      this.frames.weak,
      repeater.minutesSent,
      repeater.minutesMissed,
      this.host.resets,
      this.host.errors,
      this.host.garbageEvents,
      0,
      this.service.refused,
      0,
      0,
      0,
      0,
      0,
      this.faults.count(Fault.Crash),
      repeater.live(this.runtime.timer.millis()),
      repeater.dropped,
    ];
  }

  /** Not offered: a repeater has no clock. */
  async clockSet(_driftMs: number): Promise<void> {}

  /** A repeater has no wearer, keeps nothing and warns nobody. */
  allowsChanges(): boolean {
    return true;
  }

  configChanged(): void {
    this.host.configure(this.radioSettings());
    this.frames.configure(this.config.hearing());
    this.repeater.configure(this.repeaterSettings());
    if (this.isQuiet()) this.repeater.forget();
    this.isListening = false;
    this.light.showNow();
  }

  private isQuiet(): boolean {
    return this.config.value(ConfigKey.Quiet) === 1;
  }

  private hasFault(): boolean {
    return this.faults.safeMode || (!this.host.isUp() && this.runtime.timer.millis() > RADIO_GRACE_MS);
  }

  private pattern(): Pattern {
    if (this.hasFault()) return FAULT;
    if (this.isQuiet()) return QUIET;
    return this.repeater.isOverCapacity(this.runtime.timer.millis()) ? OVER_CAPACITY : CHIRPING;
  }

  private radioSettings(): RadioSettings {
    const { scanIntervalMs, scanWindowMs } = this.config.radio();
    return { chirpIntervalMs: RADIO_INTERVAL_MS, scanIntervalMs, scanWindowMs };
  }

  private repeaterSettings(): RepeaterSettings {
    return {
      companyId: this.config.value(ConfigKey.CompanyId),
      leastIntervalMs: this.config.value(ConfigKey.ChirpIntervalMs),
    };
  }

  // What goes on by itself

  private async nextBurst(): Promise<number> {
    const nowMs = this.runtime.timer.millis();
    await this.burst(nowMs);
    // Nothing that comes in now is due before it is a minute old.
    if (this.repeater.inHand() === 0) this.dueMs = this.clock.nextSecond();
    else this.dueMs = Math.max(this.dueMs + BURST_EVERY_MS, nowMs - LATE_MS);
    return this.dueMs;
  }

  private async burst(nowMs: number): Promise<void> {
    const host = this.host;
    if (!host.isUp()) return;
    const advertisement = this.isQuiet() ? undefined : this.repeater.next(nowMs);
    if (advertisement) this.lastBurstMs = nowMs;
    else if (this.isListening && !(host.isAdvertising() && nowMs - this.lastBurstMs > STOP_AFTER_MS)) return;
    if (this.isQuiet()) await host.silence();
    else await host.turn(advertisement);
    this.isListening = true;
  }

  private async upkeep(): Promise<number> {
    this.repeater.expire(this.runtime.timer.millis());
    if (++this.seconds % MINUTE_S === 0) await this.faults.minutePassed();
    await this.restartInTime();
    return this.clock.nextSecond();
  }

  private async restartInTime(): Promise<void> {
    const uptimeMs = this.runtime.timer.millis();
    if (uptimeMs < QUIET_RESTART_MS) return;
    if (uptimeMs < RESTART_MS && this.repeater.inHand() > 0) return;
    await this.host.silence();
    this.repeater.forget();
    await this.faults.announceRestart();
    this.runtime.reboot();
  }
}
