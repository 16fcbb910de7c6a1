// A publisher's descriptor: who it is, with what key it signs, and where everything is (CX architecture specification,
// "Publisher Descriptors"). It is not signed: HTTPS is all that protects it.

import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { CxError } from "./der";

/** Largest descriptor that is read. */
export const MAX_DESCRIPTOR_BYTES = 1024 * 1024;

const https = z.string().refine((text) => schemeOf(text) === "https:", "must be an https URL");
const web = z.string().refine((text) => ["https:", "http:"].includes(schemeOf(text)), "must be an http or https URL");

const SCHEMA = z.strictObject({
  /** The publisher's identity for ever, and where this document is. */
  url: https,
  /** PEM certificate that verifies its publications. */
  cert: z.string().refine(isCertificate, "must be a PEM certificate"),
  /** For people, and inside seed reports. */
  name: z.string().regex(/\S/, "must not be empty"),
  logo: web.optional(),
  /** Where seed reports are sent. */
  report: https,
  /** The full publication for devices in its zone. */
  pub: web,
  /** What it publishes for other publishers, zone by zone. */
  pubs: z.array(z.strictObject({ zone: https, url: web })),
  upstream: https.optional(),
  downstream: z.array(https).optional(),
});

/** A descriptor, with the property names of the specification. */
export type PublisherDescriptor = z.infer<typeof SCHEMA>;

/**
 * Reads a descriptor.
 * @param expectedUrl where it was found, or the URL of the one that it replaces: an identity never changes
 * @throws CxError "descriptor" that names the first wrong property
 */
export function readDescriptor(bytes: Buffer, expectedUrl?: string): PublisherDescriptor {
  if (bytes.length > MAX_DESCRIPTOR_BYTES)
    throw new CxError("descriptor", `${bytes.length} bytes, a descriptor has at most ${MAX_DESCRIPTOR_BYTES}`);
  const parsed = SCHEMA.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CxError("descriptor", `${issue?.path.join(".") || "the document"}: ${issue?.message}`);
  }
  if (expectedUrl !== undefined && parsed.data.url !== expectedUrl)
    throw new CxError("descriptor", `url: it is of ${parsed.data.url}, not of ${expectedUrl}`);
  return parsed.data;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CxError("descriptor", `not JSON: ${(error as Error).message}`);
  }
}

function schemeOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : "";
}

function isCertificate(text: string): boolean {
  if (!text.startsWith("-----BEGIN CERTIFICATE-----")) return false;
  try {
    new X509Certificate(text);
    return true;
  } catch {
    return false;
  }
}
