import { Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { getU16, putU32 } from "../base/littleEndian";
import type { Consent } from "../wearer/consent";
import type { SettingsGuard } from "../wearer/settingsGuard";
import type { Snooze } from "../wearer/snooze";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

const MAX_SNOOZE_MINUTES = 1440;

/** Asking the wearer, and snoozing on the wearer's behalf. */
export class WearerCommands implements CommandGroup {
  private readonly consent: Consent;
  private readonly snooze: Snooze;
  private readonly guard: SettingsGuard;

  constructor(consent: Consent, snooze: Snooze, guard: SettingsGuard) {
    this.consent = consent;
    this.snooze = snooze;
    this.guard = guard;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.Snooze) this.setSnooze(report, getU16(payload, At.SnoozeMinutes));
    else if (command === Command.ConsentEnd) {
      if (!this.consent.withdraw(getU16(payload, At.ConsentEndAsked)))
        report[At.ConsentEndReportStatus] = Status.NotBegun;
    } else this.ask(report, getU16(payload, At.ConsentAskRequest), payload[At.ConsentAskPurpose]);
    return report;
  }

  private ask(report: Buffer, request: number, purpose: number): void {
    report[At.ConsentAskReportPurpose] = purpose;
    const isKnown = purpose >= Purpose.Export && purpose <= Purpose.Settings;
    report[At.ConsentAskReportStatus] =
      isKnown && request !== 0 ? this.consent.ask(request, purpose) : Status.Malformed;
    report[At.ConsentAskReportSeconds] = this.consent.secondsLeft();
  }

  private setSnooze(report: Buffer, minutes: number): void {
    if (minutes > MAX_SNOOZE_MINUTES) report[At.SnoozeReportStatus] = Status.OutOfRange;
    else if (minutes > 0 && !this.guard.allows()) report[At.SnoozeReportStatus] = Status.NoConsent;
    else if (!this.snooze.begin(minutes)) report[At.SnoozeReportStatus] = Status.ClockNotSet;
    putU32(report, At.SnoozeReportUntil, this.snooze.until());
  }
}
