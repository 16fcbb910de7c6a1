// Sharing an upload file, once, without saying anything about who does.

import { z } from "zod";
import { encodeUploadFile, type UploadFile } from "../../protocol/report/uploadFile";
import { retry } from "../base/retry";
import { printable } from "../base/words";
import { FeedError } from "../feed/feedError";
import { exchange, type HttpAnswer } from "../feed/http";
import type { SocksProxy } from "../feed/proxy";
import { DeskError } from "./deskError";
import type { Work } from "./events";
import { noteAnswer, takeAttempt } from "./receipt";

/** Pauses between tries whose answer was lost. */
const RETRY_PAUSES_MS = [500, 2000, 5000, 10_000];
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REASON_CHARACTERS = 200;

const refusalBody = z.object({ reason: z.string() });

export interface ShareChoice {
  /** Of the upload file: its receipt stands beside it. */
  readonly path: string;
  readonly upload: UploadFile;
  /** As it is printed. */
  readonly permission: string;
  readonly server: URL;
  readonly proxy: SocksProxy | undefined;
}

export interface ShareReport {
  /** `before`: this file was shared there earlier, and nothing was sent now. */
  readonly accepted: "now" | "before";
  readonly bytes: number;
}

/** The service read the upload and did not take it, so that another attempt is a new one. */
class Refusal extends DeskError {
  override readonly name = "Refusal";

  constructor(message: string) {
    super("input", message);
  }
}

/** The service is there and asks to come back later. */
class PutOff extends FeedError {
  constructor(
    message: string,
    readonly afterMs: number | undefined,
  ) {
    super("unreachable", message);
  }
}

/** Sends an upload until there is an answer; however often it is sent, it counts once. @throws DeskError, FeedError, FileError */
export async function shareUpload(
  { path, upload, permission, server, proxy }: ShareChoice,
  work: Work,
): Promise<ShareReport> {
  const body = encodeUploadFile(upload);
  const attempt = await takeAttempt(path, body, permission, server);
  if (attempt.state === "accepted") return { accepted: "before", bytes: body.length };
  try {
    await sendUntilAnswered(server, { permission, receipt: attempt.receipt, body }, proxy, work);
  } catch (error) {
    if (error instanceof Refusal) await noteAnswer(path, attempt, "refused");
    throw error;
  }
  await noteAnswer(path, attempt, "accepted");
  return { accepted: "now", bytes: body.length };
}

/** What the service is sent. */
export interface Sending {
  readonly permission: string;
  /** 32 hexadecimal digits. */
  readonly receipt: string;
  readonly body: Buffer;
}

/** Sends until there is an answer, always with the same receipt. @throws DeskError, FeedError */
export async function sendUntilAnswered(
  server: URL,
  sending: Sending,
  proxy: SocksProxy | undefined,
  { signal, tell }: Work,
): Promise<void> {
  await retry(() => send(server, sending, proxy, signal), {
    pauseMs: (attempt, error) => {
      const pauseMs = RETRY_PAUSES_MS[attempt - 1];
      return pauseMs !== undefined && error instanceof PutOff ? (error.afterMs ?? pauseMs) : pauseMs;
    },
    mayPass: (error) => error instanceof FeedError && error.fault === "unreachable",
    onRetry: (_, afterMs, error) => tell({ kind: "sendingAgain", why: (error as Error).message, afterMs }),
    signal,
  });
}

async function send(
  server: URL,
  { permission, receipt, body }: Sending,
  proxy: SocksProxy | undefined,
  signal: AbortSignal,
): Promise<true> {
  const answer = await exchange({
    method: "POST",
    url: new URL("v1/uploads", server),
    headers: {
      "content-type": "application/octet-stream",
      authorization: `Permission ${permission}`,
      "idempotency-key": receipt,
    },
    body,
    proxy,
    maxBytes: MAX_ANSWER_BYTES,
    signal,
  });
  if (answer.status === 201) return true;
  throw problemOf(answer, server);
}

/** What an answer means that is no acceptance. */
function problemOf(answer: HttpAnswer, { host }: URL): Error {
  const { status } = answer;
  const reason = reasonIn(answer.body);
  if (status === 400 || status === 413) return new Refusal(`${host} refuses the file: ${reason ?? "it is malformed"}`);
  if (status === 403)
    return new Refusal(
      `${host} refuses the permission number: ${reason ?? "it is mistyped, used, expired or withdrawn"}. Nothing was shared`,
    );
  if (status === 429 || status >= 500)
    return new PutOff(
      `${host} cannot take the upload now (${status}${reason ? `: ${reason}` : ""})`,
      retryAfterMs(answer),
    );
  return new FeedError("untrusted", `${host} answers ${status}, as no exposure service does: check the address`);
}

/** It is a stranger's text on our screen: one short line without control characters. */
function reasonIn(body: Buffer): string | undefined {
  try {
    const { reason } = refusalBody.parse(JSON.parse(body.toString("utf8")));
    return printable(reason).slice(0, MAX_REASON_CHARACTERS);
  } catch {
    return undefined;
  }
}

function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const seconds = Number(headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined;
}
