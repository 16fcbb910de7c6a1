import type { IncomingMessage, ServerResponse } from "node:http";
import { FormatError } from "../../../protocol/base/formatError";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import { pause } from "../../base/timers";
import type { Clock } from "../../daemon/clock";
import { BodyTooLarge, readBody } from "../../daemon/http/answer";
import { errorKind, type Log } from "../../daemon/log";
import { checkUpload, MAX_UPLOAD_BYTES, RECEIPT_BYTES, type UploadOutcome, type Uploads } from "../intake/uploads";
import type { Counters } from "../storage/counters";
import type { GuessLimit } from "./guessLimit";
import { answerUpload } from "./uploadAnswer";

const RECEIPT_SHAPE = new RegExp(`^[0-9a-fA-F]{${2 * RECEIPT_BYTES}}$`);

export interface UploadRouteOptions {
  readonly region: string;
  readonly now: Clock;
  /** Answers leave only at multiples of this many milliseconds after the request: work of different length looks alike. */
  readonly answerStepMs: number;
  /** Uploads that are checked and stored at a time; more are asked to come back. */
  readonly maxInFlight: number;
  /** Whether the clock can be trusted with the hours of an upload and the last day of a number. */
  readonly canJudgeHours: () => boolean;
  /** Told of each upload whether the database could do its work. */
  readonly noteStored: (isStored: boolean) => void;
  readonly log: Log;
  /** Whose refusals count together; kept nowhere. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** `POST /v1/uploads`: an upload file against a permission number. */
export class UploadRoute {
  private inFlight = 0;

  constructor(
    private readonly uploads: Uploads,
    private readonly limit: GuessLimit,
    private readonly metrics: Counters,
    private readonly options: UploadRouteOptions,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const attempt = this.limit.begin(this.options.addressOf(request));
    // Whoever hangs up has still tried, if the number got so far.
    let wasRefused = false;
    try {
      const file = await this.readFile(request, response);
      if (file === undefined) return;
      const problem = this.findProblem(request, file);
      if (problem !== undefined) {
        this.metrics.add("chirpfob_uploads_malformed_total");
        answerUpload(response, 400, { status: "malformed", reason: problem });
        return;
      }
      const number = readNumber(request);
      if ((await attempt.admit(number)) === "later") {
        this.answerLater(response, "too many numbers were refused: try again later", this.limit.waitSeconds());
        return;
      }
      // Counted only now: whoever trickles a body in holds up nobody else.
      if (this.inFlight >= this.options.maxInFlight) {
        this.answerLater(response, "too many uploads at once: try again in a moment", 1);
        return;
      }
      this.inFlight++;
      const outcome = await this.take(request, number, file).finally(() => {
        this.inFlight--;
      });
      wasRefused = outcome === "refused";
      if (wasRefused && number !== undefined) this.limit.noteNumber(number);
      await this.waitForStep(started);
      if (outcome === undefined) {
        const reason = "uploads cannot be stored just now, and the number is not used up: try again later";
        answerUpload(response, 503, { status: "refused", reason }, { "retry-after": "60" });
      } else if (outcome === "accepted") answerUpload(response, 201, { status: "accepted" });
      else
        answerUpload(response, 403, {
          status: "refused",
          reason: "not permitted: the number is mistyped, used, expired or withdrawn; ask whoever gave it to you",
        });
    } finally {
      attempt.end(wasRefused);
    }
  }

  /** The body; undefined if it is too large, which has been answered. */
  private async readFile(request: IncomingMessage, response: ServerResponse): Promise<Buffer | undefined> {
    try {
      return await readBody(request, MAX_UPLOAD_BYTES);
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) throw error;
      this.metrics.add("chirpfob_uploads_malformed_total");
      refuseBody(request, response, 413, `an upload is at most ${MAX_UPLOAD_BYTES} bytes (90 days of hours)`);
      return undefined;
    }
  }

  private answerLater(response: ServerResponse, reason: string, seconds: number): void {
    this.metrics.add("chirpfob_uploads_limited_total");
    answerUpload(response, 429, { status: "refused", reason }, { "retry-after": String(seconds) });
  }

  /** Undefined if it cannot be stored, or judged, just now. */
  private async take(
    request: IncomingMessage,
    number: Buffer | undefined,
    file: Buffer,
  ): Promise<UploadOutcome | undefined> {
    if (!this.options.canJudgeHours()) return undefined;
    const receipt = Buffer.from(String(request.headers["idempotency-key"]), "hex");
    try {
      const outcome = await this.uploads.take(number, receipt, file);
      this.options.noteStored(true);
      const isAccepted = outcome === "accepted";
      this.metrics.add(isAccepted ? "chirpfob_uploads_accepted_total" : "chirpfob_uploads_refused_total");
      return outcome;
    } catch (error) {
      this.options.noteStored(false);
      this.metrics.add("chirpfob_errors_total");
      this.options.log("error", "upload-not-stored", { kind: errorKind(error) });
      return undefined;
    }
  }

  /** What is wrong with the request, whatever its number; undefined if nothing. */
  private findProblem(request: IncomingMessage, file: Buffer): string | undefined {
    const { headers } = request;
    if (!MEDIA_TYPE.test(headers["content-type"] ?? "")) return "Content-Type must be application/octet-stream";
    if (!RECEIPT_SHAPE.test(headers["idempotency-key"] === undefined ? "" : String(headers["idempotency-key"])))
      return `Idempotency-Key must be ${2 * RECEIPT_BYTES} hexadecimal digits, the client's own receipt`;
    try {
      checkUpload(file, this.options.region, this.options.now());
      return undefined;
    } catch (error) {
      if (error instanceof FormatError) return error.message;
      throw error;
    }
  }

  private waitForStep(started: number): Promise<void> {
    const { answerStepMs } = this.options;
    if (answerStepMs === 0) return Promise.resolve();
    const late = (performance.now() - started) % answerStepMs;
    return pause(answerStepMs - late);
  }
}

/** Media types are read without regard to case (RFC 9110 section 8.3.1). */
const MEDIA_TYPE = /^application\/octet-stream\s*$/i;

/** `Authorization: Permission NUMBER`, the scheme in any case (RFC 9110 section 11.1), or undefined if there is none that can be read. */
function readNumber(request: IncomingMessage): Buffer | undefined {
  const text = /^Permission +(.{1,64})$/i.exec(request.headers.authorization ?? "")?.[1];
  if (text === undefined) return undefined;
  try {
    return decodePermissionNumber(text);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Answers without having read the body, and closes the connection, since the rest of it would look like a request. */
function refuseBody(request: IncomingMessage, response: ServerResponse, status: number, reason: string): void {
  answerUpload(response, status, { status: "refused", reason }, { connection: "close" });
  // A client that is still sending would lose the answer to a reset connection; give it a second to read it.
  request.resume();
  const giveUp = setTimeout(() => request.destroy(), 1000);
  giveUp.unref();
  request.once("close", () => clearTimeout(giveUp));
}
