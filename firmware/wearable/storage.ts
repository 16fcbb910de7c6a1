import type { Sha256 } from "../../protocol/base/sha256";
import { hourOfMinute } from "../../protocol/base/time";
import { Group, Status } from "../../protocol/keyfob/codes";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import type { Runtime } from "../base/runtime";
import { sha256 } from "../base/sha256";
import type { Board } from "../board/board";
import { MAX_SETTING_BYTES, type SettingsStore } from "../board/settingsStore";
import { EraseCommand } from "../host/eraseCommand";
import { ExportCommands } from "../host/exportCommands";
import { ImportCommands } from "../host/importCommands";
import { ResultsCommands } from "../host/resultsCommands";
import { Logs } from "../log/logs";
import { Results } from "../results/results";
import { FillerSeeds } from "../seeds/fillerSeeds";
import { SeedKeeper } from "../seeds/seedKeeper";
import { ClockState } from "../state/clock";
import { Fault } from "../state/faultCounters";
import { rememberOwnChirps } from "./restarts";
import type { Wearable } from "./wearable";

const HOURS_PER_DAY = 24;
/** So long the host has to hear that everything is erased. */
const ERASE_REPORT_MS = 3000;
/** The settings lie in a log in two areas of 16 KB, used in turn: so many values go once through both. */
const SCRUB_WRITES = 160;
const SCRUB = "scrub";

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

/** Brings what stands on the logs to life. */
export async function useStorage(w: Wearable): Promise<void> {
  const logs = w.logs;
  if (!logs) {
    w.storageFault = true;
    w.service.otherwise = Status.StorageFault;
    await noteStorageError(w);
    return;
  }
  const keeper = new SeedKeeper(sha256, logs.seeds, w.runtime.randomBytes);
  const results = new Results(logs.results, w.runtime.timer, w.random);
  w.keeper = keeper;
  w.results = results;
  w.writer.connect(logs.contacts);
  const fillers = new FillerSeeds(sha256, w.settings, w.runtime.randomBytes);
  offerStored(w, logs, keeper, results, fillers);
  if (logs.wasErasing) {
    await eraseSettings(w, fillers);
    await restartAsNew(w);
    return;
  }
  try {
    await rememberOwnChirps(w, keeper);
    await refreshAdvice(w);
  } catch (_error) {
    await noteStorageError(w);
  }
}

function offerStored(w: Wearable, logs: Logs, keeper: SeedKeeper, results: Results, fillers: FillerSeeds): void {
  const { service, clock, config, consent, runtime } = w;
  const { randomBytes, background } = runtime;
  const hash: Sha256 = sha256; // DeviceScript has no shorthand for imported names
  const imports = new ImportCommands({
    sha256: hash,
    timer: runtime.timer,
    clock,
    config,
    keys: w.keys,
    rows: logs.contacts,
    results,
    memory: w.importMemory,
    background,
    sendProgress: w.sendProgress,
    resultsChanged: async () => await refreshAdvice(w),
  });
  w.imports = imports;
  service.offer(Group.ShardImport, imports);
  service.offer(Group.SeedExport, new ExportCommands(sha256, clock, logs.seeds, keeper, fillers, consent, randomBytes));
  service.offer(Group.Results, new ResultsCommands(clock, config, results, consent));
  service.offer(
    Group.Erase,
    new EraseCommand(consent, randomBytes, async () => await eraseAll(w, logs, fillers), background),
  );
  service.otherwise = Status.NotOffered;
}

/** Reads the results again: the light may have to show something else. @throws FlashError */
export async function refreshAdvice(w: Wearable): Promise<void> {
  const firstHour = hourOfMinute(w.clock.minute()) - w.config.value(ConfigKey.RetentionDays) * HOURS_PER_DAY;
  w.advice = await (w.results as Results).advice(w.config.score(), firstHour);
}

/** Writes the rows that wait. @returns whether none is left */
export async function drain(w: Wearable): Promise<boolean> {
  const before = w.writer.errors;
  const isEmpty = await w.writer.drain();
  w.storageFault = w.writer.errors > before;
  if (w.storageFault) await w.faults.add(Fault.FlashError);
  return isEmpty;
}

/** Counts an error of the flash, but of the rows' writer, which counts its own. */
export async function noteStorageError(w: Wearable): Promise<void> {
  w.storageErrors++;
  await w.faults.add(Fault.FlashError);
}

/** Erases everything that was learned or set, and restarts as new. @throws FlashError */
async function eraseAll(w: Wearable, logs: Logs, fillers: FillerSeeds): Promise<void> {
  w.clock.state = ClockState.Unset;
  await w.host.silence();
  w.isChirping = false;
  (w.keeper as SeedKeeper).forget();
  (w.imports as ImportCommands).forget();
  // From here on a power cut leaves word in the flash: the next start finishes both.
  await logs.beginErase();
  await eraseSettings(w, fillers);
  await logs.eraseAll();
  await restartAsNew(w);
}

async function eraseSettings(w: Wearable, fillers: FillerSeeds): Promise<void> {
  w.clock.state = ClockState.Unset;
  await fillers.erase();
  await w.keys.erase();
  await w.config.erase();
  await w.session.erase();
  await scrub(w.settings);
}

async function restartAsNew(w: Wearable): Promise<void> {
  await w.faults.announceRestart();
  w.runtime.background(async () => {
    await w.runtime.timer.sleep(ERASE_REPORT_MS);
    w.runtime.reboot();
  });
}

/** DeviceScript only marks settings as deleted: their bytes go when it cleans up, which writing brings about. */
async function scrub(settings: SettingsStore): Promise<void> {
  for (let i = 0; i < SCRUB_WRITES; i++) {
    const value = Buffer.alloc(MAX_SETTING_BYTES);
    value[0] = i;
    await settings.set(SCRUB, value);
  }
  await settings.remove(SCRUB);
}
