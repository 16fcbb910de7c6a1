import type { ServerResponse } from "node:http";

/** Every answer to an upload has a body of exactly this many bytes, so that its size tells nothing. */
export const UPLOAD_ANSWER_BYTES = 1024;

/** Reason phrases of one length, for the same reason: 403 would be two bytes longer than 201. */
const PHRASES: Readonly<Record<number, string>> = { 201: "Created", 400: "Invalid", 403: "Refused", 503: "Waiting" };

/** Answers an upload: JSON padded with spaces inside to UPLOAD_ANSWER_BYTES. */
export function answerUpload(
  response: ServerResponse,
  status: number,
  fields: { status: string; reason?: string },
  headers: Record<string, string> = {},
): void {
  const bare = JSON.stringify({ ...fields, padding: "" });
  const padding = " ".repeat(UPLOAD_ANSWER_BYTES - Buffer.byteLength(bare) - 1);
  response.writeHead(status, PHRASES[status], {
    "content-type": "application/json",
    "content-length": UPLOAD_ANSWER_BYTES,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(`${JSON.stringify({ ...fields, padding })}\n`);
}
