import type { Agenda } from "../base/agenda";
import type { Runtime } from "../base/runtime";
import type { Listener } from "../listen/listener";
import type { Clock } from "../state/clock";
import type { FaultCounters } from "../state/faultCounters";
import { MAX_REMEMBERED_BYTES, type Session } from "../state/session";
import type { Snooze } from "../wearer/snooze";

/** Timers of DeviceScript freeze after 49.7 days: restart in a quiet minute after 38 days, in any after 39. */
export const QUIET_RESTART_MS = 38 * 86400000;
export const RESTART_MS = 39 * 86400000;
/** So long the host has to hear that everything is erased. */
const ERASE_REPORT_MS = 3000;

/** Restarts the device, and hands over to the next run. */
export async function restart(
  runtime: Runtime,
  clock: Clock,
  session: Session,
  faults: FaultCounters,
  snooze: Snooze,
  listener: Listener,
): Promise<void> {
  const remembered = listener.remembered(clock.minute(), MAX_REMEMBERED_BYTES);
  await faults.announceRestart();
  await session.handOver(clock, snooze.until(), remembered);
  runtime.reboot();
}

/** Restarts as a new keyfob, once the host has heard of it. */
export async function restartAsNew(runtime: Runtime, agenda: Agenda, faults: FaultCounters): Promise<void> {
  await faults.announceRestart();
  const timer = runtime.timer;
  const atMs = timer.millis() + ERASE_REPORT_MS;
  agenda.add(async () => {
    if (timer.millis() >= atMs) runtime.reboot();
    return atMs;
  });
}
