import { Command, Purpose, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { getU16, putU16, putU32 } from "../base/littleEndian";
import { MatchList } from "../results/matchList";
import { hourOfMatch, isReverse, minutesOf } from "../results/matchRecord";
import type { Results } from "../results/results";
import type { Clock } from "../state/clock";
import type { Consent } from "../wearer/consent";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

const BLOCK_RECORDS = 14;

/** Telling the host what was found: only while the wearer's consent is open. */
export class ResultsCommands implements CommandGroup {
  private readonly clock: Clock;
  private readonly results: Results;
  private readonly consent: Consent;
  private request: number;
  private records: MatchList;

  constructor(clock: Clock, results: Results, consent: Consent) {
    this.clock = clock;
    this.results = results;
    this.consent = consent;
    this.request = 0;
    this.records = new MatchList();
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const request = getU16(payload, At.ResultsBlockRequest); // where all three have it
    if (command === Command.ResultsBlock) return this.block(request, getU16(payload, At.ResultsBlockBlock));
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.ResultsEnd) {
      if (!this.end(request)) report[At.ResultsEndReportStatus] = Status.NotBegun;
      return report;
    }
    report[At.ResultsBeginReportStatus] = await this.begin(request);
    if (report[At.ResultsBeginReportStatus] === Status.Ok) {
      putU16(report, At.ResultsBeginReportRecords, this.records.count);
      putU16(report, At.ResultsBeginReportBlocks, Math.ceil(this.records.count / BLOCK_RECORDS));
    }
    return report;
  }

  private async begin(request: number): Promise<Status> {
    if (request === 0 || !this.consent.covers(Purpose.Results, request)) return Status.NoConsent;
    try {
      await this.results.settle();
      this.records = await this.results.byHour(this.clock.horizon);
    } catch (_error) {
      return Status.StorageFault;
    }
    this.request = request;
    return Status.Ok;
  }

  private block(request: number, index: number): Buffer {
    const first = index * BLOCK_RECORDS;
    const isOpen = request === this.request && this.consent.covers(Purpose.Results, request);
    const count = isOpen ? Math.max(0, Math.min(BLOCK_RECORDS, this.records.count - first)) : 0;
    const report = Buffer.alloc(At.ResultsBlockReportEnd + count * At.HourResultEnd);
    putU16(report, At.ResultsBlockReportRequest, request);
    putU16(report, At.ResultsBlockReportBlock, index);
    for (let i = 0; i < count; i++)
      putRecord(report, At.ResultsBlockReportRecords + i * At.HourResultEnd, this.records.get(first + i));
    return report;
  }

  private end(request: number): boolean {
    if (request === 0 || request !== this.request) return false;
    this.request = 0;
    this.records = new MatchList();
    this.consent.end();
    return true;
  }
}

/** Lays out a record as services/keyfob.md has it. */
function putRecord(report: Buffer, at: number, record: Buffer): void {
  putU32(report, at + At.HourResultHour, hourOfMatch(record));
  report.set(Buffer.from(minutesOf(record, true)), at + At.HourResultDirect);
  report.set(Buffer.from(minutesOf(record, false)), at + At.HourResultShared);
  report[at + At.HourResultFlags] = isReverse(record) ? 1 : 0;
}
