import { readU16 } from "../protocol/bytes";
import { type Advertisement, encodeFrame, MAX_AGE_MINUTES } from "../protocol/frame";
import type { DayAdvice } from "../protocol/score";
import type { Sha256 } from "../protocol/sha256";
import { hourOfMinute } from "../protocol/time";
import type { Board } from "./board";
import { Clock, ClockState } from "./clock/clock";
import { Fault, FaultCounters } from "./faults/faultCounters";
import { HciHost } from "./hci/host";
import { type Purpose, Role, StateFlag, Status } from "./keyfob/codes";
import { Group } from "./keyfob/commandGroup";
import { EraseCommand } from "./keyfob/eraseCommand";
import { ExportCommands } from "./keyfob/exportCommands";
import { ImportCommands } from "./keyfob/importCommands";
import { RegionKeyCommands } from "./keyfob/regionKeyCommands";
import { ResultsCommands } from "./keyfob/resultsCommands";
import { KeyfobService } from "./keyfob/service";
import { type DeviceState, StateCommands } from "./keyfob/stateCommands";
import { WearerCommands } from "./keyfob/wearerCommands";
import { FrameFilter } from "./listen/frameFilter";
import { Listener } from "./listen/listener";
import { RowWriter } from "./listen/rowWriter";
import { Logs } from "./log/logs";
import { Results } from "./results/results";
import type { Runtime } from "./runtime";
import { FillerSeeds } from "./seeds/fillerSeeds";
import { SeedKeeper } from "./seeds/seedKeeper";
import { sha256 } from "./sha256";
import { ImportMemory } from "./shards/shardImport";
import { Config, ConfigKey, type Tunables } from "./state/config";
import { RegionKeys } from "./state/regionKeys";
import { MAX_REMEMBERED_BYTES, Session } from "./state/session";
import type { SettingsStore } from "./state/settingsStore";
import { Consent } from "./wearer/consent";
import {
  ALERT,
  ASKING,
  CHIRPING,
  CONSENT_GIVEN,
  CONSENT_REFUSED,
  FAULT,
  LightPlayer,
  NEEDS_CLOCK,
  type Pattern,
  SNOOZED,
  SYNCING,
} from "./wearer/light";
import { Snooze } from "./wearer/snooze";

const SECOND_MS = 1000;
/** A press of at least so long snoozes, or refuses. */
const LONG_PRESS_MS = 1500;
/** Clock corrections beyond this end the collecting of chirps that were timed by the old clock. */
const JUMP_MS = 60000;
/** Timers of DeviceScript freeze after 49.7 days: restart in a quiet minute after 38 days, in any after 39. */
const QUIET_RESTART_MS = 38 * 86400000;
const RESTART_MS = 39 * 86400000;
const STORAGE_RETRY_MS = 10000;
const RADIO_GRACE_MS = 10000;
const ERASE_REPORT_MS = 3000;
/** In the status: no board measures its battery. */
const BATTERY_UNKNOWN = 255;
const HOURS_PER_DAY = 24;
/** Rows waiting that are worth a write of their own between two minutes. */
const DRAIN_ROWS = 16;
/** Minute of the hour in which old rows and seeds are erased, and the one in which the next hour's seed is made. */
const EXPIRE_MINUTE = 30;
const PREPARE_MINUTE = 59;

/** Fault counters as the settings keep them. Counting this start, they say whether it is one too many. */
export async function startFaultCounters(settings: SettingsStore): Promise<FaultCounters> {
  return await FaultCounters.start({
    load: async () => await settings.get("faults"),
    save: async (record) => {
      await settings.set("faults", record);
    },
  });
}

/** The logs on the board's flash, mounted, or undefined if there is none that works. */
export async function openLogs(board: Board, runtime: Runtime): Promise<Logs | undefined> {
  try {
    const logs = new Logs(await board.openFlash(), async () => await runtime.timer.sleep(1));
    await logs.mount();
    return logs;
  } catch (_error) {
    return undefined;
  }
}

/** The wearable: clock, seeds, radio, listener, log, wearer and host, brought together. */
export class Wearable implements DeviceState {
  readonly role: Role;
  readonly service: KeyfobService;

  private readonly board: Board;
  private readonly faults: FaultCounters;
  /** Undefined while there is no flash, and in safe mode. */
  private readonly logs: Logs | undefined;
  private readonly runtime: Runtime;
  private readonly clock: Clock;
  private readonly config: Config;
  private readonly keys: RegionKeys;
  private readonly session: Session;
  private readonly settings: SettingsStore;
  private readonly consent: Consent;
  private readonly snooze: Snooze;
  private readonly filter: FrameFilter;
  private readonly host: HciHost;
  private readonly writer: RowWriter;
  private readonly listener: Listener;
  private readonly importMemory: ImportMemory;
  private readonly light: LightPlayer;
  private readonly sendProgress: (report: Buffer) => Promise<void>;

