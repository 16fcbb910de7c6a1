import { readU16 } from "../../protocol/base/bytes";
import type { Sha256 } from "../../protocol/base/sha256";
import { type BeaconCodec, kindsOf } from "../../protocol/beacon/sighting";
import { Group, Role, Status } from "../../protocol/keyfob/codes";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import { Agenda } from "../base/agenda";
import type { Runtime } from "../base/runtime";
import { sha256 } from "../base/sha256";
import type { Board } from "../board/board";
import type { SettingsStore } from "../board/settingsStore";
import { HciHost } from "../hci/host";
import { EraseCommand } from "../host/eraseCommand";
import { ExportCommands } from "../host/exportCommands";
import { ImportCommands } from "../host/importCommands";
import { RegionKeyCommands } from "../host/regionKeyCommands";
import { ResultsCommands } from "../host/resultsCommands";
import { KeyfobService } from "../host/service";
import { StateCommands } from "../host/stateCommands";
import { WearerCommands } from "../host/wearerCommands";
import { FrameFilter } from "../listen/frameFilter";
import { Listener } from "../listen/listener";
import { RowWriter } from "../listen/rowWriter";
import type { Logs } from "../log/logs";
import { ImportMemory } from "../reports/shardImport";
import { Results } from "../results/results";
import { FillerSeeds } from "../seeds/fillerSeeds";
import { SeedKeeper } from "../seeds/seedKeeper";
import { Clock } from "../state/clock";
import { Config } from "../state/config";
import { Fault, type FaultCounters } from "../state/faultCounters";
import { keepRadio } from "../state/radioUpkeep";
import { RegionKeys } from "../state/regionKeys";
import { Session } from "../state/session";
import { Consent } from "../wearer/consent";
import { LightPlayer } from "../wearer/lightPlayer";
import { CONSENT_GIVEN, CONSENT_REFUSED } from "../wearer/patterns";
import { SettingsGuard } from "../wearer/settingsGuard";
import { Snooze } from "../wearer/snooze";
import { DeviceReport } from "./deviceReport";
import { eraseSettings } from "./erasure";
import { Minutes } from "./minutes";
import { QUIET_RESTART_MS, RESTART_MS, restart, restartAsNew } from "./restarts";
import { openLogs, Storage } from "./storage";

/** A press of at least so long snoozes, or refuses. */
const LONG_PRESS_MS = 1500;
const STORAGE_RETRY_MS = 10000;

/**
 * Brings the parts of a wearable together, takes over what the last run left, and begins to work. Returns when all is under way.
 *
 * @param faults of which safe mode means: no radio, no logs
 * @param logs mounted before, because a mount needs memory that is all given away here; undefined if there are none
 * @param serve begins to answer a host. @returns what sends an `importProgress` report of services/keyfob.md
 */
