import { MAX_AGE_MINUTES } from "../../protocol/beacon/frame";
import type { SeedKeeper } from "../seeds/seedKeeper";
import { Fault } from "../state/faultCounters";
import { MAX_REMEMBERED_BYTES } from "../state/session";
import { drain } from "./storage";
import type { Wearable } from "./wearable";
import { isSyncing } from "./wearerView";

/** Timers of DeviceScript freeze after 49.7 days: restart in a quiet minute after 38 days, in any after 39. */
const QUIET_RESTART_MS = 38 * 86400000;
const RESTART_MS = 39 * 86400000;

/** Restarts before timers freeze, in a minute in which nobody is near if there is one, and hands over to the next run. */
export async function restartInTime(w: Wearable): Promise<void> {
  const uptimeMs = w.runtime.timer.millis();
  if (uptimeMs < QUIET_RESTART_MS || isSyncing(w) || w.consent.isPending()) return;
  if (uptimeMs < RESTART_MS && w.listener.inHand() > 0) return;
  await w.host.silence();
  await w.listener.flush();
  if (!(await drain(w)) && uptimeMs < RESTART_MS) return;
  await restart(w);
}

/** Hands over to the next run, and restarts. */
export async function restart(w: Wearable): Promise<void> {
  const remembered = w.listener.remembered(w.clock.minute(), MAX_REMEMBERED_BYTES);
  await w.faults.announceRestart();
  await w.session.handOver(w.clock, { snoozeUntil: w.snooze.until(), remembered });
  w.runtime.reboot();
}

/** Goes on where the last run ended; a clock chip knows better. */
export async function resumeClock(w: Wearable): Promise<void> {
  const handover = await w.session.resume(w.clock);
  if (handover) {
    w.snooze.resume(handover.snoozeUntil);
    w.remembered = handover.remembered;
  }
  const chip = w.board.clockChip;
  if (!chip) return;
  const seconds = await chip.read();
  if (seconds !== undefined) w.clock.adopt(seconds);
  else await w.faults.add(Fault.ClockLost);
}

/** Repeaters may still send what we chirped before a restart, and neighbours what already has its row. @throws FlashError */
export async function rememberOwnChirps(w: Wearable, keeper: SeedKeeper): Promise<void> {
  if (!w.clock.isSet()) return;
  const now = w.clock.minute();
  w.listener.restore(w.remembered, now);
  w.remembered = Buffer.alloc(0);
  for (let minute = now - MAX_AGE_MINUTES - 1; minute <= now; minute++) {
    const chirp = await keeper.pastChirp(minute);
    if (chirp) w.listener.own(chirp, now);
  }
  keeper.forget();
}
