// node:http itself: two routes and a feed need no framework, and every limit that keeps a hostile client away is one of
// its settings.

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { errorKind, type Log } from "../log";
import type { Metrics } from "../metrics";
import { answerText } from "./answer";

const MAX_HEADER_BYTES = 8192;
/** A request's headers must be complete after this time, however slowly they trickle in. */
const HEADERS_TIMEOUT_MS = 10_000;
/** And its body: 86 KB at the speed of a very bad line. */
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 5_000;
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 2_000;
const MAX_REQUESTS_PER_CONNECTION = 1_000;
const CLOSE_GRACE_MS = 10_000;

/** Answers one request; what it throws becomes a 500 and a log line without anything of the request. */
export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

export interface ListeningServer {
  /** Without a path. */
  readonly url: string;
  /** Stops listening, lets requests in flight finish (10 s at most) and closes everything. */
  close(): Promise<void>;
}

/** Listens with the limits above. @param port 0 for any free one @throws the error of the operating system */
export async function listen(
  handler: Handler,
  host: string,
  port: number,
  tls: TlsOptions | undefined,
  log: Log,
  metrics: Metrics,
): Promise<ListeningServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const listener = guarded(handler, log, metrics);
  const server: Server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...tls, ...limits, handshakeTimeout: HEADERS_TIMEOUT_MS }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  server.on("clientError", answerClientError);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
  const { port: chosen } = server.address() as AddressInfo;
  const printable = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? "http" : "https"}://${printable}:${chosen}`,
    close: () => closeGracefully(server),
  };
}

function guarded(handler: Handler, log: Log, metrics: Metrics): RequestListener {
  return (request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    handler(request, response, path).catch((error) => {
      // The client went away: nobody is left to answer.
      if (request.destroyed && !request.complete) return;
      if (response.destroyed || (error as NodeJS.ErrnoException).code === "ERR_STREAM_PREMATURE_CLOSE") return;
      metrics.add("chirpfob_errors_total");
      log("error", "request-failed", { kind: errorKind(error) });
      if (response.headersSent) response.destroy();
      else answerText(response, 503, "something went wrong here: please try again later", { "retry-after": "5" });
    });
  };
}

/** What is not HTTP, too large or too slow gets one line and the door. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

function closeGracefully(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(giveUp);
      resolve();
    });
    server.closeIdleConnections();
  });
}
