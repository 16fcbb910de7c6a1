import { open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerText } from "../../daemon/http/answer";
import type { Download } from "../../daemon/http/server";
import type { FeedFiles, ServedChunk, ServedFeed } from "../feeds/feedFiles";

/** What a download holds in memory. */
const PIECE_BYTES = 65_536;

/** A chunk never changes. */
const CHUNK_CACHE = "public, max-age=2592000, immutable";

/** Serves a feed's index (`chunk` undefined) or one of its shards, to GET and HEAD. */
export async function serveFeed(
  files: FeedFiles,
  feed: string,
  chunk: string | undefined,
  indexMaxAgeSeconds: number,
  request: IncomingMessage,
  response: ServerResponse,
  download: Download,
): Promise<void> {
  const served = files.get(feed);
  if (served === undefined) return answerText(response, 404, "there is no such feed");
  if (chunk === undefined) return serveIndex(served, indexMaxAgeSeconds, request, response, download);
  const found = /^[1-9][0-9]{0,9}$/.test(chunk) ? served.chunks.get(Number(chunk)) : undefined;
  if (found === undefined) return answerText(response, 404, "there is no such chunk: the index lists those there are");
  return serveChunk(found, request, response, download);
}

async function serveIndex(
  feed: ServedFeed,
  maxAge: number,
  request: IncomingMessage,
  response: ServerResponse,
  download: Download,
): Promise<void> {
  const isGzip = acceptsGzip(String(request.headers["accept-encoding"] ?? ""));
  const body = isGzip ? feed.indexGzip : feed.index;
  const etag = isGzip ? feed.indexEtag.replace(/"$/, '-gzip"') : feed.indexEtag;
  response.setHeader("etag", etag);
  response.setHeader("vary", "accept-encoding");
  response.setHeader("cache-control", `public, max-age=${maxAge}`);
  if (matchesEtag(request, etag)) {
    response.writeHead(304).end();
    return;
  }
  if (isGzip) response.setHeader("content-encoding", "gzip");
  const start = () => response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  if (request.method === "HEAD") start().end();
  else await download(start, piecesOf(body));
}

/** Whether gzip is named, and not with the weight 0 that forbids it (RFC 9110, 12.5.3). */
function acceptsGzip(header: string): boolean {
  return header.split(",").some((coding) => {
    const [name = "", ...parameters] = coding.split(";").map((part) => part.trim().toLowerCase());
    return name === "gzip" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** Seeds are random and do not compress, so a shard is sent as it is. */
async function serveChunk(
  chunk: ServedChunk,
  request: IncomingMessage,
  response: ServerResponse,
  download: Download,
): Promise<void> {
  const etag = `"${chunk.sha256}"`;
  response.setHeader("etag", etag);
  response.setHeader("cache-control", CHUNK_CACHE);
  response.setHeader("accept-ranges", "bytes");
  if (matchesEtag(request, etag)) {
    response.writeHead(304).end();
    return;
  }
  const ifRange = request.headers["if-range"];
  const range = ifRange === undefined || ifRange === etag ? parseRange(request.headers.range, chunk.bytes) : undefined;
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${chunk.bytes}`, "content-length": 0 }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: chunk.bytes - 1 };
  const begin = () => {
    if (range !== undefined) response.setHeader("content-range", `bytes ${start}-${end}/${chunk.bytes}`);
    return response.writeHead(range === undefined ? 200 : 206, {
      "content-type": "application/octet-stream",
      "content-length": end - start + 1,
    });
  };
  if (request.method === "HEAD") begin().end();
  else await download(begin, fileParts(chunk.path, start, end));
}

/** A file's bytes from `start` to `end`, both included; the file is open only while they are read. */
async function* fileParts(path: string, start: number, end: number): AsyncGenerator<Buffer> {
  const file = await open(path, "r");
  try {
    for (let at = start; at <= end; ) {
      // A buffer of its own for each piece: TLS may still be encrypting the one before.
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end + 1 - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw new Error("a published file is shorter than its index says");
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function* piecesOf(body: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}

function matchesEtag(request: IncomingMessage, etag: string): boolean {
  const wanted = request.headers["if-none-match"];
  if (wanted === undefined) return false;
  return wanted.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/** A single byte range; several ranges, or nonsense, are answered with the whole file, as RFC 9110 allows. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end };
}
