import { compareBytes, sliceCopy } from "../../protocol/base/bytes";
import { FormatError } from "../../protocol/base/formatError";
import type { Sha256 } from "../../protocol/base/sha256";
import { Command, Status } from "../../protocol/keyfob/codes";
import { At } from "../../protocol/keyfob/layouts";
import { decodeShardHeader, SHARD_HEADER_BYTES } from "../../protocol/report/shard";
import { getU16, getU32, putU16, putU32 } from "../base/littleEndian";
import type { Timer } from "../base/timer";
import { type ImportMemory, PieceResult, type RowSource, ShardImport } from "../reports/shardImport";
import type { Results } from "../results/results";
import type { Clock } from "../state/clock";
import type { Config } from "../state/config";
import { NO_CHUNK, type RegionKeys } from "../state/regionKeys";
import type { CommandGroup } from "./commandGroup";
import { reportTo } from "./layouts";

/** The host hears at least this often from work that takes long. */
const PROGRESS_MS = 400;

/** What the import works on. */
export interface ImportParts {
  readonly sha256: Sha256;
  readonly timer: Timer;
  readonly clock: Clock;
  readonly config: Config;
  readonly keys: RegionKeys;
  readonly rows: RowSource;
  readonly results: Results;
  readonly memory: ImportMemory;
  /** Runs a verification, or the sending of a report, beside everything else. */
  background(work: () => Promise<void>): void;
  /** Sends an `importProgress` report on its own. */
  sendProgress(report: Buffer): Promise<void>;
  /** The results changed: the light may have to. */
  resultsChanged(): Promise<void>;
}

/** Taking in the shards of the regions that the wearer's keyfob trusts. */
export class ImportCommands implements CommandGroup {
  imported: number;
  verified: number;
  refusedShards: number;
  private readonly parts: ImportParts;
  private readonly keepAlive: () => Promise<void>;
  private current: ShardImport | undefined;
  /** The shard whose signature is being verified. */
  private verifying: ShardImport | undefined;
  private working: boolean;
  private percent: number;
  /** How the import with `request` lastRequest ended. */
  private lastRequest: number;
  private lastStatus: Status;
  private gapTold: number;
  private lastProgressAt: number;
  private latestProgress: Buffer | undefined;
  private isSending: boolean;

  constructor(parts: ImportParts) {
    const self = this;
    this.parts = parts;
    // Made once: a closure made where an import begins would keep that function's variables, the import before among them.
    this.keepAlive = async () => await self.stillAtIt();
    this.imported = 0;
    this.verified = 0;
    this.refusedShards = 0;
    this.working = false;
    this.percent = 0;
    this.lastRequest = 0;
    this.lastStatus = Status.NotBegun;
    this.lastProgressAt = 0;
    this.gapTold = -1;
    this.isSending = false;
  }

  /** Whether a shard is on its way in or being verified. */
  isActive(): boolean {
    return this.current !== undefined || this.working || this.parts.results.isPending();
  }

  /** Throws away what is unfinished. */
  forget(): void {
    this.current = undefined;
    this.lastRequest = 0;
  }

  async handle(command: Command, payload: Buffer): Promise<Buffer | undefined> {
    if (command === Command.ImportPiece) {
      await this.piece(payload);
      return undefined;
    }
    const request = getU16(payload, At.ImportBeginRequest); // where importVerify has it, too
    const status = command === Command.ImportBegin ? this.begin(request, payload) : this.verify(request);
    const report = reportTo(command, payload, status);
    if (command === Command.ImportVerify)
      report[At.ImportVerifyReportPercent] =
        status === Status.Verifying ? this.percent : status === Status.Ok ? 100 : 0;
    else if (status === Status.Ok)
      putU32(report, At.ImportBeginReportNextPiece, (this.current as ShardImport).nextPiece);
    return report;
  }

  private begin(request: number, payload: Buffer): Status {
    if (request === 0) return Status.Malformed;
    const headerBytes = sliceCopy(payload, At.ImportBeginHeader, SHARD_HEADER_BYTES);
    if (this.working || this.parts.results.isFull()) return Status.Busy;
    const parts = this.parts;
    if (!parts.clock.isSet()) return Status.ClockNotSet;
    const current = this.current;
    if (current && compareBytes(current.headerBytes, 0, headerBytes, 0, SHARD_HEADER_BYTES) === 0) {
      current.request = request;
      this.gapTold = -1;
      return Status.Ok;
    }
    try {
      const header = decodeShardHeader(headerBytes);
      if (!parts.keys.publicKey(header.region, header.keyId)) return Status.UnknownRegionKey;
      const done = parts.keys.verified(header.region);
      if (done !== NO_CHUNK && header.chunk <= done) return Status.Already;
    } catch (error) {
      if (error instanceof FormatError) return Status.BadHeader;
      throw error;
    }
    this.current = undefined; // frees its memory before the next one takes as much
    this.current = new ShardImport(
      parts.sha256,
      parts.rows,
      parts.config.score(),
      parts.timer,
      parts.memory,
      this.keepAlive,
      headerBytes,
      request,
    );
    this.gapTold = -1;
    return Status.Ok;
  }

