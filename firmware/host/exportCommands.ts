import type { Sha256 } from "../../protocol/base/sha256";
import { hourOfMinute } from "../../protocol/base/time";
import { SEED_BYTES } from "../../protocol/beacon/chirp";
import { Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { getU16, getU32, putU16 } from "../base/littleEndian";
import type { FillerSeeds } from "../seeds/fillerSeeds";
import { type HourRange, MAX_EXPORT_HOURS, SeedExport } from "../seeds/seedExport";
import type { SeedKeeper, SeedStore } from "../seeds/seedKeeper";
import type { Clock } from "../state/clock";
import type { Consent } from "../wearer/consent";
import type { CommandGroup } from "./commandGroup";
import { reportTo, requestOf } from "./layouts";

const MAX_RANGES = 8;

/** Handing the seeds to the host: only while the wearer's consent is open. */
export class ExportCommands implements CommandGroup {
  private readonly sha256: Sha256;
  private readonly clock: Clock;
  private readonly seeds: SeedStore;
  private readonly keeper: SeedKeeper;
  private readonly fillers: FillerSeeds;
  private readonly consent: Consent;
  private readonly randomBytes: (length: number) => Buffer;
  private open: SeedExport | undefined;

  constructor(
    sha256: Sha256,
    clock: Clock,
    seeds: SeedStore,
    keeper: SeedKeeper,
    fillers: FillerSeeds,
    consent: Consent,
    randomBytes: (length: number) => Buffer,
  ) {
    this.sha256 = sha256;
    this.clock = clock;
    this.seeds = seeds;
    this.keeper = keeper;
    this.fillers = fillers;
    this.consent = consent;
    this.randomBytes = randomBytes;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const request = requestOf(command, payload);
    if (command === Command.ExportBlock) return await this.block(request, getU16(payload, At.ExportBlockBlock));
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.ExportEnd) {
      report[At.ExportEndReportStatus] = await this.end(request);
      return report;
    }
    report[At.ExportBeginReportStatus] = await this.begin(payload, request);
    const open = this.open;
    if (open && report[At.ExportBeginReportStatus] === Status.Ok) {
      putU16(report, At.ExportBeginReportHours, open.hours);
      putU16(report, At.ExportBeginReportBlocks, open.blocks());
    }
    return report;
  }

  private async begin(payload: Buffer, request: number): Promise<Status> {
    const ranges = readRanges(payload);
    if (!ranges || request === 0) return Status.Malformed;
    if (!this.clock.isSet()) return Status.ClockNotSet;
    const firstHour = getU32(payload, At.ExportBeginFirstHour);
    const hours = getU16(payload, At.ExportBeginHours);
    const nowHour = hourOfMinute(this.clock.minute());
    const isPast = firstHour + hours - 1 <= nowHour && firstHour > nowHour - MAX_EXPORT_HOURS;
    if (hours < 1 || hours > MAX_EXPORT_HOURS || !isPast) return Status.OutOfRange;
    if (!this.consent.covers(Purpose.Export, request)) return Status.NoConsent;
    if (this.open && this.open.request === request) return Status.Ok;
    try {
      await this.fillers.prepare(nowHour);
    } catch (_error) {
      return Status.StorageFault;
    }
    const secret = this.randomBytes(SEED_BYTES);
    this.open = new SeedExport(this.sha256, this.seeds, this.fillers, secret, request, firstHour, hours, ranges);
    return Status.Ok;
  }

  private async block(request: number, index: number): Promise<Buffer> {
    let seeds: Buffer = Buffer.alloc(0);
    const open = this.open;
    if (open && open.request === request && index < open.blocks() && this.consent.covers(Purpose.Export, request))
      seeds = await open.block(index);
    const report = Buffer.alloc(At.ExportBlockReportEnd + seeds.length);
    putU16(report, At.ExportBlockReportRequest, request);
    putU16(report, At.ExportBlockReportBlock, index);
    report.set(seeds, At.ExportBlockReportSeeds);
    return report;
  }

  private async end(request: number): Promise<Status> {
    const open = this.open;
    if (!open || open.request !== request) return Status.NotBegun;
    try {
      await this.keeper.renew(hourOfMinute(this.clock.minute()));
    } catch (_error) {
      return Status.StorageFault;
    }
    this.open = undefined;
    this.consent.end();
    return Status.Ok;
  }
}

/** The redacted ranges of an `exportBegin`, or undefined if they are no whole ranges or too many. */
function readRanges(payload: Buffer): HourRange[] | undefined {
  const bytes = payload.length - At.ExportBeginRedacted;
  if (bytes % At.HourRangeEnd !== 0 || bytes > MAX_RANGES * At.HourRangeEnd) return undefined;
  const ranges: HourRange[] = [];
  for (let at = At.ExportBeginRedacted; at < payload.length; at += At.HourRangeEnd)
    ranges.push({ from: getU32(payload, at + At.HourRangeFrom), to: getU32(payload, at + At.HourRangeTo) });
  return ranges;
}
