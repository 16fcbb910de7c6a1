import { hourOfMinute } from "../../protocol/base/time";
import { getU16, putU16, putU32 } from "../base/littleEndian";
import { MatchList } from "../results/matchList";
import { hourOfMatch, isReverse, minutesOf } from "../results/matchRecord";
import type { Results } from "../results/results";
import type { Clock } from "../state/clock";
import { type Config, ConfigKey } from "../state/config";
import type { Consent } from "../wearer/consent";
import { Command, Purpose, Status } from "./codes";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

const RECORD_BYTES = 16;
const BLOCK_RECORDS = 14;
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

  async handle(command: Command, payload: Buffer): Promise<Buffer> {
    const request = getU16(payload, 0);
    if (command === Command.ResultsBlock) return this.block(request, getU16(payload, 2));
    const report = reportTo(command, payload, Status.Ok);
    if (command === Command.ResultsEnd) {
      if (!this.end(request)) report[2] = Status.NotBegun;
      return report;
    }
    report[2] = await this.begin(request);
    if (report[2] === Status.Ok) {
      putU16(report, 4, this.records.count);
      putU16(report, 6, Math.ceil(this.records.count / BLOCK_RECORDS));
    }
    return report;
  }

  private async begin(request: number): Promise<Status> {
    if (request === 0 || !this.consent.covers(Purpose.Results, request)) return Status.NoConsent;
    const firstHour = hourOfMinute(this.clock.minute()) - this.config.value(ConfigKey.RetentionDays) * HOURS_PER_DAY;
    try {
      await this.results.settle();
      this.records = await this.results.byHour(firstHour);
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
    const report = Buffer.alloc(4 + count * RECORD_BYTES);
    putU16(report, 0, request);
    putU16(report, 2, index);
    for (let i = 0; i < count; i++) putRecord(report, 4 + i * RECORD_BYTES, this.records.get(first + i));
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
  putU32(report, at, hourOfMatch(record));
  report.set(Buffer.from(minutesOf(record, true)), at + 4);
  report.set(Buffer.from(minutesOf(record, false)), at + 8);
  report[at + 12] = isReverse(record) ? 1 : 0;
}
