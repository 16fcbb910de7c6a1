import type { IncomingMessage, ServerResponse } from "node:http";

/** Every answer to an upload has a body of exactly this many bytes, so that its size tells nothing. */
export const UPLOAD_ANSWER_BYTES = 1024;

/** Answers with a short text. */
export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(`${text}\n`, "utf8");
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": body.length,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(body);
}

/** Answers an upload: JSON padded with spaces inside to UPLOAD_ANSWER_BYTES. */
export function answerUpload(
  response: ServerResponse,
  status: number,
  fields: { status: string; reason?: string },
  headers: Record<string, string> = {},
): void {
  const bare = JSON.stringify({ ...fields, padding: "" });
  const padding = " ".repeat(UPLOAD_ANSWER_BYTES - Buffer.byteLength(bare) - 1);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": UPLOAD_ANSWER_BYTES,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(`${JSON.stringify({ ...fields, padding })}\n`);
}

/** A body that is longer than allowed. */
export class BodyTooLarge extends Error {}

/** Reads a whole body of at most `limit` bytes. @throws BodyTooLarge without waiting for the rest */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw new BodyTooLarge();
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    length += part.length;
    if (length > limit) throw new BodyTooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}
