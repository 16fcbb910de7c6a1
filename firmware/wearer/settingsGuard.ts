import { Purpose } from "../../protocol/keyfob/codes";
import type { Clock } from "../state/clock";
import { ANY_OPERATION, type Consent } from "./consent";

/**
 * Stands before everything that could blind, silence or mislead a keyfob: a computer may change it only while the wearer's
 * consent to settings is open. A keyfob whose clock was never set belongs to nobody yet, and can be set up without a press.
 */
export class SettingsGuard {
  private readonly clock: Clock;
  private readonly consent: Consent;

  constructor(clock: Clock, consent: Consent) {
    this.clock = clock;
    this.consent = consent;
  }

  /** Whether a change may be made now; keeps the consent open. */
  allows(): boolean {
    return this.clock.lastSync === 0 || this.consent.covers(Purpose.Settings, ANY_OPERATION);
  }
}
