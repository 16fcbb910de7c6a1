// node:http itself: two routes and a feed need no framework, and every limit that keeps a hostile client away is one of
// its settings.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { errorKind, type Log } from "../log";
import { answerText } from "./answer";
import { Connections } from "./connections";
import { CLIENT_GONE, type TransferLimits, Transfers } from "./transfers";

const MAX_HEADER_BYTES = 8192;
/** A request's headers must be complete after this time, however slowly they trickle in. */
const HEADERS_TIMEOUT_MS = 10_000;
/** And its body: 86 KB at the speed of a very bad line. */
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 5_000;
const CHECK_INTERVAL_MS = 1_000;
const MAX_REQUESTS_PER_CONNECTION = 100;
/** As many as the kernel allows at most: a burst of strangers must not make an honest client try again a second later. */
const BACKLOG = 4096;
/** Connections at most, and those that leave this many of the process's files for everything else. */
const MAX_CONNECTIONS = 2_000;
const RESERVED_FILES = 256;
const MIN_CONNECTIONS = 64;
/** An eighth of them, for one address block: enough for a clinic behind one address. */
const BLOCK_SHARE = 8;
const TRANSFER_LIMITS: TransferLimits = {
  total: 64,
  perBlock: 16,
  waitMs: 5_000,
  stallMs: 250,
  patienceMs: 60_000,
};
const CLOSE_GRACE_MS = 3_000;
/** For a client that was turned away to read why. */
const LAST_WORD_MS = 1_000;

/** Answers one request; what it throws becomes a 500 and a log line without anything of the request. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  download: Download,
) => Promise<void>;

/**
 * Answers with what `pieces` brings, at the pace at which the client reads. `start` writes the headers as soon as there is
 * room for one more download; without room the client is asked to come back.
 */
export type Download = (start: () => void, pieces: AsyncIterable<Buffer>) => Promise<void>;

export interface ServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** HTTPS with these certificates; plain HTTP without. */
  readonly tls?: TlsOptions | undefined;
  /** Whether all connections come from a proxy's one address. */
  readonly behindProxy?: boolean;
}

export interface ListeningServer {
  /** Without a path. */
  readonly url: string;
  /** Stops listening, lets requests in flight finish (3 s at most) and closes everything. */
  close(): Promise<void>;
}

/** Listens with the limits above. @throws the error of the operating system */
export async function listen(
  handler: Handler,
  { host, port, tls, behindProxy = false }: ServerOptions,
  log: Log,
  onError: () => void,
): Promise<ListeningServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const total = Math.min(MAX_CONNECTIONS, Math.max(MIN_CONNECTIONS, openFilesLimit() - RESERVED_FILES));
  const connections = new Connections({ total, perBlock: behindProxy ? total : Math.ceil(total / BLOCK_SHARE) });
  const transfers = new Transfers(
    behindProxy ? { ...TRANSFER_LIMITS, perBlock: TRANSFER_LIMITS.total } : TRANSFER_LIMITS,
  );
  const listener = guarded(handler, connections, transfers, log, onError);
  const server: Server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer(
          { ...tls, ...limits, handshakeTimeout: HEADERS_TIMEOUT_MS, ...{ allowHalfOpen: true } },
          listener,
        );
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  // Whoever ends its own direction after the request still gets the whole answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("connection", (socket: Socket) => connections.admit(socket));
  server.on("clientError", answerClientError);
  server.on("timeout", (socket: Socket) => {
    const connection = connections.of(socket);
    // A client that may have something left to read closes first; the transfers see to it that it does.
    if (connection !== undefined && transfers.isHolding(connection)) socket.end();
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog: BACKLOG }, () => resolve());
  });
  const { port: chosen } = server.address() as AddressInfo;
  const printable = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? "http" : "https"}://${printable}:${chosen}`,
    close: () => closeGracefully(server, connections),
  };
}

function guarded(
  handler: Handler,
  connections: Connections,
  transfers: Transfers,
  log: Log,
  onError: () => void,
): RequestListener {
  return (request, response) => {
    const connection = connections.of(request.socket);
    if (connection === undefined || !connection.begin(request, response)) {
      request.socket.destroy();
      return;
    }
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const download: Download = async (start, pieces) => {
      if (await transfers.enter(connection)) return transfers.send(connection, response, start, pieces);
      if (!response.destroyed) answerLater(response, "too many downloads at once: please try again later");
    };
    handler(request, response, path, download).catch((error) => {
      // The client went away: nobody is left to answer.
      if (request.destroyed && !request.complete) return;
      const { code } = error as NodeJS.ErrnoException;
      if (response.destroyed || code === CLIENT_GONE || code === "ECONNRESET") return;
      onError();
      log("error", "request-failed", { kind: errorKind(error) });
      if (response.headersSent) response.destroy();
      else answerLater(response, "something went wrong here: please try again later");
    });
  };
}

/** 503 instead of the answer that was being prepared, so without its headers. */
function answerLater(response: ServerResponse, reason: string): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  answerText(response, 503, reason, { "retry-after": "5" });
}

/** What is not HTTP, too large or too slow gets one line and the door; an unfinished TLS handshake only the door. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const isHandshake = "secureConnecting" in socket && socket.secureConnecting === true;
  if (!socket.writable || error.code === "ECONNRESET" || isHandshake) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  const giveUp = setTimeout(() => socket.destroy(), LAST_WORD_MS);
  giveUp.unref();
  socket.once("close", () => clearTimeout(giveUp));
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

function closeGracefully(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => connections.closeAll(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(giveUp);
      resolve();
    });
    connections.closeIdle();
  });
}

/** The files and connections that this process may have open (Linux: proc(5), limits). */
function openFilesLimit(): number {
  try {
    const text = readFileSync("/proc/self/limits", "utf8");
    return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
