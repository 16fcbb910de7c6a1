// The signature of a batch: CMS SignedData (RFC 5652), detached, with the certificate of its one signer inside.

import { createHash, createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import {
  Certificate,
  ContentInfo,
  CryptoEngine,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  SignedData,
  SignerInfo,
} from "pkijs";
import { FormatError } from "../../protocol/base/formatError";
import type { EfgsBatch } from "./efgsBatch";

const HASH = "SHA-256";
const P256 = { name: "ECDSA", namedCurve: "P-256" };
/** More than any signature with one certificate. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

const engine = new CryptoEngine({
  name: "node",
  crypto: webcrypto as ConstructorParameters<typeof CryptoEngine>[0]["crypto"],
});

/** Who may sign batches: thumbprints, the SHA-256 of a certificate in DER as hexadecimal digits. */
export type TrustedSigners = ReadonlySet<string>;

/**
 * Signs a batch's canonical bytes.
 *
 * @param privateKey PEM, P-256
 * @param certificate PEM, of that key
 * @returns base64, as it travels in a header
 */
export async function signBatch(signingBytes: Buffer, privateKey: string, certificate: string): Promise<string> {
  const pkcs8 = createPrivateKey(privateKey).export({ type: "pkcs8", format: "der" });
  const key = await webcrypto.subtle.importKey("pkcs8", pkcs8, P256, false, ["sign"]);
  const signer = Certificate.fromBER(new X509Certificate(certificate).raw);
  const signed = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: ContentInfo.DATA }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber }),
      }),
    ],
    certificates: [signer],
  });
  await signed.sign(key, 0, HASH, bytesOf(signingBytes), engine);
  const info = new ContentInfo({ contentType: ContentInfo.SIGNED_DATA, content: signed.toSchema(true) });
  return Buffer.from(info.toSchema().toBER()).toString("base64");
}

/**
 * Checks a batch's signature, its signer, and that all its keys are of the signer's country.
 *
 * @param signature base64
 * @param now when the certificate must be valid
 * @returns the signer's country
 * @throws FormatError that says which check failed
 */
export async function verifyBatch(
  batch: EfgsBatch,
  signature: string,
  trusted: TrustedSigners,
  now: Date,
): Promise<string> {
  const signed = parseSignedData(signature);
  const { signerInfos, certificates = [] } = signed;
  const [certificate] = certificates;
  if (signerInfos.length !== 1 || certificates.length !== 1 || !(certificate instanceof Certificate))
    throw new FormatError("batchSignature", 0, "must have one signer and its one certificate");
  if (signed.encapContentInfo.eContent !== undefined)
    throw new FormatError("batchSignature", 0, "must be detached: it holds a content of its own");
  const der = Buffer.from(certificate.toSchema().toBER());
  if (!trusted.has(createHash("sha256").update(der).digest("hex")))
    throw new FormatError("batchSignature.certificate", 0, "is none of those that are trusted");
  const x509 = new X509Certificate(der);
  if (now < new Date(x509.validFrom) || now > new Date(x509.validTo))
    throw new FormatError("batchSignature.certificate", 0, `is valid from ${x509.validFrom} to ${x509.validTo} only`);
  const country = countryOf(x509);
  const foreign = batch.keys.find(({ origin }) => origin !== country);
  if (foreign !== undefined)
    throw new FormatError(
      "batch.origin",
      0,
      `a key says that it comes from ${foreign.origin}, but ${country} signed it`,
    );
  const isGenuine = await signed
    .verify({ signer: 0, data: bytesOf(batch.signingBytes), checkChain: false }, engine)
    .catch(() => false);
  if (!isGenuine) throw new FormatError("batchSignature", 0, "does not fit the batch");
  return country;
}

function parseSignedData(signature: string): SignedData {
  if (signature.length > MAX_SIGNATURE_BYTES || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature))
    throw new FormatError("batchSignature", 0, "is not base64, or too long");
  try {
    const info = ContentInfo.fromBER(bytesOf(Buffer.from(signature, "base64")));
    return new SignedData({ schema: info.content });
  } catch {
    throw new FormatError("batchSignature", 0, "is no CMS SignedData");
  }
}

function countryOf({ subject }: X509Certificate): string {
  const countries = subject.split("\n").filter((line) => line.startsWith("C="));
  if (countries.length !== 1) throw new FormatError("batchSignature.certificate", 0, "does not name one country (C)");
  return (countries[0] as string).slice(2);
}

/** A buffer of its own: Node's small ones share one. */
function bytesOf(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