  private async piece(payload: Buffer): Promise<void> {
    const number = getU32(payload, At.ImportPieceNumber);
    const request = getU16(payload, At.ImportPieceRequest);
    const asks = payload[At.ImportPieceAsk] !== 0;
    const current = this.current;
    if (!current || current.request !== request || this.working) {
      if (asks)
        this.progress(
          0,
          request,
          this.working ? Status.Busy : request === this.lastRequest ? this.lastStatus : Status.NotBegun,
        );
      return;
    }
    let result = PieceResult.Ahead;
    try {
      result = await current.accept(
        number,
        sliceCopy(payload, At.ImportPieceData, payload.length - At.ImportPieceData),
      );
    } catch (_error) {
      this.drop(request, 0, Status.StorageFault);
      return;
    }
    if (result === PieceResult.Bad) {
      this.drop(request, current.nextPiece, Status.BadBlock);
      return;
    }
    if (result === PieceResult.Taken) this.imported++;
    const isNewGap = result === PieceResult.Ahead && this.gapTold !== current.nextPiece;
    if (isNewGap) this.gapTold = current.nextPiece;
    if (asks || isNewGap) this.progress(current.nextPiece, request, Status.Ok);
  }

  /** An hour with very many rows takes seconds a block: the host must not take that for silence. */
  private async stillAtIt(): Promise<void> {
    const current = this.current;
    const now = this.parts.timer.millis();
    if (current && now - this.lastProgressAt >= PROGRESS_MS) {
      this.lastProgressAt = now;
      this.progress(current.nextPiece, current.request, Status.Ok);
    }
    await this.parts.timer.sleep(1);
  }

  private drop(request: number, nextPiece: number, status: Status): void {
    this.refusedShards++;
    this.current = undefined;
    this.lastRequest = request;
    this.lastStatus = status;
    this.progress(nextPiece, request, status);
  }

  private progress(nextPiece: number, request: number, status: Status): void {
    const report = Buffer.alloc(At.ImportProgressReportEnd);
    putU32(report, At.ImportProgressReportNextPiece, nextPiece);
    putU16(report, At.ImportProgressReportRequest, request);
    report[At.ImportProgressReportStatus] = status;
    this.latestProgress = report;
    if (this.isSending) return;
    const self = this;
    this.isSending = true;
    this.parts.background(async () => await self.sendLatest());
  }

  /** Sends reports beside the import: each costs 20 ms, in which a dozen pieces arrive. Of those that wait, only the latest counts. */
  private async sendLatest(): Promise<void> {
    while (this.latestProgress) {
      const report = this.latestProgress;
      this.latestProgress = undefined;
      this.lastProgressAt = this.parts.timer.millis();
      await this.parts.sendProgress(report);
    }
    this.isSending = false;
  }

  private verify(request: number): Status {
    if (request === this.lastRequest && request !== 0) return this.lastStatus;
    if (this.working) return Status.Busy;
    const current = this.current;
    if (!current || current.request !== request) return Status.NotBegun;
    if (!current.isComplete()) return Status.Incomplete;
    this.startVerifying();
    return Status.Verifying;
  }

  /** The shard is in no local here: a closure keeps all of them alive for as long as it lives. */
  private startVerifying(): void {
    const self = this;
    const request = (this.current as ShardImport).request;
    this.working = true;
    this.percent = 0;
    this.verifying = this.current;
    this.current = undefined;
    this.lastRequest = request;
    this.lastStatus = Status.Verifying;
    this.parts.background(async () => {
      try {
        await self.finish();
      } catch (_error) {
        if (self.lastRequest === request) self.lastStatus = Status.StorageFault;
      }
      self.verifying = undefined;
      self.working = false;
    });
  }

  /**
   * Answers first and stores later, so that no answer's time tells whether anything matched. Meanwhile nothing but region,
   * number and matches is held: the next shard needs the memory of this one.
   */
  private async finish(): Promise<void> {
    const parts = this.parts;
    const isGenuine = await this.verifyShard();
    const region = (this.verifying as ShardImport).header.region;
    const chunk = (this.verifying as ShardImport).header.chunk;
    const matches = (this.verifying as ShardImport).matches;
    this.verifying = undefined;
    if (!isGenuine) {
      this.refusedShards++;
      this.lastStatus = Status.BadSignature;
      return;
    }
    this.verified++;
    this.lastStatus = Status.Ok;
    this.working = false;
    await parts.results.keepLater(matches, async () => {
      await parts.keys.noteVerified(region, chunk);
      await parts.resultsChanged();
    });
  }

  private async verifyShard(): Promise<boolean> {
    const self = this;
    const shard = this.verifying as ShardImport;
    const publicKey = this.parts.keys.publicKey(shard.header.region, shard.header.keyId);
    if (publicKey === undefined) return false;
    return await shard.verify(publicKey, (percent) => {
      self.percent = percent;
    });
  }
}
