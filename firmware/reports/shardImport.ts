import { sliceCopy } from "../../protocol/base/bytes";
import { FormatError } from "../../protocol/base/formatError";
import type { Sha256 } from "../../protocol/base/sha256";
import { SLH_DSA_SCRATCH_BYTES, SLH_DSA_SIGNATURE_BYTES, SlhDsaVerifier } from "../../protocol/crypto/slhDsa";
import { ROW_BYTES } from "../../protocol/log/contactRow";
import { LoadedRows } from "../../protocol/match/loadedRows";
import { HourMatcher } from "../../protocol/match/matching";
import type { ScoreConfig } from "../../protocol/match/score";
import {
  SHARD_BLOCK_BYTES,
  SHARD_HEADER_BYTES,
  SHARD_SIGNATURE_CONTEXT,
  type ShardBlock,
  type ShardHeader,
  ShardReader,
} from "../../protocol/report/shard";
import type { Timer } from "../base/timer";
import { MatchList } from "../results/matchList";
import { addMinutes, newMatch } from "../results/matchRecord";

/** Where the rows of an hour come from: the contact log, or a test's stand-in. */
export interface RowSource {
  readHour(hour: number, visit: (rows: Buffer) => Promise<void>): Promise<void>;
}

/** Rows matched at a time: 3 bytes of RAM each besides the 12 that lie where the signature will. */
const MATCHER_ROWS = 400;
/** Blocks after which others get their chance, where an hour has rows and where it has none. */
const MATCHED_BLOCKS_A_SLICE = 2;
const EMPTY_BLOCKS_A_SLICE = 12;

/**
 * The memory that one import after the other works in, 11 KB, taken at start, because later no pieces of that size may be
 * free. Rows and signature share the largest: the signature comes when the last block has been matched.
 */
export class ImportMemory {
  readonly signature: Buffer;
  readonly scratch: Buffer;
  readonly matcher: HourMatcher;

  constructor(sha256: Sha256) {
    this.signature = Buffer.alloc(SLH_DSA_SIGNATURE_BYTES);
    this.scratch = Buffer.alloc(SLH_DSA_SCRATCH_BYTES);
    this.matcher = new HourMatcher(sha256, new LoadedRows(MATCHER_ROWS, this.signature));
  }
}

/** How a piece was received. */
export enum PieceResult {
  Taken,
  /** Taken before, or behind a missing one: nothing happened. */
  Repeated,
  Ahead,
  /** Its content breaks the format: the import cannot go on. */
  Bad,
}

/**
 * One shard on its way in: matches block after block against the log while it streams by, gathers the signature and
 * verifies it at the end. Matches count for nothing until then.
 */
export class ShardImport {
  readonly header: ShardHeader;
  /** The 64 bytes that tell this import from another. */
  readonly headerBytes: Buffer;
  /** The `request` of the host that sends it. */
  request: number;
  /** Pieces taken so far. */
  nextPiece: number;
  /** What matched so far. */
  readonly matches: MatchList;

  private readonly sha256: Sha256;
  private readonly rows: RowSource;
  private readonly score: ScoreConfig;
  private readonly timer: Timer;
  private readonly reader: ShardReader;
  private readonly matcher: HourMatcher;
  /** The hour that the matcher holds, and whether all its rows fit. */
  private hour: number;
  private isHeld: boolean;
  private readonly memory: ImportMemory;
  private readonly stillAtIt: () => Promise<void>;
  private blocksInSlice: number;
  /** One record for each seed of the block in hand that matched. */
  private ofBlock: (Buffer | undefined)[];

  /**
   * @param memory which no other import uses meanwhile
   * @param stillAtIt called now and then in work that takes seconds; lets others run
   * @throws FormatError if the 64-byte header is not valid
   */
  constructor(
    sha256: Sha256,
    rows: RowSource,
    score: ScoreConfig,
    timer: Timer,
    memory: ImportMemory,
    stillAtIt: () => Promise<void>,
    headerBytes: Buffer,
    request: number,
  ) {
    this.memory = memory;
    this.stillAtIt = stillAtIt;
    this.matcher = memory.matcher;
    this.sha256 = sha256;
    this.rows = rows;
    this.score = score;
    this.timer = timer;
    this.headerBytes = sliceCopy(headerBytes, 0, SHARD_HEADER_BYTES);
    this.reader = new ShardReader(sha256, this.headerBytes);
    this.header = this.reader.header;
    this.request = request;
    this.nextPiece = 0;
    this.matches = new MatchList();
    this.ofBlock = [];
    this.hour = -1;
    this.isHeld = false;
    this.blocksInSlice = 0;
  }

