// What participants ask a server for, over TLS 1.3. Nothing of a request is ever logged.

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { FormatError } from "../../../protocol/base/formatError";
import { decodePermissionNumber } from "../../../protocol/report/permissionNumber";
import type { Study } from "../plan/descriptor";
import { contributionBytes, type Register, TOKEN_BYTES } from "./register";

/** What a server says of the study that it runs. */
export interface StudyStatus {
  readonly digest: string;
  readonly phase: string;
  /** Of all servers, base64, in their order; from the end of the phase "agree". */
  readonly signatures: readonly string[];
}

/** @param onForgotten told when a participant has its answer and wants it deleted */
export function studyRoutes(
  study: Study,
  register: Register,
  status: () => StudyStatus,
  onForgotten: () => void,
): RequestListener {
  const base = `/v1/studies/${study.digest}`;
  return async (request, response) => {
    const route = `${request.method} ${request.url}`;
    if (route === "GET /v1/study") return send(response, 200, study.bytes);
    if (route === "GET /v1/status") return send(response, 200, Buffer.from(JSON.stringify(status())));
    if (route === `POST ${base}/contribution`) return contribute(study, register, request, response);
    if (route === `GET ${base}/answer`) {
      const token = bearerToken(request);
      const answer = token && register.answer(token);
      return answer
        ? send(response, 200, Buffer.from(answer.buffer))
        : refuse(response, 404, "there is no such answer");
    }
    if (route === `DELETE ${base}/answer`) {
      const token = bearerToken(request);
      if (!token || !register.forget(token)) return refuse(response, 404, "there is no such answer");
      send(response, 200, Buffer.alloc(0));
      return onForgotten();
    }
    refuse(response, 404, "this server runs another study, or has no such page");
  };
}

async function contribute(
  study: Study,
  register: Register,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const expected = contributionBytes(study);
  const place = placeOf(register, request);
  if (place === undefined) return refuse(response, 403, "the invitation number is none of this study's");
  if (request.headers["content-length"] !== String(expected))
    return refuse(response, 413, `a contribution to this study has exactly ${expected} bytes`);
  const body = Buffer.alloc(expected);
  let filled = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunk.copy(body, filled);
      filled += chunk.length;
    }
  } catch {
    return;
  }
  if (filled !== expected) return refuse(response, 400, "the contribution was cut off: send it again");
  const outcome = register.add(place, body);
  if (outcome === "added") return send(response, 201, Buffer.alloc(0));
  if (outcome === "taken") return refuse(response, 409, "somebody has taken part with this invitation number already");
  refuse(response, 410, "this study does not collect contributions now");
}

function bearer(request: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
}

function placeOf(register: Register, request: IncomingMessage): number | undefined {
  try {
    return register.placeOf(decodePermissionNumber(bearer(request) ?? ""));
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function bearerToken(request: IncomingMessage): Buffer | undefined {
  const text = bearer(request) ?? "";
  return /^[0-9a-f]+$/.test(text) && text.length === 2 * TOKEN_BYTES ? Buffer.from(text, "hex") : undefined;
}

function send(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { "content-length": body.length }).end(body);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  // What is left of a body that is too long is not waited for.
  if (status === 413) response.setHeader("connection", "close");
  send(response, status, Buffer.from(JSON.stringify({ error: why })));
}
