import type { IncomingMessage, ServerResponse } from "node:http";
import { FormatError } from "../../../protocol/base/formatError";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import type { Clock } from "../../daemon/clock";
import { answerUpload, BodyTooLarge, readBody } from "../../daemon/http/answer";
import type { Metrics } from "../../daemon/metrics";
import { checkUpload, MAX_UPLOAD_BYTES, RECEIPT_BYTES, type Uploads } from "../intake/uploads";
import type { GuessLimit } from "./guessLimit";

const RECEIPT_SHAPE = new RegExp(`^[0-9a-fA-F]{${2 * RECEIPT_BYTES}}$`);

export interface UploadRouteOptions {
  readonly region: string;
  readonly now: Clock;
  /** Answers leave only at multiples of this many milliseconds after the request: work of different length looks alike. */
  readonly answerStepMs: number;
  /** Uploads that are checked and stored at a time; more are asked to come back. */
  readonly maxInFlight: number;
  /** Whose refusals count together; kept nowhere. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** `POST /v1/uploads`: an upload file against a permission number. */
export class UploadRoute {
  private inFlight = 0;

  constructor(
    private readonly uploads: Uploads,
    private readonly limit: GuessLimit,
    private readonly metrics: Metrics,
    private readonly options: UploadRouteOptions,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const wait = this.limit.waitSeconds(this.options.addressOf(request));
    if (wait > 0) {
      this.metrics.add("chirpfob_uploads_limited_total");
      refuseBody(request, response, 429, "too many numbers were refused: try again later", wait);
      return;
    }
    let file: Buffer;
    try {
      file = await readBody(request, MAX_UPLOAD_BYTES);
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) throw error;
      this.metrics.add("chirpfob_uploads_malformed_total");
      refuseBody(request, response, 413, `an upload is at most ${MAX_UPLOAD_BYTES} bytes (90 days of hours)`);
      return;
    }
    // Counted only now: whoever trickles a body in holds up nobody else.
    if (this.inFlight >= this.options.maxInFlight) {
      this.metrics.add("chirpfob_uploads_limited_total");
      const reason = "too many uploads at once: try again in a moment";
      answerUpload(response, 429, { status: "refused", reason }, { "retry-after": "1" });
      return;
    }
    this.inFlight++;
    try {
      await this.take(request, response, file, started);
    } finally {
      this.inFlight--;
    }
  }

  private async take(request: IncomingMessage, response: ServerResponse, file: Buffer, started: number): Promise<void> {
    const problem = this.findProblem(request, file);
    if (problem !== undefined) {
      this.metrics.add("chirpfob_uploads_malformed_total");
      answerUpload(response, 400, { status: "malformed", reason: problem });
      return;
    }
    const receipt = Buffer.from(String(request.headers["idempotency-key"]), "hex");
    const outcome = await this.uploads.take(readNumber(request), receipt, file);
    if (outcome === "accepted") this.metrics.add("chirpfob_uploads_accepted_total");
    else {
      this.metrics.add("chirpfob_uploads_refused_total");
      this.limit.note(this.options.addressOf(request));
    }
    await this.waitForStep(started);
    if (outcome === "accepted") answerUpload(response, 201, { status: "accepted" });
    else
      answerUpload(response, 403, {
        status: "refused",
        reason: "not permitted: the number is mistyped, used, expired or withdrawn; ask whoever gave it to you",
      });
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
    return new Promise((resolve) => setTimeout(resolve, answerStepMs - late));
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
function refuseBody(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  reason: string,
  retryAfterSeconds?: number,
): void {
  const retry: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  answerUpload(response, status, { status: "refused", reason }, { ...retry, connection: "close" });
  // A client that is still sending would lose the answer to a reset connection; give it a second to read it.
  request.resume();
  const giveUp = setTimeout(() => request.destroy(), 1000);
  giveUp.unref();
  request.once("close", () => clearTimeout(giveUp));
}
