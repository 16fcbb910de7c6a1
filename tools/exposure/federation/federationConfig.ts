// The federation file: which regions may read our feeds, and which we read, with the fields of Vukolić, "On the
// Interoperability of Decentralized Exposure Notification Systems" (arXiv 2006.13087), sections 5.3 and 5.4. A file that
// an operator edits and reviews stands in for the ledger that the paper suggests.

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { FormatError } from "../../../protocol/base/formatError";
import { encodeRegion } from "../../../protocol/base/region";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { checked } from "../../daemon/checked";
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

const text = z.string("must be a text").min(1, "must be a text");

const region = text.superRefine((code, context) => {
  try {
    encodeRegion(code);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof FormatError ? error.problem : String(error) });
  }
});

const httpsUrl = text
  .refine((url) => /^https:\/\/[^/]/.test(url) && URL.canParse(url), "must be an https:// address")
  .transform((url) => url.replace(/\/+$/, ""));

const publicKey = text
  .regex(/^[0-9a-f]{64}$/i, `must be ${SLH_DSA_PUBLIC_KEY_BYTES} bytes in hexadecimal`)
  .transform((key) => Buffer.from(key, "hex"));

const PORT_PROBLEM = "must be a port number, 0 to 65535";

const LISTEN = z.strictObject({
  host: text,
  port: z.int(PORT_PROBLEM).min(0, PORT_PROBLEM).max(65_535, PORT_PROBLEM),
  certificate: text,
  key: text,
});

const CONSUMER = z.strictObject({
  regionID: region,
  allToAll: z.boolean("must be true or false").default(false),
});

const PRODUCER = z.strictObject({
  regionID: region,
  remoteRegionURL: httpsUrl,
  replicationType: z.enum(["partial", "all-to-all"], 'must be "partial" or "all-to-all"'),
  format: z.literal(FORMAT, `must be "${FORMAT}"`).default(FORMAT),
  verificationKeys: z.array(publicKey, "must be a list").min(1, "must hold at least one public key"),
  tlsConsumerCertificate: text,
  tlsConsumerKey: text,
});

const FILE = z.strictObject({
  authority: text,
  listen: LISTEN.optional(),
  consumers: z.array(CONSUMER, "must be a list").default([]),
  producers: z.array(PRODUCER, "must be a list").default([]),
});

/**
 * Reads a federation file; paths in it are relative to it.
 * @throws ServiceError that names the field
 */
export async function loadFederation(path: string): Promise<FederationConfig> {
  const what = `federation file ${path}`;
  const { authority, listen, consumers, producers } = checked(FILE, await readJson(path, what), what);
  const pem = (field: string, name: string) => readPem(what, field, resolve(dirname(resolve(path)), name));
  return {
    authority: await pem("authority", authority),
    ...(listen === undefined
      ? {}
      : {
          listen: {
            host: listen.host,
            port: listen.port,
            certificate: await pem("listen.certificate", listen.certificate),
            key: await pem("listen.key", listen.key),
          },
        }),
    consumers,
    producers: await Promise.all(
      producers.map(async (producer, i) => ({
        ...producer,
        tlsConsumerCertificate: await pem(`producers[${i}].tlsConsumerCertificate`, producer.tlsConsumerCertificate),
        tlsConsumerKey: await pem(`producers[${i}].tlsConsumerKey`, producer.tlsConsumerKey),
      })),
    ),
  };
}

async function readJson(path: string, what: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const problem =
      error instanceof SyntaxError ? "is not JSON" : `cannot be read: ${(error as { code?: string }).code}`;
    throw new ServiceError(`${what}: it ${problem}`);
  }
}

async function readPem(what: string, field: string, file: string): Promise<Buffer> {
  const content = await readFile(file).catch((error) => {
    throw new ServiceError(`${what}: ${field} cannot be read (${file}): ${error.code}`);
  });
  if (!content.includes("-----BEGIN ")) throw new ServiceError(`${what}: ${field} is not PEM (${file})`);
  return content;
}
