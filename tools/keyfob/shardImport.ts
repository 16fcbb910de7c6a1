// Streams one shard into a keyfob. The device reports only now and then, so pieces travel in a window that grows while
// nothing is lost and halves when something was: a line that pushes back carries nearly its full rate, one that drops
// what it cannot hold settles near the device's receive buffer.

import { SHARD_HEADER_BYTES } from "../../protocol/report/shard";
import { pause, within } from "../base/timers";
import { packetTo } from "./board";
import { DeviceError } from "./deviceError";
import type { Keyfob } from "./keyfob";
import { KeyfobError } from "./keyfobError";
import { PIECE_BYTES } from "./keyfobWire";
import { codeOf, decodeReport, encodeCommand, type StatusName } from "./packetCodec";

/** Pieces in flight that the device takes even on a line that drops (services/keyfob.md); the window never gets smaller. */
const SAFE_WINDOW = 6;
/** More does not make a 1.5 Mbaud line any fuller, and overruns a device that was held up for a moment. */
const MAX_WINDOW = 32;
/**
 * A device sends one report in 20 ms and does nothing else meanwhile; so many pieces take a little longer than that on a
 * 1.5 Mbaud line (256 bytes each), so that asking this seldom costs no time.
 */
const ASK_SPACING = 14;
/** Before the first loss the window grows by this for every report, afterwards slowly. */
const FAST_GROWTH = 4;
const SLOW_GROWTH = 0.5;

const SILENCE_MS = 600;
const MAX_SILENCES = 16;
const BEGINNINGS = 5;
const VERIFY_POLL_MS = 300;
const BUSY_POLL_MS = 1000;
const BUSY_LIMIT_MS = 120_000;

/** How an import ended without an error. */
export type ImportOutcome = "verified" | "already";

export interface ImportProgress {
  /** Bytes of the file that the keyfob has, and of the whole file. */
  transferred?(bytes: number, of: number): void;
  /** Percent of the signature check. */
  verifying?(percent: number): void;
}

/**
 * Streams a whole shard file (header, blocks, signature) into a keyfob and waits for its verdict. After a broken line or a
 * restarted device, call it again: it goes on where the keyfob stands.
 *
 * @throws KeyfobError UnknownRegionKey, BadHeader, BadBlock, BadSignature
 * @throws DeviceError lost, noAnswer
 */
export async function importShard(
  keyfob: Keyfob,
  file: Buffer,
  progress: ImportProgress = {},
  signal?: AbortSignal,
): Promise<ImportOutcome> {
  for (let beginning = 0; beginning < BEGINNINGS; beginning++) {
    const opened = await begin(keyfob, file, signal);
    if (opened === "already") return "already";
    const streamed = await stream(keyfob, file, opened.request, opened.nextPiece, progress, signal);
    if (streamed === "notBegun") continue;
    const verdict = await verify(keyfob, opened.request, progress, signal);
    if (verdict === "verified") return verdict;
  }
  throw new DeviceError(
    "noAnswer",
    "the keyfob keeps forgetting the import (does it restart?): see its light, and try again",
  );
}

async function begin(
  keyfob: Keyfob,
  file: Buffer,
  signal: AbortSignal | undefined,
): Promise<"already" | { request: number; nextPiece: number }> {
  const request = keyfob.newRequest();
  const header = file.subarray(0, SHARD_HEADER_BYTES);
  const busyUntil = Date.now() + BUSY_LIMIT_MS;
  for (;;) {
    const { status, nextPiece } = await keyfob.command("importBegin", { header }, request);
    if (status === "Already") return "already";
    if (status === "Ok") return { request, nextPiece };
    if (status !== "Busy" || Date.now() > busyUntil) throw new KeyfobError(status);
    await pause(BUSY_POLL_MS, signal);
  }
}

/** Sends pieces until the keyfob has all of them. */
async function stream(
  keyfob: Keyfob,
  file: Buffer,
  request: number,
  firstPiece: number,
  progress: ImportProgress,
  signal: AbortSignal | undefined,
): Promise<"complete" | "notBegun"> {
  const pieces = Math.ceil((file.length - SHARD_HEADER_BYTES) / PIECE_BYTES);
  const window = new Window(firstPiece, pieces);
  const report = () =>
    progress.transferred?.(Math.min(file.length, SHARD_HEADER_BYTES + window.confirmed * PIECE_BYTES), file.length);
  let wake = () => {};
  const stopListening = keyfob.board.listen(keyfob.service, (packet) => {
    if (packet.serviceCommand !== codeOf("importProgress")) return;
    const report = decodeReport("importProgress", Buffer.from(packet.data));
    if (report?.request !== request) return;
    window.heard(report.nextPiece, report.status);
    wake();
  });
  const stopLoss = keyfob.board.onLost(() => wake());
  report();
  try {
    let silences = 0;
    while (window.confirmed < pieces && !window.closedBy) {
      signal?.throwIfAborted();
      const piece = window.next();
      if (piece) {
        await keyfob.board.sendPacket(
          packetTo(keyfob.service, codeOf("importPiece"), pieceOf(file, request, piece.number, piece.ask)),
        );
        continue;
      }
      const before = window.reports;
      await within(SILENCE_MS, (done) => {
        wake = () => done(undefined);
        return () => undefined;
      });
      if (keyfob.board.lost) throw keyfob.board.lost;
      if (window.reports !== before) silences = 0;
      else if (++silences > MAX_SILENCES)
        throw new DeviceError(
          "noAnswer",
          "the keyfob stopped answering in the middle of an import: unplug it, plug it in again and repeat the command",
        );
      else window.silence();
      report();
    }
  } finally {
    stopListening();
    stopLoss();
  }
  report();
  if (window.closedBy === "NotBegun") return "notBegun";
  if (window.closedBy) throw new KeyfobError(window.closedBy);
  return "complete";
}

