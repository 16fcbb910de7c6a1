import { ConfigKey } from "../../protocol/keyfob/configKeys";
import {
  ALERT,
  ASKING,
  CHIRPING,
  CONSENT_GIVEN,
  CONSENT_REFUSED,
  FAULT,
  NEEDS_CLOCK,
  type Pattern,
  SNOOZED,
  SYNCING,
} from "../wearer/light";
import type { Wearable } from "./wearable";

/** A press of at least so long snoozes, or refuses. */
const LONG_PRESS_MS = 1500;
/** So long after the start a radio that is not up is no fault. */
const RADIO_GRACE_MS = 10000;

/** The button was let go after `heldMs`. */
export function pressed(w: Wearable, heldMs: number): void {
  const isLong = heldMs >= LONG_PRESS_MS;
  if (isLong ? w.consent.refuse(heldMs) : w.consent.grant(heldMs)) {
    w.light.flash(isLong ? CONSENT_REFUSED : CONSENT_GIVEN);
    return;
  }
  if (isLong) w.snooze.begin(w.snooze.isOn() ? 0 : w.config.value(ConfigKey.SnoozeMinutes));
  w.light.showNow();
}

/** What the light shows: of several things that which the wearer should act on first. */
export function pattern(w: Wearable): Pattern {
  if (w.consent.isPending()) return ASKING;
  if (hasFault(w)) return FAULT;
  if (!w.clock.isSet()) return NEEDS_CLOCK;
  if (isSyncing(w)) return SYNCING;
  if (w.advice === "alert") return ALERT;
  return w.snooze.isOn() ? SNOOZED : CHIRPING;
}

/** Whether a host is at work with the keyfob. */
export function isSyncing(w: Wearable): boolean {
  return w.consent.isGranted() || w.imports?.isActive() === true;
}

export function hasFault(w: Wearable): boolean {
  if (w.storageFault || w.seedFault || w.faults.safeMode) return true;
  return !w.host.isUp() && w.runtime.timer.millis() > RADIO_GRACE_MS;
}
