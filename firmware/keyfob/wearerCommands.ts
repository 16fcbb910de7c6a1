import type { Consent } from "../wearer/consent";
import type { Snooze } from "../wearer/snooze";
import { Command, Purpose, Status } from "./codes";
import type { CommandGroup } from "./commandGroup";
import { getU16, putU16, putU32 } from "./littleEndian";

const CONSENT_REPORT_BYTES = 5;
const SNOOZE_REPORT_BYTES = 7;
const MAX_SNOOZE_MINUTES = 1440;

/** Asking the wearer, and snoozing on the wearer's behalf. */
export class WearerCommands implements CommandGroup {
  private readonly consent: Consent;
  private readonly snooze: Snooze;

  constructor(consent: Consent, snooze: Snooze) {
    this.consent = consent;
    this.snooze = snooze;
  }

  offers(command: number): boolean {
    return command === Command.ConsentAsk || command === Command.Snooze;
  }

  async handle(command: number, payload: Buffer): Promise<Buffer | undefined> {
    return command === Command.Snooze ? this.setSnooze(payload) : this.ask(payload);
  }

  private ask(payload: Buffer): Buffer | undefined {
    if (payload.length !== 3) return undefined;
    const request = getU16(payload, 0);
    const purpose = payload[2];
    const report = Buffer.alloc(CONSENT_REPORT_BYTES);
    putU16(report, 0, request);
    report[3] = purpose;
    const isKnown = purpose === Purpose.Export || purpose === Purpose.Results || purpose === Purpose.Erase;
    report[2] = isKnown && request !== 0 ? this.consent.ask(request, purpose) : Status.Malformed;
    report[4] = this.consent.secondsLeft();
    return report;
  }

  private setSnooze(payload: Buffer): Buffer | undefined {
    if (payload.length !== 4) return undefined;
    const minutes = getU16(payload, 2);
    const report = Buffer.alloc(SNOOZE_REPORT_BYTES);
    putU16(report, 4, getU16(payload, 0));
    if (minutes > MAX_SNOOZE_MINUTES) report[6] = Status.OutOfRange;
    else if (!this.snooze.begin(minutes)) report[6] = Status.ClockNotSet;
    putU32(report, 0, this.snooze.until());
    return report;
  }
}
