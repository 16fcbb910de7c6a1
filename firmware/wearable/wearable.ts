import { readU16 } from "../../protocol/base/bytes";
import { Group, type Purpose, Role, StateFlag, Status } from "../../protocol/keyfob/codes";
import type { DayAdvice } from "../../protocol/match/score";
import type { Runtime } from "../base/runtime";
import { sha256 } from "../base/sha256";
import type { Board } from "../board/board";
import type { SettingsStore } from "../board/settingsStore";
import { HciHost } from "../hci/host";
import type { ImportCommands } from "../host/importCommands";
import { RegionKeyCommands } from "../host/regionKeyCommands";
import { KeyfobService } from "../host/service";
import { type DeviceState, StateCommands } from "../host/stateCommands";
import { WearerCommands } from "../host/wearerCommands";
import { FrameFilter } from "../listen/frameFilter";
import { Listener } from "../listen/listener";
import { RowWriter } from "../listen/rowWriter";
import type { Logs } from "../log/logs";
import { ImportMemory } from "../reports/shardImport";
import type { Results } from "../results/results";
import type { SeedKeeper } from "../seeds/seedKeeper";
import { Clock, ClockState } from "../state/clock";
import { Config } from "../state/config";
import { Fault, type FaultCounters } from "../state/faultCounters";
import { RegionKeys } from "../state/regionKeys";
import { Session } from "../state/session";
import { Consent } from "../wearer/consent";
import { LightPlayer } from "../wearer/light";
import { SettingsGuard } from "../wearer/settingsGuard";
import { Snooze } from "../wearer/snooze";
import { radioLoop, workLoop } from "./minutes";
import { resumeClock } from "./restarts";
import { drain, useStorage } from "./storage";
import { hasFault, isSyncing, pattern, pressed } from "./wearerView";

/** Clock corrections beyond this end the collecting of chirps that were timed by the old clock. */
const JUMP_MS = 60000;
/** In the status: no board measures its battery. */
const BATTERY_UNKNOWN = 255;

/**
 * The wearable: clock, seeds, radio, listener, log, wearer and host, brought together, and what a host is told of it. What
 * these parts do together stands in the other files of this folder.
 */
export class Wearable implements DeviceState {
  readonly role: Role;
  readonly service: KeyfobService;

  readonly board: Board;
  readonly faults: FaultCounters;
  /** Undefined while there is no flash, and in safe mode. */
  readonly logs: Logs | undefined;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly config: Config;
  readonly keys: RegionKeys;
  readonly session: Session;
  readonly settings: SettingsStore;
  readonly consent: Consent;
  readonly snooze: Snooze;
  private readonly guard: SettingsGuard;
  readonly host: HciHost;
  readonly writer: RowWriter;
  readonly listener: Listener;
  readonly importMemory: ImportMemory;
  readonly light: LightPlayer;
  /** Sends an `importProgress` report of services/keyfob.md. */
  readonly sendProgress: (report: Buffer) => Promise<void>;
  readonly random: (below: number) => number;
  private readonly filter: FrameFilter;

  /** What stands on the logs: undefined as long as they are. */
  keeper: SeedKeeper | undefined;
  imports: ImportCommands | undefined;
  results: Results | undefined;
  /** What the last run left of the listener's memory, until the listener takes it. */
  remembered: Buffer;

  isChirping: boolean;
  seedFault: boolean;
  storageFault: boolean;
  storageErrors: number;
  lastMinute: number;
  minutesChirped: number;
  minutesMissed: number;
  /** Resets of the radio that the fault counters know. */
  resetsNoted: number;
  advice: DayAdvice;
  /** The hour in which old rows and seeds were last erased. */
  expiredHour: number;

