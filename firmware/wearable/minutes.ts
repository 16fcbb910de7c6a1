import { hourOfMinute } from "../../protocol/base/time";
import { type Advertisement, encodeFrame } from "../../protocol/beacon/frame";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import type { Logs } from "../log/logs";
import type { SeedKeeper } from "../seeds/seedKeeper";
import { Fault } from "../state/faultCounters";
import { restart, restartInTime } from "./restarts";
import { drain, noteStorageError, openLogs, refreshAdvice } from "./storage";
import type { Wearable } from "./wearable";

const SECOND_MS = 1000;
const STORAGE_RETRY_MS = 10000;
const HOURS_PER_DAY = 24;
/** Rows waiting that are worth a write of their own between two minutes. */
const DRAIN_ROWS = 16;
/** Minute of the hour in which old rows and seeds are erased, and the one in which the next hour's seed is made. */
const EXPIRE_MINUTE = 30;
const PREPARE_MINUTE = 59;

/** Keeps the radio alive. */
export async function radioLoop(w: Wearable): Promise<void> {
  while (true) {
    await w.host.supervise();
    if (w.host.resets > w.resetsNoted) {
      w.resetsNoted = w.host.resets;
      await w.faults.add(Fault.RadioReset);
    }
    await w.runtime.timer.sleep(SECOND_MS);
  }
}

/** Turns minute after minute, if there are logs to do it on. */
export async function workLoop(w: Wearable): Promise<void> {
  const timer = w.runtime.timer;
  while (!w.logs) {
    // The logs want their memory before everything else has its: a store that comes late is taken up by a restart.
    await timer.sleep(STORAGE_RETRY_MS);
    if (await openLogs(w.board, w.runtime)) await restart(w);
  }
  while (true) {
    const minute = w.clock.minute();
    if (minute !== w.lastMinute) await turnMinute(w, minute);
    if (w.writer.waiting >= DRAIN_ROWS) await drain(w);
    await timer.sleep(w.clock.isSet() ? Math.min(SECOND_MS, w.clock.untilNextMinute()) : SECOND_MS);
  }
}

/** Begins a minute: first the chirp, which must not be late, then everything that may take its time. */
async function turnMinute(w: Wearable, minute: number): Promise<void> {
  const missed = w.lastMinute === 0 ? 0 : minute - w.lastMinute - 1;
  if (missed > 0 && missed < HOURS_PER_DAY * 60) w.minutesMissed += missed;
  w.lastMinute = minute;
  let advertisement: Advertisement | undefined;
  try {
    const chirp = await (w.keeper as SeedKeeper).chirp(minute);
    w.listener.own(chirp, minute);
    if (!w.snooze.isOn())
      advertisement = encodeFrame(chirp, w.config.value(ConfigKey.TxPowerDbm), 0, w.config.value(ConfigKey.CompanyId));
    w.seedFault = false;
  } catch (_error) {
    w.seedFault = true;
    await noteStorageError(w);
  }
  await w.host.turn(advertisement);
  w.isChirping = advertisement !== undefined;
  if (w.isChirping && w.host.isUp()) w.minutesChirped++;
  await w.listener.turn(minute);
  await drain(w);
  await w.session.checkpoint(w.clock);
  await w.faults.minutePassed();
  await keepHouse(w, minute);
  await restartInTime(w);
}

/** What is due now and then, and at worst delays itself. */
async function keepHouse(w: Wearable, minute: number): Promise<void> {
  const hour = hourOfMinute(minute);
  try {
    if (minute % 60 === PREPARE_MINUTE) await (w.keeper as SeedKeeper).prepare(hour + 1);
  } catch (_error) {
    await noteStorageError(w);
  }
  if (minute % 60 < EXPIRE_MINUTE || hour === w.expiredHour) return;
  w.expiredHour = hour;
  w.runtime.background(async () => {
    try {
      await (w.logs as Logs).expire(hour - w.config.value(ConfigKey.RetentionDays) * HOURS_PER_DAY - 1);
      await refreshAdvice(w);
    } catch (_error) {
      await noteStorageError(w);
    }
  });
}