  private keeper: SeedKeeper | undefined;
  private imports: ImportCommands | undefined;
  private results: Results | undefined;
  private remembered: Buffer;
  private readonly random: (below: number) => number;

  private isChirping: boolean;
  private seedFault: boolean;
  private storageFault: boolean;
  private lastMinute: number;
  private minutesChirped: number;
  private minutesMissed: number;
  private storageErrors: number;
  private resetsNoted: number;
  private advice: DayAdvice;
  private expiredHour: number;

  /**
   * @param faults of which safe mode means: no radio, no logs
   * @param logs mounted before, because a mount needs memory that is all given away here; undefined if there are none
   * @param sendProgress sends an `importProgress` report of services/keyfob.md
   */
  constructor(
    board: Board,
    runtime: Runtime,
    settings: SettingsStore,
    tunables: Tunables,
    faults: FaultCounters,
    logs: Logs | undefined,
    sendProgress: (report: Buffer) => Promise<void>,
  ) {
    const self = this;
    const timer = runtime.timer;
    const randomBytes = runtime.randomBytes;
    // The big pieces of memory first, while it is in one piece.
    this.importMemory = new ImportMemory(sha256);
    this.random = (below: number) => readU16(randomBytes(2), 0) % below;
    this.writer = new RowWriter();
    this.listener = new Listener(sha256, async () => await self.drain(), this.random, this.writer);
    this.role = Role.Wearable;
    this.board = board;
    this.faults = faults;
    this.logs = logs;
    this.runtime = runtime;
    this.settings = settings;
    this.sendProgress = sendProgress;
    this.clock = new Clock(timer);
    this.config = new Config(settings, tunables, false);
    this.keys = new RegionKeys(settings, sha256);
    this.session = new Session(settings);
    this.consent = new Consent(timer);
    this.snooze = new Snooze(this.clock);
    this.filter = new FrameFilter(this.config.hearing());
    this.host = new HciHost(board.radio, timer, this.config.radio(), (report) => {
      const hearing = self.filter.read(report);
      if (hearing && self.logs && self.clock.isSet()) self.listener.hear(hearing, self.clock.minute());
    });
    this.light = new LightPlayer(board.light, timer, () => self.pattern());
    this.service = new KeyfobService(timer);
    this.service.otherwise = Status.Busy;
    this.remembered = Buffer.alloc(0);
    this.isChirping = false;
    this.seedFault = false;
    this.storageFault = false;
    this.lastMinute = 0;
    this.minutesChirped = 0;
    this.minutesMissed = 0;
    this.storageErrors = 0;
    this.resetsNoted = 0;
    this.advice = "none";
    this.expiredHour = 0;
  }

  /** Takes over what the last run left, and begins to work. Returns when all is under way. */
  async start(): Promise<void> {
    const self = this;
    await this.config.load();
    await this.keys.load();
    this.host.configure(this.config.radio());
    this.filter.configure(this.config.hearing());
    await this.resumeClock();
    this.service.offer(Group.State, new StateCommands(this, this.clock, this.config, true));
    this.service.offer(Group.RegionKeys, new RegionKeyCommands(this.keys));
    this.service.offer(Group.Wearer, new WearerCommands(this.consent, this.snooze));
    this.board.onPress((heldMs) => self.pressed(heldMs));
    if (this.faults.safeMode) this.service.otherwise = Status.NotOffered;
    else await this.useStorage();
    this.runtime.background(async () => await self.lightLoop());
    if (this.faults.safeMode) return;
    this.runtime.background(async () => await self.radioLoop());
    this.runtime.background(async () => await self.workLoop());
  }

  // What the wearer and the host see

