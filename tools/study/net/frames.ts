// Messages between two servers over one connection: u32 length in bytes, u32 number of the message, then the bytes. A length or
// number that is not the expected one ends the study.

import type { TLSSocket } from "node:tls";
import { StudyError } from "../base/errors";
import { MAX_MESSAGE_BYTES } from "../plan/descriptor";

const HEADER_BYTES = 8;
/** Longer messages are written in pieces of this size, so that little waits in memory. */
const PIECE_BYTES = 256 * 1024;

/** A peer's messages, one after the other. */
export class FrameConnection {
  private readonly waiting: Buffer[] = [];
  private isWriting = false;
  private sent = 0;
  private received = 0;
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private headerFilled = 0;
  private message: Uint8Array<ArrayBuffer> | undefined;
  private messageFilled = 0;
  private readonly complete: Uint8Array<ArrayBuffer>[] = [];
  private reader:
    | { readonly take: (bytes: Uint8Array<ArrayBuffer>) => void; readonly fail: (error: Error) => void }
    | undefined;
  private lost: Error | undefined;

  /**
   * @param waitMs for which a reader waits; undefined while it may take any time @param onLost told once, when the peer is gone
   */
  constructor(
    private readonly socket: TLSSocket,
    readonly name: string,
    private readonly onLost: (error: StudyError) => void,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 5000);
    socket.on("data", (chunk: Buffer) => this.take(chunk));
    socket.on("error", () => this.lose("the connection broke"));
    socket.on("close", () => this.lose("it is gone"));
  }

  send(bytes: Uint8Array): void {
    if (this.lost) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(bytes.byteLength, 0);
    header.writeUInt32LE(this.sent++, 4);
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (body.length <= PIECE_BYTES / 4) this.waiting.push(Buffer.concat([header, body]));
    else {
      this.waiting.push(header);
      for (let at = 0; at < body.length; at += PIECE_BYTES) this.waiting.push(body.subarray(at, at + PIECE_BYTES));
    }
    if (!this.isWriting) this.write();
  }

  /**
   * The peer's next message. @param waitMs how long it may take; undefined for any time
   * @throws StudyError if the peer is gone or too slow
   */
  receive(waitMs?: number): Promise<Uint8Array<ArrayBuffer>> {
    const ready = this.complete.shift();
    if (ready) return Promise.resolve(ready);
    if (this.lost) return Promise.reject(this.lost);
    return new Promise((resolve, reject) => {
      const timer =
        waitMs === undefined
          ? undefined
          : setTimeout(() => this.lose(`it said nothing for ${waitMs / 1000} s`), waitMs);
      this.reader = {
        take: (bytes) => {
          clearTimeout(timer);
          resolve(bytes);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  }

  /** Resolves when all that was sent has left, or cannot any more. */
  async flush(): Promise<void> {
    while (!this.lost && (this.isWriting || this.socket.writableLength > 0))
      await new Promise((done) => setTimeout(done, 5));
  }

  /** Ends the connection; a reader that waits hears of it. */
  close(): void {
    this.end(new StudyError("the connection was closed", "unreachable"));
  }

  private write(): void {
    this.isWriting = true;
    for (let piece = this.waiting.shift(); piece; piece = this.waiting.shift())
      if (!this.socket.write(piece)) {
        this.socket.once("drain", () => this.write());
        return;
      }
    this.isWriting = false;
  }

  private take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.message === undefined) {
        const some = Math.min(HEADER_BYTES - this.headerFilled, chunk.length - at);
        chunk.copy(this.header, this.headerFilled, at, at + some);
        this.headerFilled += some;
        at += some;
        if (this.headerFilled < HEADER_BYTES) return;
        this.headerFilled = 0;
        const length = this.header.readUInt32LE(0);
        if (this.header.readUInt32LE(4) !== this.received++ || length > MAX_MESSAGE_BYTES) {
          this.lose("its messages are out of order, or too long");
          return;
        }
        this.message = new Uint8Array(length);
        this.messageFilled = 0;
      }
      const some = Math.min(this.message.length - this.messageFilled, chunk.length - at);
      this.message.set(chunk.subarray(at, at + some), this.messageFilled);
      this.messageFilled += some;
      at += some;
      if (this.messageFilled < this.message.length) return;
      this.deliver(this.message);
      this.message = undefined;
    }
  }

  private deliver(message: Uint8Array<ArrayBuffer>): void {
    const { reader } = this;
    this.reader = undefined;
    if (reader) reader.take(message);
    else this.complete.push(message);
  }

  private lose(why: string): void {
    const error = new StudyError(
      `server ${this.name} failed: ${why}. The study ends, nothing is returned`,
      "unreachable",
    );
    if (this.end(error)) this.onLost(error);
  }

  /** @returns false if it had ended already */
  private end(error: StudyError): boolean {
    if (this.lost) return false;
    this.lost = error;
    this.socket.destroy();
    this.reader?.fail(error);
    this.reader = undefined;
    return true;
  }
}
