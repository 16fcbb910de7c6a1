import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { answerText } from "../../daemon/http/answer";
import type { Handler } from "../../daemon/http/server";
import { PUBLIC_FEED } from "../../feed/feedIndex";
import { ALL_TO_ALL_FEED, type FeedFiles } from "../feeds/feedFiles";
import type { Counters } from "../storage/counters";
import { serveFeed } from "./feedRoute";
import type { UploadRoute } from "./uploadRoute";

/** Seconds for which an index may be cached; also when another region's service should come back. */
export const INDEX_MAX_AGE_SECONDS = 60;

export interface HealthReport {
  readonly isHealthy: boolean;
  /** One line each; a healthy service may have something to say as well. */
  readonly lines: readonly string[];
}

export interface PublicRoutes {
  readonly files: FeedFiles;
  readonly uploads: UploadRoute;
  readonly metrics: Counters;
  readonly checkHealth: () => Promise<HealthReport>;
}

/** What everybody may ask. */
export function publicHandler({ files, uploads, metrics, checkHealth }: PublicRoutes): Handler {
  return async (request, response, path, download) => {
    const feed = /^\/v1\/keys(?:\/([^/]*))?$/.exec(path);
    if (feed !== null) {
      if (!isRead(request, response)) return;
      metrics.add("chirpfob_reads_total");
      return serveFeed(files, PUBLIC_FEED, feed[1], INDEX_MAX_AGE_SECONDS, request, response, download);
    }
    if (path === "/v1/uploads") {
      if (request.method === "POST") return uploads.handle(request, response);
      return answerText(response, 405, "uploads are sent with POST", { allow: "POST" });
    }
    if (path === "/healthz") {
      if (!isRead(request, response)) return;
      const { isHealthy, lines } = await checkHealth();
      return answerText(response, isHealthy ? 200 : 503, lines.join("\n"));
    }
    if (path === "/metrics" && isFromThisMachine(request)) {
      if (!isRead(request, response)) return;
      return answerText(response, 200, metrics.toText().trimEnd(), { "content-type": "text/plain; version=0.0.4" });
    }
    return answerText(response, 404, "there is nothing here");
  };
}

/**
 * What other regions' services may ask over mutual TLS. The certificate's common name is the region that may read its
 * own feed, and the a2a feed if it is configured for it.
 */
export function federationHandler(
  files: FeedFiles,
  allToAllRegions: ReadonlySet<string>,
  regions: ReadonlySet<string>,
): Handler {
  return async (request, response, path, download) => {
    const match = /^\/v1\/([A-Za-z0-9-]{2,6})\/keys(?:\/([^/]*))?$/.exec(path);
    if (match === null) return answerText(response, 404, "there is nothing here");
    if (!isRead(request, response)) return;
    const region = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "");
    const [, feed = "", chunk] = match;
    const isAllowed = regions.has(region) && (feed === ALL_TO_ALL_FEED ? allToAllRegions.has(region) : feed === region);
    if (!isAllowed) return answerText(response, 403, "your certificate does not open this feed");
    return serveFeed(files, feed, chunk, INDEX_MAX_AGE_SECONDS, request, response, download);
  };
}

function isRead(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === "GET" || request.method === "HEAD") return true;
  answerText(response, 405, "this can only be read", { allow: "GET, HEAD" });
  return false;
}

/**
 * Counters by the second would tell the world when somebody uploaded, so they are for this machine only: a direct
 * connection over loopback, and none that a proxy passes on.
 */
function isFromThisMachine(request: IncomingMessage): boolean {
  const { remoteAddress = "" } = request.socket;
  const isLoopback = /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
  const { forwarded, via } = request.headers;
  return isLoopback && forwarded === undefined && via === undefined && request.headers["x-forwarded-for"] === undefined;
}
