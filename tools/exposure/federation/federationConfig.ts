// The federation file: which regions may read our feeds, and which we read, with the fields of Vukolić, "On the
// Interoperability of Decentralized Exposure Notification Systems" (arXiv 2006.13087), sections 5.3 and 5.4. A file that
// an operator edits and reviews stands in for the ledger that the paper suggests.

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FormatError } from "../../../protocol/base/formatError";
import { encodeRegion } from "../../../protocol/base/region";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { ServiceError } from "../../daemon/errors";

/** The only format so far: the shards of docs/protocol.md. */
export const FORMAT = "pact-v1";

/** "partial": seeds of people who named our region. "all-to-all": all seeds, for the regions of one cluster. */
export type ReplicationType = "partial" | "all-to-all";

/** Where other regions' services reach us. */
export interface FederationListener {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** A region that may read our feeds; its certificate's common name is its RegionID. */
export interface Consumer {
  readonly regionID: string;
  /** Whether it may read the a2a feed besides its own. */
  readonly allToAll: boolean;
}

/** A region whose feed we read. */
export interface Producer {
  readonly regionID: string;
  readonly remoteRegionURL: string;
  readonly replicationType: ReplicationType;
  readonly format: typeof FORMAT;
  /** 32 bytes each; the paper makes them optional, we do not: an unverified seed is nobody's. */
  readonly verificationKeys: readonly Buffer[];
  /** PEM, with its key. */
  readonly tlsConsumerCertificate: Buffer;
  readonly tlsConsumerKey: Buffer;
}

export interface FederationConfig {
  /** PEM: who signs the certificates of all regions. */
  readonly authority: Buffer;
  readonly listen?: FederationListener;
  readonly consumers: readonly Consumer[];
  readonly producers: readonly Producer[];
}

/**
 * Reads a federation file; paths in it are relative to it.
 * @throws ServiceError that names the field
 */
export async function loadFederation(path: string): Promise<FederationConfig> {
  const reader = new Reader(path, dirname(resolve(path)));
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    reader.fail(
      "",
      error instanceof SyntaxError ? "is not JSON" : `cannot be read: ${(error as { code?: string }).code}`,
    );
  }
  const file = reader.record("the file", value, ["authority", "listen", "consumers", "producers"]);
  return {
    authority: await reader.pem("authority", file.authority),
    ...(file.listen === undefined ? {} : { listen: await readListener(reader, file.listen) }),
    consumers: reader
      .list("consumers", file.consumers ?? [])
      .map((entry, i) => readConsumer(reader, `consumers[${i}]`, entry)),
    producers: await Promise.all(
      reader.list("producers", file.producers ?? []).map((entry, i) => readProducer(reader, `producers[${i}]`, entry)),
    ),
  };
}

async function readListener(reader: Reader, value: unknown): Promise<FederationListener> {
  const listen = reader.record("listen", value, ["host", "port", "certificate", "key"]);
  const port = listen.port;
  if (!Number.isInteger(port) || (port as number) < 0 || (port as number) > 65535)
    reader.fail("listen.port", "must be a port number, 0 to 65535");
  return {
    host: reader.text("listen.host", listen.host),
    port: port as number,
    certificate: await reader.pem("listen.certificate", listen.certificate),
    key: await reader.pem("listen.key", listen.key),
  };
}

function readConsumer(reader: Reader, at: string, value: unknown): Consumer {
  const consumer = reader.record(at, value, ["regionID", "allToAll"]);
  if (consumer.allToAll !== undefined && typeof consumer.allToAll !== "boolean")
    reader.fail(`${at}.allToAll`, "must be true or false");
  return { regionID: reader.region(`${at}.regionID`, consumer.regionID), allToAll: consumer.allToAll === true };
}

async function readProducer(reader: Reader, at: string, value: unknown): Promise<Producer> {
  const producer = reader.record(at, value, [
    "regionID",
    "remoteRegionURL",
    "replicationType",
    "format",
    "verificationKeys",
    "tlsConsumerCertificate",
    "tlsConsumerKey",
  ]);
  const { replicationType, format = FORMAT } = producer;
  if (replicationType !== "partial" && replicationType !== "all-to-all")
    reader.fail(`${at}.replicationType`, 'must be "partial" or "all-to-all"');
  if (format !== FORMAT) reader.fail(`${at}.format`, `must be "${FORMAT}"`);
  const keys = reader.list(`${at}.verificationKeys`, producer.verificationKeys);
  if (keys.length === 0) reader.fail(`${at}.verificationKeys`, "must hold at least one public key");
  return {
    regionID: reader.region(`${at}.regionID`, producer.regionID),
    remoteRegionURL: reader.httpsUrl(`${at}.remoteRegionURL`, producer.remoteRegionURL),
    replicationType: replicationType as ReplicationType,
    format: FORMAT,
    verificationKeys: keys.map((key, i) => reader.publicKey(`${at}.verificationKeys[${i}]`, key)),
    tlsConsumerCertificate: await reader.pem(`${at}.tlsConsumerCertificate`, producer.tlsConsumerCertificate),
    tlsConsumerKey: await reader.pem(`${at}.tlsConsumerKey`, producer.tlsConsumerKey),
  };
}

/** Reads typed fields, or says which one is wrong. */
class Reader {
  constructor(
    private readonly path: string,
    private readonly folder: string,
  ) {}

  fail(field: string, problem: string): never {
    throw new ServiceError(`federation file ${this.path}: ${field === "" ? "it" : field} ${problem}`);
  }

  record<K extends string>(field: string, value: unknown, known: readonly K[]): Partial<Record<K, unknown>> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.fail(field, "must be an object");
    for (const name of Object.keys(value as object))
      if (!(known as readonly string[]).includes(name))
        this.fail(`${field}.${name}`, `is unknown; known are ${known.join(", ")}`);
    return value as Partial<Record<K, unknown>>;
  }

  list(field: string, value: unknown): unknown[] {
    if (!Array.isArray(value)) this.fail(field, "must be a list");
    return value as unknown[];
  }

  text(field: string, value: unknown): string {
    if (typeof value !== "string" || value === "") this.fail(field, "must be a text");
    return value as string;
  }

  region(field: string, value: unknown): string {
    const region = this.text(field, value);
    try {
      encodeRegion(region);
    } catch (error) {
      this.fail(field, error instanceof FormatError ? error.problem : String(error));
    }
    return region;
  }

  publicKey(field: string, value: unknown): Buffer {
    const key = this.text(field, value);
    if (!/^[0-9a-f]{64}$/i.test(key)) this.fail(field, `must be ${SLH_DSA_PUBLIC_KEY_BYTES} bytes in hexadecimal`);
    return Buffer.from(key, "hex");
  }

  httpsUrl(field: string, value: unknown): string {
    const url = this.text(field, value);
    if (!/^https:\/\/[^/]/.test(url) || !URL.canParse(url)) this.fail(field, "must be an https:// address");
    return url.replace(/\/+$/, "");
  }

  async pem(field: string, value: unknown): Promise<Buffer> {
    const file = resolve(this.folder, this.text(field, value));
    const content = await readFile(file).catch((error) => this.fail(field, `cannot be read (${file}): ${error.code}`));
    if (!content.includes("-----BEGIN ")) this.fail(field, `is not PEM (${file})`);
    return content;
  }
}
