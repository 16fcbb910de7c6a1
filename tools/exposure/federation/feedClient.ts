import { Agent, request } from "node:https";
import { FormatError } from "../../../protocol/base/formatError";
import type { Producer } from "./federationConfig";

const TIMEOUT_MS = 30_000;
const DEFAULT_MAX_AGE_SECONDS = 300;

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
   * @throws FeedUnavailable for anything but a 200; FormatError for a body that is too long
   */
  get(path: string, limit: number): Promise<{ body: Buffer; maxAgeSeconds: number }> {
    return new Promise((resolve, reject) => {
      const asked = request(`${this.producer.remoteRegionURL}${path}`, { agent: this.agent, timeout: TIMEOUT_MS });
      asked.on("timeout", () => asked.destroy(new FeedUnavailable("timeout")));
      asked.on("error", (error) => reject(error));
      asked.on("response", (response) => {
        if (response.statusCode !== 200) {
          response.resume();
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
          resolve({ body: Buffer.concat(parts), maxAgeSeconds: Number(maxAge ?? DEFAULT_MAX_AGE_SECONDS) });
        });
      });
      asked.end();
    });
  }
}
