import { hourOfMinute } from "../../protocol/time";
import type { Clock } from "../clock/clock";
import { MatchList } from "../results/matchList";
import { hourOfMatch, isReverse, minutesOf } from "../results/matchRecord";
import type { Results } from "../results/results";
import { type Config, ConfigKey } from "../state/config";
import type { Consent } from "../wearer/consent";
import { Command, Purpose, Status } from "./codes";
import { type CommandGroup, statusReport } from "./commandGroup";
import { getU16, putU16, putU32 } from "./littleEndian";

const RECORD_BYTES = 16;
const BLOCK_RECORDS = 14;
const BEGIN_REPORT_BYTES = 8;
const HOURS_PER_DAY = 24;

/** Telling the host what was found: only while the wearer's consent is open. */
export class ResultsCommands implements CommandGroup {
  private readonly clock: Clock;
  private readonly config: Config;
  private readonly results: Results;
  private readonly consent: Consent;
  private request: number;
  private records: MatchList;

  constructor(clock: Clock, config: Config, results: Results, consent: Consent) {
    this.clock = clock;
    this.config = config;
    this.results = results;
    this.consent = consent;
    this.request = 0;
    this.records = new MatchList();
  }

  offers(command: number): boolean {
    return command === Command.ResultsBegin || command === Command.ResultsBlock || command === Command.ResultsEnd;
  }

  async handle(command: number, payload: Buffer): Promise<Buffer | undefined> {
    if (command === Command.ResultsBlock) return this.block(payload);
    if (payload.length !== 2) return undefined;
    const request = getU16(payload, 0);
    return command === Command.ResultsBegin ? await this.begin(request) : this.end(request);
  }

  private async begin(request: number): Promise<Buffer> {
    if (request === 0 || !this.consent.covers(Purpose.Results, request))
      return statusReport(request, Status.NoConsent, BEGIN_REPORT_BYTES);
    const firstHour = hourOfMinute(this.clock.minute()) - this.config.value(ConfigKey.RetentionDays) * HOURS_PER_DAY;
    try {
      await this.results.settle();
      this.records = await this.results.byHour(firstHour);
    } catch (_error) {
      return statusReport(request, Status.StorageFault, BEGIN_REPORT_BYTES);
    }
    this.request = request;
    const report = statusReport(request, Status.Ok, BEGIN_REPORT_BYTES);
    putU16(report, 4, this.records.count);
    putU16(report, 6, Math.ceil(this.records.count / BLOCK_RECORDS));
    return report;
  }

  private block(payload: Buffer): Buffer | undefined {
    if (payload.length !== 4) return undefined;
    const request = getU16(payload, 0);
    const first = getU16(payload, 2) * BLOCK_RECORDS;
    const isOpen = request === this.request && this.consent.covers(Purpose.Results, request);
    const count = isOpen ? Math.max(0, Math.min(BLOCK_RECORDS, this.records.count - first)) : 0;
    const report = Buffer.alloc(4 + count * RECORD_BYTES);
    putU16(report, 0, request);
    putU16(report, 2, getU16(payload, 2));
    for (let i = 0; i < count; i++) putRecord(report, 4 + i * RECORD_BYTES, this.records.get(first + i));
    return report;
  }

  private end(request: number): Buffer {
    if (request === 0 || request !== this.request) return statusReport(request, Status.NotBegun, 3);
    this.request = 0;
    this.records = new MatchList();
    this.consent.end();
    return statusReport(request, Status.Ok, 3);
  }
}

/** Lays out a record as services/keyfob.md has it. */
function putRecord(report: Buffer, at: number, record: Buffer): void {
  putU32(report, at, hourOfMatch(record));
  report.set(Buffer.from(minutesOf(record, true)), at + 4);
  report.set(Buffer.from(minutesOf(record, false)), at + 8);
  report[at + 12] = isReverse(record) ? 1 : 0;
}
