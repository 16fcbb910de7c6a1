import type { Agenda } from "../base/agenda";
import type { HciHost } from "../hci/host";
import type { Clock } from "./clock";
import { Fault, type FaultCounters } from "./faultCounters";

/** So long after the start a radio that is not up is no fault. */
export const RADIO_GRACE_MS = 10000;

/** Keeps the radio alive, and counts its resets. */
export function keepRadio(agenda: Agenda, clock: Clock, host: HciHost, faults: FaultCounters): void {
  let noted = 0;
  agenda.add(async () => {
    await host.supervise();
    if (host.resets > noted) {
      noted = host.resets;
      await faults.add(Fault.RadioReset);
    }
    return clock.nextSecond();
  });
}