  /** Pieces of 200 bytes: the blocks, then the signature. */
  pieces(): number {
    return this.header.blocks + Math.ceil(SLH_DSA_SIGNATURE_BYTES / SHARD_BLOCK_BYTES);
  }

  isComplete(): boolean {
    return this.nextPiece === this.pieces();
  }

  /** Takes piece `number`. After an error of the flash the piece is not taken and may be sent again. @throws FlashError */
  async accept(number: number, data: Buffer): Promise<PieceResult> {
    if (number < this.nextPiece) return PieceResult.Repeated;
    if (number > this.nextPiece || number >= this.pieces()) return PieceResult.Ahead;
    if (number >= this.header.blocks) return this.acceptSignature(number - this.header.blocks, data);
    if (data.length !== SHARD_BLOCK_BYTES) return PieceResult.Bad;
    let block: ShardBlock;
    try {
      block = this.reader.accept(data);
    } catch (error) {
      if (error instanceof FormatError) return PieceResult.Bad;
      throw error;
    }
    this.nextPiece = number + 1;
    await this.match(block);
    return PieceResult.Taken;
  }

  /** Verifies the signature, in slices. @param progress told percent as it goes on */
  async verify(publicKey: Buffer, progress: (percent: number) => void): Promise<boolean> {
    if (!this.isComplete()) return false;
    const context = Buffer.from(SHARD_SIGNATURE_CONTEXT, "utf8");
    const { signature, scratch } = this.memory;
    const verifier = new SlhDsaVerifier(this.sha256, publicKey, signature, this.reader.chain(), context, scratch);
    let steps = 0;
    while (verifier.step()) {
      steps++;
      progress(Math.min(99, steps * 12));
      await this.timer.sleep(1);
    }
    return verifier.isValid();
  }

  private acceptSignature(piece: number, data: Buffer): PieceResult {
    const at = piece * SHARD_BLOCK_BYTES;
    if (data.length !== Math.min(SHARD_BLOCK_BYTES, SLH_DSA_SIGNATURE_BYTES - at)) return PieceResult.Bad;
    this.memory.signature.set(data, at);
    this.nextPiece++;
    return PieceResult.Taken;
  }

  private async match(block: ShardBlock): Promise<void> {
    this.ofBlock = [];
    if (block.hour === this.hour && this.isHeld) await this.collect(block);
    else {
      this.hour = block.hour;
      this.isHeld = await this.loadAndCollect(block);
    }
    for (const record of this.ofBlock) if (record) this.matches.add(record);
    this.blocksInSlice++;
    if (this.blocksInSlice < (this.matcher.rows.count > 0 ? MATCHED_BLOCKS_A_SLICE : EMPTY_BLOCKS_A_SLICE)) return;
    this.blocksInSlice = 0;
    await this.timer.sleep(1);
  }

  /**
   * Loads the rows that the block's hour can match, and matches it; where there are more than fit, against one slice of the
   * rows after the other. @returns whether all rows fit, and so are there for the next block
   */
  private async loadAndCollect(block: ShardBlock): Promise<boolean> {
    this.matcher.begin(block.hour);
    let fits = true;
    for (let i = -1; i <= 1; i++) if (!(await this.loadHour(block, block.hour + i))) fits = false;
    await this.collect(block);
    return fits;
  }

  private async loadHour(block: ShardBlock, hour: number): Promise<boolean> {
    const self = this;
    const matcher = this.matcher;
    let fits = true;
    await this.rows.readHour(hour, async (rows) => {
      for (let at = 0; at < rows.length; at += ROW_BYTES) {
        const row = sliceCopy(rows, at, ROW_BYTES);
        if (matcher.rows.add(hour, row)) continue;
        fits = false;
        await self.collect(block);
        matcher.begin(block.hour);
        matcher.rows.add(hour, row);
      }
      await self.stillAtIt();
    });
    return fits;
  }

  private async collect(block: ShardBlock): Promise<void> {
    const self = this;
    let place = 0;
    while (true) {
      place = this.matcher.visitMatches(block, place, (match) => {
        const i = match.index;
        const earlier = self.ofBlock[i];
        const record = earlier ? earlier : newMatch(block.hour, block.seeds[i], ((block.reverseMask >> i) & 1) === 1);
        addMinutes(record, self.score, match.metadata, 1);
        self.ofBlock[i] = record;
      });
      if (place === 0) return;
      await this.timer.sleep(1);
    }
  }
}