  flags(): number {
    let flags = this.clock.isSet() ? StateFlag.ClockSet : 0;
    if (this.clock.state === ClockState.Approximate) flags |= StateFlag.ClockApproximate;
    if (this.host.isUp()) flags |= StateFlag.RadioUp;
    if (this.isChirping && this.host.isUp()) flags |= StateFlag.Chirping;
    if (this.snooze.isOn()) flags |= StateFlag.Snoozed;
    if (this.isSyncing()) flags |= StateFlag.Syncing;
    if (this.hasFault()) flags |= StateFlag.Fault;
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
    return Math.floor(this.runtime.timer.millis() / SECOND_MS);
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

  configChanged(): void {
    this.host.configure(this.config.radio());
    this.filter.configure(this.config.hearing());
  }

  private pressed(heldMs: number): void {
    const light = this.light;
    if (heldMs < LONG_PRESS_MS) {
      if (this.consent.grant(heldMs)) {
        light.flash(CONSENT_GIVEN);
      } else light.showNow();
      return;
    }
    if (this.consent.refuse(heldMs)) {
      light.flash(CONSENT_REFUSED);
      return;
    }
    this.snooze.begin(this.snooze.isOn() ? 0 : this.config.value(ConfigKey.SnoozeMinutes));
    light.showNow();
  }

  private pattern(): Pattern {
    if (this.consent.isPending()) return ASKING;
    if (this.hasFault()) return FAULT;
    if (!this.clock.isSet()) return NEEDS_CLOCK;
    if (this.isSyncing()) return SYNCING;
    if (this.advice === "alert") return ALERT;
    return this.snooze.isOn() ? SNOOZED : CHIRPING;
  }

  private isSyncing(): boolean {
    return this.consent.isGranted() || this.imports?.isActive();
  }

  private hasFault(): boolean {
    if (this.storageFault || this.seedFault || this.faults.safeMode) return true;
    return !this.host.isUp() && this.runtime.timer.millis() > RADIO_GRACE_MS;
  }

  // What goes on by itself

  private async lightLoop(): Promise<void> {
    while (true) await this.light.playPeriod();
  }

  private async radioLoop(): Promise<void> {
    const faults = this.faults;
    while (true) {
      await this.host.supervise();
      if (this.host.resets > this.resetsNoted) {
        this.resetsNoted = this.host.resets;
        await faults.add(Fault.RadioReset);
      }
      await this.runtime.timer.sleep(SECOND_MS);
    }
  }

  private async workLoop(): Promise<void> {
    const timer = this.runtime.timer;
    while (!this.logs) {
      // The logs want their memory before everything else has its: a store that comes late is taken up by a restart.
      await timer.sleep(STORAGE_RETRY_MS);
      if (await openLogs(this.board, this.runtime)) await this.restart(this.clock.minute());
    }
    while (true) {
      const minute = this.clock.minute();
      if (minute !== this.lastMinute && this.logs) await this.turnMinute(minute);
      if (this.writer.waiting >= DRAIN_ROWS) await this.drain();
      await timer.sleep(this.clock.isSet() ? Math.min(SECOND_MS, this.clock.untilNextMinute()) : SECOND_MS);
    }
  }

  /** Brings what stands on the logs to life. */
  private async useStorage(): Promise<void> {
    const logs = this.logs;
    if (!logs) {
      this.storageFault = true;
      this.service.otherwise = Status.StorageFault;
      await this.noteStorageError();
      return;
    }
    const keeper = new SeedKeeper(sha256, logs.seeds, this.runtime.randomBytes);
    const results = new Results(logs.results, this.runtime.timer, this.random);
    this.keeper = keeper;
    this.results = results;
    this.writer.connect(logs.contacts);
    this.offerStored(logs, keeper, results);
    try {
      await this.rememberOwnChirps(keeper);
      await this.refreshAdvice();
    } catch (_error) {
      await this.noteStorageError();
    }
  }

  private offerStored(logs: Logs, keeper: SeedKeeper, results: Results): void {
    const self = this;
    const runtime = this.runtime;
    const randomBytes = runtime.randomBytes;
    const fillers = new FillerSeeds(sha256, this.settings, randomBytes);
    const hash: Sha256 = sha256; // DeviceScript has no shorthand for imported names
    this.imports = new ImportCommands({
      sha256: hash,
      timer: runtime.timer,
      clock: this.clock,
      config: this.config,
      keys: this.keys,
      rows: logs.contacts,
      results,
      memory: this.importMemory,
      background: runtime.background,
      sendProgress: this.sendProgress,
      resultsChanged: async () => await self.refreshAdvice(),
    });
    this.service.offer(
      Group.Export,
      new ExportCommands(sha256, this.clock, logs.seeds, keeper, fillers, this.consent, randomBytes),
    );
    this.service.offer(Group.Import, this.imports);
    this.service.offer(Group.Results, new ResultsCommands(this.clock, this.config, results, this.consent));
    this.service.offer(
      Group.Erase,
      new EraseCommand(this.consent, randomBytes, async () => await self.eraseAll(fillers), runtime.background),
    );
    this.service.otherwise = Status.NotOffered;
  }

  /** Begins a minute: first the chirp, which must not be late, then everything that may take its time. */
  private async turnMinute(minute: number): Promise<void> {
    const listener = this.listener;
    const keeper = this.keeper as SeedKeeper;
    const missed = this.lastMinute === 0 ? 0 : minute - this.lastMinute - 1;
    if (missed > 0 && missed < HOURS_PER_DAY * 60) this.minutesMissed += missed;
    this.lastMinute = minute;
    let advertisement: Advertisement | undefined;
    try {
      const chirp = await keeper.chirp(minute);
      listener.own(chirp, minute);
      if (!this.snooze.isOn())
        advertisement = encodeFrame(
          chirp,
          this.config.value(ConfigKey.TxPowerDbm),
          0,
          this.config.value(ConfigKey.CompanyId),
        );
      this.seedFault = false;
    } catch (_error) {
      this.seedFault = true;
      await this.noteStorageError();
    }
    await this.host.turn(advertisement);
    this.isChirping = advertisement !== undefined;
    if (this.isChirping && this.host.isUp()) this.minutesChirped++;
    await listener.turn(minute);
    await this.drain();
    await this.session.checkpoint(this.clock);
    await this.faults.minutePassed();
    await this.keepHouse(minute);
    await this.restartInTime(minute);
  }

  /** What is due now and then, and at worst delays itself. */
  private async keepHouse(minute: number): Promise<void> {
    const hour = hourOfMinute(minute);
    const logs = this.logs as Logs;
    try {
      if (minute % 60 === PREPARE_MINUTE) await (this.keeper as SeedKeeper).prepare(hour + 1);
      if (minute % 60 < EXPIRE_MINUTE || hour === this.expiredHour) return;
      this.expiredHour = hour;
      const lastHour = hour - this.config.value(ConfigKey.RetentionDays) * HOURS_PER_DAY - 1;
      const self = this;
      this.runtime.background(async () => {
        try {
          await logs.expire(lastHour);
          await self.refreshAdvice();
        } catch (_error) {
          await self.noteStorageError();
        }
      });
    } catch (_error) {
      await this.noteStorageError();
    }
  }

  /** Restarts before timers freeze, in a minute in which nobody is near if there is one, and hands over to the next run. */
  private async restartInTime(minute: number): Promise<void> {
    const uptimeMs = this.runtime.timer.millis();
    const listener = this.listener;
    if (uptimeMs < QUIET_RESTART_MS || this.isSyncing() || this.consent.isPending()) return;
    if (uptimeMs < RESTART_MS && listener.inHand() > 0) return;
    await this.host.silence();
    await listener.flush();
    if (!(await this.drain()) && uptimeMs < RESTART_MS) return;
    await this.restart(minute);
  }

  private async restart(minute: number): Promise<void> {
    const remembered = this.listener.remembered(minute, MAX_REMEMBERED_BYTES);
    await this.faults.announceRestart();
    await this.session.handOver(this.clock, { snoozeUntil: this.snooze.until(), remembered });
    this.runtime.reboot();
  }

  private async resumeClock(): Promise<void> {
    const handover = await this.session.resume(this.clock);
    if (handover) {
      this.snooze.resume(handover.snoozeUntil);
      this.remembered = handover.remembered;
    }
    if (!this.board.clockChip) return;
    const seconds = await this.board.clockChip.read();
    if (seconds !== undefined) this.clock.adopt(seconds);
    else await this.faults.add(Fault.ClockLost);
  }

  /** Repeaters may still send what we chirped before a restart, and neighbours what already has its row. */
  private async rememberOwnChirps(keeper: SeedKeeper): Promise<void> {
    if (!this.clock.isSet()) return;
    const now = this.clock.minute();
    this.listener.restore(this.remembered, now);
    this.remembered = Buffer.alloc(0);
    for (let minute = now - MAX_AGE_MINUTES - 1; minute <= now; minute++) {
      const chirp = await keeper.pastChirp(minute);
      if (chirp) this.listener.own(chirp, now);
    }
    keeper.forget();
  }

  private async refreshAdvice(): Promise<void> {
    const firstHour = hourOfMinute(this.clock.minute()) - this.config.value(ConfigKey.RetentionDays) * HOURS_PER_DAY;
    this.advice = await (this.results as Results).advice(this.config.score(), firstHour);
  }

  private async drain(): Promise<boolean> {
    const writer = this.writer;
    const before = writer.errors;
    const isEmpty = await writer.drain();
    this.storageFault = writer.errors > before;
    if (this.storageFault) await this.faults.add(Fault.FlashError);
    return isEmpty;
  }

  private async noteStorageError(): Promise<void> {
    this.storageErrors++;
    await this.faults.add(Fault.FlashError);
  }

  /** Erases everything that was learned or set, and restarts as new. @throws FlashError */
  private async eraseAll(fillers: FillerSeeds): Promise<void> {
    const self = this;
    const logs = this.logs as Logs;
    this.clock.state = ClockState.Unset;
    await this.host.silence();
    this.isChirping = false;
    (this.keeper as SeedKeeper).forget();
    (this.imports as ImportCommands).forget();
    await logs.eraseAll();
    await fillers.erase();
    await this.keys.erase();
    await this.config.erase();
    await this.session.erase();
    await this.faults.announceRestart();
    this.runtime.background(async () => {
      await self.runtime.timer.sleep(ERASE_REPORT_MS);
      self.runtime.reboot();
    });
  }
}