async function verify(
  keyfob: Keyfob,
  request: number,
  progress: ImportProgress,
  signal: AbortSignal | undefined,
): Promise<"verified" | "again"> {
  const busyUntil = Date.now() + BUSY_LIMIT_MS;
  for (;;) {
    const { status, percent } = await keyfob.command("importVerify", {}, request);
    if (status === "Ok" || status === "Already") {
      progress.verifying?.(100);
      return "verified";
    }
    if (status === "NotBegun" || status === "Incomplete") return "again";
    if (status === "Verifying") progress.verifying?.(percent);
    else if (status !== "Busy") throw new KeyfobError(status);
    if (Date.now() > busyUntil)
      throw new DeviceError(
        "noAnswer",
        "the keyfob does not finish checking the signature: unplug it, plug it in again and repeat the command",
      );
    await pause(VERIFY_POLL_MS, signal);
  }
}

function pieceOf(file: Buffer, request: number, number: number, ask: boolean): Buffer {
  const start = SHARD_HEADER_BYTES + number * PIECE_BYTES;
  const data = file.subarray(start, start + PIECE_BYTES);
  return encodeCommand("importPiece", request, { number, ask: ask ? 1 : 0, reserved: 0, data });
}

/** Which piece goes next, given what the keyfob reported. Exported for its tests. */
export class Window {
  /** Everything before this piece is on the keyfob. */
  confirmed: number;
  /** Progress reports heard. */
  reports = 0;
  /** The status with which the keyfob closed the import. */
  closedBy: StatusName | undefined;
  private sent: number;
  private size = SAFE_WINDOW;
  private hadLoss = false;
  private sinceAsk = 0;
  /** After going back, reports that do not advance belong to pieces sent before; they say nothing new. */
  private deafUntil = -1;
  /** For each ask on its way, the piece behind the one that asks: what its report will say if nothing was lost. */
  private asked: number[] = [];

  constructor(
    firstPiece: number,
    private readonly pieces: number,
  ) {
    this.confirmed = firstPiece;
    this.sent = firstPiece;
  }

  /** Pieces that may be in flight. */
  get inFlightLimit(): number {
    return Math.floor(this.size);
  }

  /** The next piece to send, or undefined while the window is full. */
  next(): { number: number; ask: boolean } | undefined {
    if (this.sent >= this.pieces || this.sent - this.confirmed >= this.inFlightLimit) return undefined;
    const number = this.sent++;
    this.sinceAsk++;
    const isLast = number === this.pieces - 1;
    const fills = this.sent - this.confirmed >= this.inFlightLimit;
    const ask = isLast || fills || this.sinceAsk >= ASK_SPACING;
    if (ask) {
      this.sinceAsk = 0;
      this.asked.push(number + 1);
    }
    return { number, ask };
  }

  /** Takes an importProgress. */
  heard(nextPiece: number, status: StatusName): void {
    this.reports++;
    if (status !== "Ok") {
      if (status !== "Busy" && status !== "Verifying") this.closedBy = status;
      return;
    }
    if (nextPiece > this.pieces) return;
    if (nextPiece < this.confirmed) return;
    if (nextPiece > this.confirmed) {
      this.confirmed = nextPiece;
      this.sent = Math.max(this.sent, nextPiece);
      this.asked = this.asked.filter((boundary) => boundary >= nextPiece);
      this.size = Math.min(MAX_WINDOW, this.size + (this.hadLoss ? SLOW_GROWTH : FAST_GROWTH));
    }
    // A piece that was sent twice may ask twice, and is answered twice; what no ask expects tells of a piece that was lost.
    const answers = this.asked.indexOf(nextPiece);
    if (answers >= 0) this.asked.splice(answers, 1);
    else if (nextPiece < this.sent && nextPiece > this.deafUntil) this.goBack();
  }

  /** Nothing was heard for a while: what is in flight was lost, or the report was. */
  silence(): void {
    this.deafUntil = -1;
    this.size = SAFE_WINDOW;
    this.hadLoss = true;
    this.sent = this.confirmed;
    this.sinceAsk = 0;
    this.asked = [];
  }

  private goBack(): void {
    this.hadLoss = true;
    this.size = Math.max(SAFE_WINDOW, this.size / 2);
    this.deafUntil = this.confirmed;
    this.sent = this.confirmed;
    this.sinceAsk = 0;
  }
}