  /**
   * @param faults of which safe mode means: no radio, no logs
   * @param logs mounted before, because a mount needs memory that is all given away here; undefined if there are none
   */
  constructor(
    board: Board,
    runtime: Runtime,
    settings: SettingsStore,
    defaults: string,
    faults: FaultCounters,
    logs: Logs | undefined,
    sendProgress: (report: Buffer) => Promise<void>,
  ) {
    const self = this;
    const timer = runtime.timer;
    // The big pieces of memory first, while it is in one piece.
    this.importMemory = new ImportMemory(sha256);
    this.random = (below: number) => readU16(runtime.randomBytes(2), 0) % below;
    this.writer = new RowWriter();
    const pause = async () => {
      await drain(self);
    };
    this.listener = new Listener(sha256, pause, this.random, this.writer);
    this.role = Role.Wearable;
    this.board = board;
    this.faults = faults;
    this.logs = logs;
    this.runtime = runtime;
    this.settings = settings;
    this.sendProgress = sendProgress;
    this.clock = new Clock(timer);
    this.config = new Config(settings, defaults, Role.Wearable);
    this.keys = new RegionKeys(settings, sha256);
    this.session = new Session(settings);
    this.consent = new Consent(timer);
    this.snooze = new Snooze(this.clock);
    this.guard = new SettingsGuard(this.clock, this.consent);
    this.filter = new FrameFilter(this.config.hearing());
    this.host = new HciHost(board.radio, timer, this.config.radio(), (report) => {
      const hearing = self.filter.read(report);
      if (hearing && self.logs && self.clock.isSet()) self.listener.hear(hearing, self.clock.minute());
    });
    this.light = new LightPlayer(board.light, timer, () => pattern(self));
    this.service = new KeyfobService(timer);
    this.service.otherwise = Status.Busy;
    this.remembered = Buffer.alloc(0);
    this.isChirping = false;
    this.seedFault = false;
    this.storageFault = false;
    this.storageErrors = 0;
    this.lastMinute = 0;
    this.minutesChirped = 0;
    this.minutesMissed = 0;
    this.resetsNoted = 0;
    this.advice = "none";
    this.expiredHour = 0;
  }

  /** Takes over what the last run left, and begins to work. Returns when all is under way. */
  async start(): Promise<void> {
    const self = this;
    const state = new StateCommands(this, this.clock, this.config);
    await this.config.load();
    await this.keys.load();
    this.configChanged();
    await resumeClock(this);
    this.service.offer(Group.State, state);
    this.service.offer(Group.Clock, state);
    this.service.offer(Group.RegionKeys, new RegionKeyCommands(this.keys, this.guard));
    this.service.offer(Group.Wearer, new WearerCommands(this.consent, this.snooze, this.guard));
    this.board.onPress((heldMs) => pressed(self, heldMs));
    if (this.faults.safeMode) this.service.otherwise = Status.NotOffered;
    else await useStorage(this);
    this.runtime.background(async () => await self.light.play());
    if (this.faults.safeMode) return;
    this.runtime.background(async () => await radioLoop(self));
    this.runtime.background(async () => await workLoop(self));
  }

  flags(): number {
    let flags = this.clock.isSet() ? StateFlag.ClockSet : 0;
    if (this.clock.state === ClockState.Approximate) flags |= StateFlag.ClockApproximate;
    if (this.host.isUp()) flags |= this.isChirping ? StateFlag.RadioUp + StateFlag.Chirping : StateFlag.RadioUp;
    if (this.snooze.isOn()) flags |= StateFlag.Snoozed;
    if (isSyncing(this)) flags |= StateFlag.Syncing;
    if (hasFault(this)) flags |= StateFlag.Fault;
    if (this.faults.safeMode) flags |= StateFlag.SafeMode;
    if (this.logs) flags |= StateFlag.StorageReady;
    if (this.consent.isPending()) flags |= StateFlag.ConsentPending;
    if (this.consent.isGranted()) flags |= StateFlag.ConsentGranted;
    return flags;
  }

  snoozeUntil(): number {
    return this.snooze.until();
  }

  uptimeSeconds(): number {
    return Math.floor(this.runtime.timer.millis() / 1000);
  }

  battery(): number {
    return BATTERY_UNKNOWN;
  }

  consentPurpose(): Purpose {
    return this.consent.openPurpose();
  }

  consentSeconds(): number {
    return this.consent.secondsLeft();
  }

  counters(): number[] {
    const listener = this.listener;
    const imports = this.imports;
    return [
      listener.heard,
      listener.rows,
      listener.rowsEarly,
      listener.hearingsDropped,
      this.filter.ignored,
      this.filter.weak,
      this.minutesChirped,
      this.minutesMissed,
      this.host.resets,
      this.host.errors,
      this.host.garbageEvents,
      this.storageErrors + this.writer.errors,
      this.service.refused,
      imports ? imports.imported : 0,
      imports ? imports.verified : 0,
      imports ? imports.refusedShards : 0,
      0,
      this.session.starts,
      this.faults.count(Fault.Crash),
      0,
      listener.chirpsDropped,
    ];
  }

  async clockSet(driftMs: number): Promise<void> {
    this.snooze.shift(-driftMs);
    if (Math.abs(driftMs) > JUMP_MS) await this.listener.flush();
    if (this.board.clockChip) await this.board.clockChip.set(this.clock.seconds());
    await this.session.checkpoint(this.clock);
    this.light.showNow();
  }

  allowsChanges(): boolean {
    return this.guard.allows();
  }

  configChanged(): void {
    this.host.configure(this.config.radio());
    this.filter.configure(this.config.hearing());
  }
}
