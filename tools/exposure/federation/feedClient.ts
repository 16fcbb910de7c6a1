import { Agent, request } from "node:https";
import { FormatError } from "../../../protocol/base/formatError";
import type { Producer } from "./federationConfig";

/** Without a byte. */
const SILENCE_MS = 15_000;
/** For one file, however it trickles in: 8 MB at 140 kB a second. */
const FILE_MS = 60_000;
const MAX_HEADER_BYTES = 8192;
const DEFAULT_MAX_AGE_SECONDS = 300;
/** What a partner may ask us to wait: we come back within hours whatever it says, and not more often than each minute. */
const MIN_MAX_AGE_SECONDS = 60;
const MAX_MAX_AGE_SECONDS = 6 * 3600;

/** A region's service could not be asked, or would not answer. */
export class FeedUnavailable extends Error {
  /** Stands in the log instead of the message. */
  readonly code: string;

  constructor(reason: string) {
    super(reason);
    this.code = reason;
  }
}

/** Reads files from another region's service over mutual TLS. */
export class FeedClient {
  private readonly agent: Agent;

  constructor(
    private readonly producer: Producer,
    authority: Buffer,
  ) {
    this.agent = new Agent({
      ca: authority,
      cert: producer.tlsConsumerCertificate,
      key: producer.tlsConsumerKey,
      minVersion: "TLSv1.2",
      keepAlive: false,
    });
  }

  /**
   * Fetches one path.
   * @param limit most bytes to accept
   * @param signal ends it
   * @throws FeedUnavailable for anything but a 200; FormatError for a body that is too long
   */
  get(path: string, limit: number, signal: AbortSignal): Promise<{ body: Buffer; maxAgeSeconds: number }> {
    return new Promise((resolve, reject) => {
      const asked = request(`${this.producer.remoteRegionURL}${path}`, {
        agent: this.agent,
        timeout: SILENCE_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
        signal,
      });
      const deadline = setTimeout(() => asked.destroy(new FeedUnavailable("timeout")), FILE_MS);
      asked.on("close", () => clearTimeout(deadline));
      asked.on("timeout", () => asked.destroy(new FeedUnavailable("timeout")));
      asked.on("error", (error) => reject(error));
      asked.on("response", (response) => {
        if (response.statusCode !== 200) {
          asked.destroy();
          reject(new FeedUnavailable(`status ${response.statusCode}`));
          return;
        }
        const parts: Buffer[] = [];
        let length = 0;
        response.on("error", (error) => reject(error));
        response.on("data", (part: Buffer) => {
          parts.push(part);
          length += part.length;
          if (length > limit) asked.destroy(new FormatError("answer", limit, `longer than ${limit} bytes`));
        });
        response.on("end", () => {
          const maxAge = /max-age=(\d{1,9})/.exec(String(response.headers["cache-control"] ?? ""))?.[1];
          const maxAgeSeconds = Math.min(
            MAX_MAX_AGE_SECONDS,
            Math.max(MIN_MAX_AGE_SECONDS, Number(maxAge ?? DEFAULT_MAX_AGE_SECONDS)),
          );
          resolve({ body: Buffer.concat(parts, length), maxAgeSeconds });
        });
      });
      asked.end();
    });
  }
}