export async function runWearable(
  board: Board,
  runtime: Runtime,
  settings: SettingsStore,
  defaults: string,
  faults: FaultCounters,
  logs: Logs | undefined,
  codecs: BeaconCodec[],
  serve: (agenda: Agenda, clock: Clock, service: KeyfobService) => (report: Buffer) => Promise<void>,
): Promise<void> {
  const { timer, randomBytes, background } = runtime;
  const { clockChip } = board;
  const hash: Sha256 = sha256; // DeviceScript has no shorthand for imported names
  const clock = new Clock(timer);
  const agenda = new Agenda(runtime);
  // The big pieces of memory first, while it is in one piece.
  const memory = new ImportMemory(sha256);
  const random = (below: number) => readU16(randomBytes(2), 0) % below;
  const writer = new RowWriter();
  const config = new Config(settings, defaults, Role.Wearable, kindsOf(codecs));
  const keeper = logs ? new SeedKeeper(sha256, logs.seeds, randomBytes) : undefined;
  const results = logs ? new Results(logs.results, timer, random) : undefined;
  const storage = new Storage(runtime, clock, config, faults, writer, logs, keeper, results);
  const drain = async () => {
    await storage.drain();
  };
  const service = new KeyfobService(timer);
  service.otherwise = Status.Busy;
  const sendProgress = serve(agenda, clock, service);
  const listener = new Listener(sha256, drain, random, writer);
  const keys = new RegionKeys(settings, sha256);
  const session = new Session(settings);
  const consent = new Consent(timer);
  const snooze = new Snooze(clock);
  const guard = new SettingsGuard(clock, consent);
  const frames = new FrameFilter(codecs, config.hearing());
  const host = new HciHost(board.radio, timer, config.radio(), (report) => {
    const sighting = frames.read(report, clock.minute());
    if (sighting && logs && clock.isSet()) listener.hear(sighting);
  });
  const imports =
    logs && results
      ? new ImportCommands({
          sha256: hash,
          timer,
          clock,
          config,
          keys,
          rows: logs.contacts,
          results,
          memory,
          background,
          sendProgress,
          resultsChanged: async () => await storage.refreshAdvice(),
        })
      : undefined;
  const minutes = new Minutes(clock, config, snooze, host, listener, storage, session, faults);

  if (board.radioJob) agenda.add(board.radioJob);
  await config.load();
  await keys.load();
  const handover = await session.resume(clock);
  if (handover) snooze.resume(handover.snoozeUntil);
  if (clockChip) {
    const seconds = await clockChip.read();
    if (seconds !== undefined) clock.adopt(seconds);
    else await faults.add(Fault.ClockLost);
  }
  const light = new LightPlayer(board.light, timer, clock, agenda, () => report.pattern());
  const report: DeviceReport = new DeviceReport({
    clock,
    clockChip,
    config,
    consent,
    faults,
    frames,
    guard,
    hasLogs: logs !== undefined,
    host,
    imports,
    light,
    listener,
    minutes,
    service,
    session,
    snooze,
    storage,
    timer,
    writer,
  });
  report.configChanged();
  const state = new StateCommands(report, clock, config);
  service.offer(Group.State, state);
  service.offer(Group.Clock, state);
  service.offer(Group.RegionKeys, new RegionKeyCommands(keys, guard));
  service.offer(Group.Wearer, new WearerCommands(consent, snooze, guard));
  board.onPress((heldMs) => {
    const isLong = heldMs >= LONG_PRESS_MS;
    if (consent.answer(heldMs, isLong ? Status.Refused : Status.Ok)) {
      light.flash(isLong ? CONSENT_REFUSED : CONSENT_GIVEN);
      return;
    }
    if (isLong) snooze.begin(snooze.isOn() ? 0 : config.value(ConfigKey.SnoozeMinutes));
    light.showNow();
  });
  service.otherwise = logs || faults.safeMode ? Status.NotOffered : Status.StorageFault;
  if (faults.safeMode) return;
  keepRadio(agenda, clock, host, faults);
  if (!logs || !keeper || !results || !imports) {
    await storage.noteError();
    agenda.add(async () => {
      // The logs want their memory before everything else has its: a store that comes late is taken up by a restart.
      if (await openLogs(board, runtime)) await restart(runtime, clock, session, faults, snooze, listener);
      return timer.millis() + STORAGE_RETRY_MS;
    });
    return;
  }

  const fillers = new FillerSeeds(sha256, settings, randomBytes);
  const eraseAll = async () => {
    clock.forget();
    await host.silence();
    keeper.forget();
    imports.forget();
    // From here on a power cut leaves word in the flash: the next start finishes both.
    await logs.beginErase();
    await eraseSettings(clock, fillers, keys, config, session, settings);
    await logs.eraseAll();
    await restartAsNew(runtime, agenda, faults);
  };
  service.offer(Group.ShardImport, imports);
  service.offer(Group.SeedExport, new ExportCommands(sha256, clock, logs.seeds, keeper, fillers, consent, randomBytes));
  service.offer(Group.Results, new ResultsCommands(clock, results, consent));
  service.offer(Group.Erase, new EraseCommand(consent, randomBytes, eraseAll, background));
  if (logs.wasErasing) {
    await eraseSettings(clock, fillers, keys, config, session, settings);
    await restartAsNew(runtime, agenda, faults);
  } else {
    await storage.attempt(async () => {
      if (clock.isSet()) {
        if (handover) listener.restore(handover.remembered, clock.minute());
        await storage.recallChirps(listener);
      }
      await storage.refreshAdvice();
    });
  }
  // Before timers freeze, and in a minute in which nobody is near and no host at work, if there is one.
  const restartInTime = async () => {
    const isOverdue = timer.millis() > RESTART_MS;
    if (consent.isPending() || report.isSyncing() || (listener.inHand() > 0 && !isOverdue)) return;
    await host.silence();
    await listener.flush();
    if ((await storage.drain()) || isOverdue) await restart(runtime, clock, session, faults, snooze, listener);
  };
  agenda.add(async () => {
    if ((await minutes.turn()) && timer.millis() > QUIET_RESTART_MS) await restartInTime();
    return clock.nextSecond();
  });
}
