// Requests that say nothing about who asks: no user agent, no cookie, no language, a connection for each. fetch() would add
// some of these by itself, and cannot go through a SOCKS proxy.

import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { FileError } from "../base/files";
import { FeedError } from "./feedError";
import type { SocksProxy } from "./proxy";
import { openTunnel } from "./tunnel";

const LOOPBACK_NAMES = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export interface HttpExchange {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
  readonly proxy?: SocksProxy | undefined;
  /** More than this in an answer is refused. */
  readonly maxBytes: number;
  /** Time without a byte after which the server counts as gone. Default 30 s. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Gets the body piece by piece, once the status is known; the answer's body is then empty. */
  readonly onBody?: (status: number, piece: Buffer) => Promise<void> | void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Reads the address of a service: https, or http on this computer. The path before /v1 may be anything. */
export function parseServer(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    url = undefined;
  }
  if (!url || !/^https?:$/.test(url.protocol))
    throw new FeedError("address", `--server must be an address such as https://exposure.example.org, got "${text}"`);
  if (url.protocol === "http:" && !LOOPBACK_NAMES.test(url.hostname))
    throw new FeedError(
      "address",
      `--server ${text} is not encrypted: anyone on the way could read what is sent. Use https:// (http:// only on this computer)`,
    );
  if (url.username || url.password || url.search || url.hash)
    throw new FeedError("address", `--server must be a plain address without user, query or fragment, got "${text}"`);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Sends a request and reads the answer, whatever its status. @throws FeedError */
export async function exchange(options: HttpExchange): Promise<HttpAnswer> {
  const { url, proxy, signal } = options;
  signal?.throwIfAborted();
  const idleMs = options.idleMs ?? 30_000;
  let tunnel: Duplex | undefined;
  try {
    if (proxy) tunnel = await openTunnel(proxy, url, idleMs, signal);
    return await send(options, tunnel, idleMs);
  } catch (error) {
    signal?.throwIfAborted();
    // A disk that takes no more is no server that cannot be reached.
    if (error instanceof FeedError || error instanceof FileError) throw error;
    throw explain(error as NodeJS.ErrnoException, url, proxy);
  } finally {
    tunnel?.destroy();
  }
}

function send(options: HttpExchange, tunnel: Duplex | undefined, idleMs: number): Promise<HttpAnswer> {
  const { url, method, body, headers, maxBytes, onBody, signal } = options;
  return new Promise((resolve, reject) => {
    const start = url.protocol === "https:" && !tunnel ? httpsRequest : httpRequest;
    const request: ClientRequest = start({
      method,
      protocol: tunnel ? "http:" : url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port || (url.protocol === "https:" ? 443 : 80),
      path: url.pathname,
      headers: { host: url.host, ...headers, ...(body ? { "content-length": String(body.length) } : {}) },
      // An agent of any kind would ignore createConnection, and go around the proxy.
      ...(tunnel ? { createConnection: () => tunnel } : { agent: false }),
    });
    const onAbort = () => request.destroy(new Error("aborted"));
    signal?.addEventListener("abort", onAbort, { once: true });
    const finish = (error: Error | undefined, answer?: HttpAnswer) => {
      signal?.removeEventListener("abort", onAbort);
      request.destroy();
      if (answer) resolve(answer);
      else reject(error);
    };
    request.setTimeout(idleMs, () => request.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })));
    request.on("error", finish);
    request.on("response", (response) => {
      readAnswer(response, maxBytes, onBody).then(
        (answer) => finish(undefined, answer),
        (error) => finish(error),
      );
    });
    request.end(body);
  });
}

async function readAnswer(
  response: IncomingMessage,
  maxBytes: number,
  onBody: HttpExchange["onBody"],
): Promise<HttpAnswer> {
  const status = response.statusCode ?? 0;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes)
      throw new FeedError("untrusted", `the server sent more than the ${maxBytes} bytes that were due: it was stopped`);
    if (onBody) await onBody(status, piece);
    else pieces.push(piece);
  }
  if (!response.complete) throw Object.assign(new Error("cut off"), { code: "ECONNRESET" });
  return { status, headers: response.headers, body: Buffer.concat(pieces) };
}

/** What went wrong, and what to do. A server that does not prove who it is will not do so at the next try either. */
function explain(error: NodeJS.ErrnoException, url: URL, proxy: SocksProxy | undefined): FeedError {
  const code = error.code ?? error.message;
  const doubt = doubtAbout(code);
  if (doubt !== undefined)
    return new FeedError("untrusted", `${url.host} does not prove who it is, so nothing was sent: ${doubt} (${code})`);
  const by = proxy ? ` through the proxy ${proxy.host}:${proxy.port}` : "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return new FeedError(
      "unreachable",
      `there is no server ${url.host}, or no internet connection: check both and try again`,
    );
  if (code === "ECONNREFUSED" && !proxy)
    return new FeedError(
      "unreachable",
      `${url.host} takes no connections: it may not be running; check the address, or try again later`,
    );
  return new FeedError(
    "unreachable",
    `${url.host} cannot be reached${by} (${code}): check the connection and try again`,
  );
}

/** Why a certificate proves nothing, from the code of OpenSSL or Node; undefined for other errors. */
function doubtAbout(code: string): string | undefined {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "its certificate is not valid today. Is this computer's date right? If so, the service has to renew it";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return "its certificate is made out to another name. Check the address; is somebody in between?";
  if (/SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED/.test(code))
    return "nobody whom this computer trusts vouches for its certificate. Is somebody in between? If the service has an authority of its own, name its certificate in NODE_EXTRA_CA_CERTS";
  if (/CERT|ERR_TLS/.test(code)) return "its certificate is not good. Check the address; is somebody in between?";
  if (code === "EPROTO" || code.startsWith("ERR_SSL"))
    return "it does not speak HTTPS there. Check the address and the port";
  return undefined;
}
