import type { Runtime } from "../firmware/base/runtime";
import type { Board } from "../firmware/board/board";
import type { SettingsStore } from "../firmware/board/settingsStore";
import { HciHost, type RadioSettings } from "../firmware/hci/host";
import { KeyfobService } from "../firmware/host/service";
import { type DeviceState, StateCommands } from "../firmware/host/stateCommands";
import { FrameFilter } from "../firmware/listen/frameFilter";
import { Clock } from "../firmware/state/clock";
import { Config } from "../firmware/state/config";
import { Fault, FaultCounters } from "../firmware/state/faultCounters";
import { CHIRPING, FAULT, LightPlayer, type Pattern } from "../firmware/wearer/light";
import { readU16 } from "../protocol/base/bytes";
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

const SECOND_MS = 1000;
const MINUTE_S = 60;
/** Timers of DeviceScript freeze after 49.7 days: restart after 38 days when nothing is in memory, after 39 in any case. */
const QUIET_RESTART_MS = 38 * 86400000;
const RESTART_MS = 39 * 86400000;
const RADIO_GRACE_MS = 10000;
const MAINS = 255;

/** The repeater: radio, memory, light and host, brought together. It has no clock and stores nothing but its configuration. */
export class RepeaterDevice implements DeviceState {
  readonly role: Role;
  readonly service: KeyfobService;

  private readonly runtime: Runtime;
  private readonly settings: SettingsStore;
  private readonly clock: Clock;
  private readonly config: Config;
  private readonly filter: FrameFilter;
  private readonly host: HciHost;
  private readonly repeater: Repeater;
  private readonly light: LightPlayer;
  private faults: FaultCounters | undefined;
  private resetsNoted: number;
  private isListening: boolean;
  private isAdvertising: boolean;
  private lastBurstMs: number;

  constructor(board: Board, runtime: Runtime, settings: SettingsStore, defaults: string) {
    const self = this; // the DeviceScript compiler has no `this` in arrow functions
    const timer = runtime.timer;
    this.role = Role.Repeater;
    this.runtime = runtime;
    this.settings = settings;
    this.clock = new Clock(timer);
    this.config = new Config(settings, defaults, Role.Repeater);
    this.repeater = new Repeater(
      CAPACITY,
      this.config.value(ConfigKey.TxPowerDbm),
      this.repeaterSettings(),
      (below) => readU16(runtime.randomBytes(2), 0) % below,
    );
    this.filter = new FrameFilter(this.config.hearing());
    this.host = new HciHost(board.radio, timer, this.radioSettings(), (report) => {
      const hearing = self.filter.read(report);
      if (hearing) self.repeater.hear(hearing, timer.millis());
    });
    this.light = new LightPlayer(board.light, timer, () => self.pattern());
    this.service = new KeyfobService(timer);
    this.resetsNoted = 0;
    this.isListening = false;
    this.isAdvertising = false;
    this.lastBurstMs = 0;
  }

  /** Takes over the configuration and begins to work. Returns when all is under way. */
  async start(): Promise<void> {
    const self = this;
    this.faults = await FaultCounters.start(this.settings);
    await this.config.load();
    this.configChanged();
    this.service.offer(Group.State, new StateCommands(this, this.clock, this.config));
    this.runtime.background(async () => await self.light.play());
    if (this.faults.safeMode) return;
    this.runtime.background(async () => await self.upkeepLoop());
    this.runtime.background(async () => await self.burstLoop());
  }

  // What the host sees

  flags(): number {
    let flags = this.host.isUp() ? StateFlag.RadioUp : 0;
    if (this.isAdvertising && this.host.isUp()) flags |= StateFlag.Chirping;
    if (this.hasFault()) flags |= StateFlag.Fault;
    if (this.isSafeMode()) flags |= StateFlag.SafeMode;
    if (this.repeater.isOverCapacity(this.runtime.timer.millis())) flags |= StateFlag.OverCapacity;
    return flags;
  }

  snoozeUntil(): number {
    return 0;
  }

  uptimeSeconds(): number {
    return Math.floor(this.runtime.timer.millis() / SECOND_MS);
  }

  battery(): number {
    return MAINS;
  }

  consentPurpose(): Purpose {
    return Purpose.None;
  }

  consentSeconds(): number {
    return 0;
  }

  counters(): number[] {
    const repeater = this.repeater;
    return [
      repeater.heard,
      0,
      0,
      repeater.known,
      this.filter.ignored,
      this.filter.weak,
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
      this.faults ? this.faults.count(Fault.Crash) : 0,
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
    this.filter.configure(this.config.hearing());
    this.repeater.configure(this.repeaterSettings());
    if (this.isQuiet()) this.repeater.forget();
    this.isListening = false;
    this.light.showNow();
  }

  private isQuiet(): boolean {
    return this.config.value(ConfigKey.Quiet) === 1;
  }

  private isSafeMode(): boolean {
    return this.faults?.safeMode === true;
  }

  private hasFault(): boolean {
    return this.isSafeMode() || (!this.host.isUp() && this.runtime.timer.millis() > RADIO_GRACE_MS);
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

  private async burstLoop(): Promise<void> {
    const timer = this.runtime.timer;
    let dueMs = timer.millis();
    while (true) {
      const nowMs = timer.millis();
      await this.burst(nowMs);
      // Nothing that comes in now is due before it is a minute old.
      if (this.repeater.inHand() === 0) dueMs = nowMs + SECOND_MS;
      else dueMs = Math.max(dueMs + BURST_EVERY_MS, nowMs - LATE_MS);
      await timer.sleep(Math.max(1, dueMs - timer.millis()));
    }
  }

  private async burst(nowMs: number): Promise<void> {
    if (!this.host.isUp()) return;
    const advertisement = this.isQuiet() ? undefined : this.repeater.next(nowMs);
    if (advertisement) {
      await this.host.turn(advertisement);
      this.lastBurstMs = nowMs;
      this.isAdvertising = true;
      this.isListening = true;
    } else if (!this.isListening || (this.isAdvertising && nowMs - this.lastBurstMs > STOP_AFTER_MS)) {
      if (this.isQuiet()) await this.host.silence();
      else await this.host.turn(undefined);
      this.isAdvertising = false;
      this.isListening = true;
    }
  }

  private async upkeepLoop(): Promise<void> {
    const timer = this.runtime.timer;
    const faults = this.faults as FaultCounters;
    let seconds = 0;
    while (true) {
      seconds++;
      await this.host.supervise();
      if (this.host.resets > this.resetsNoted) {
        this.resetsNoted = this.host.resets;
        await faults.add(Fault.RadioReset);
      }
      this.repeater.expire(timer.millis());
      if (seconds % MINUTE_S === 0) await faults.minutePassed();
      await this.restartInTime();
      await timer.sleep(SECOND_MS);
    }
  }

  private async restartInTime(): Promise<void> {
    const uptimeMs = this.runtime.timer.millis();
    if (uptimeMs < QUIET_RESTART_MS) return;
    if (uptimeMs < RESTART_MS && this.repeater.inHand() > 0) return;
    await this.host.silence();
    this.repeater.forget();
    await (this.faults as FaultCounters).announceRestart();
    this.runtime.reboot();
  }
}
