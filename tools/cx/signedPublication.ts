// A publication as it travels: CMS SignedData (RFC 5652) around the publication's DER, signed by the key of the certificate in
// the publisher's descriptor.

import { createHash, type KeyObject, type X509Certificate } from "node:crypto";
import { ObjectIdentifier, OctetString } from "asn1js";
import {
  AlgorithmIdentifier,
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  Attribute as PkiAttribute,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from "pkijs";
import {
  algorithmOidOf,
  CxError,
  type DerValue,
  isContext,
  isUniversal,
  malformed,
  octetsOf,
  oidOf,
  readDer,
  sequenceOf,
  TAG,
  wholeOf,
} from "./der";
import {
  algorithmFor,
  cmsAlgorithmNamed,
  digestNamed,
  identifierOf,
  makeSignature,
  verifySignature,
} from "./signatures";

/** Largest publication that is read: a million seeds, and their days. */
export const MAX_PUBLICATION_BYTES = 64 * 1024 * 1024;

const PUBLICATION_OID = "1.3.6.1.4.1.10019.3.1";
const SIGNED_DATA_OID = "1.2.840.113549.1.7.2";
const CONTENT_TYPE_OID = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST_OID = "1.2.840.113549.1.9.4";
const SHA_256_OID = "2.16.840.1.101.3.4.2.1";
const SHA_512_OID = "2.16.840.1.101.3.4.2.3";

/** A publication has one signer, or a few while a key changes. */
const MAX_SIGNERS = 16;
const MAX_NODES = 10_000;

/**
 * The publication's DER, if one of its signatures is by the key of `certificate`. The certificate is believed because the
 * descriptor holds it; its dates and issuer mean nothing in CX.
 * @throws CxError "format", "content type", "no content", "signed attributes" or "signature"
 */
export function openPublication(bytes: Buffer, certificate: X509Certificate): Buffer {
  if (bytes.length > MAX_PUBLICATION_BYTES)
    throw malformed(`${bytes.length} bytes, a publication has at most ${MAX_PUBLICATION_BYTES}`);
  const { contentType, content, signers } = readCms(bytes);
  if (contentType !== PUBLICATION_OID)
    throw new CxError("content type", `the content is of type ${contentType}, not a publication`);
  if (content === undefined) throw new CxError("no content", "the signature came without what it signs");
  const faults = signers.map((signer) => faultOf(signer, content, certificate.publicKey));
  if (faults.includes(undefined)) return content;
  const [fault = new CxError("signature", "nobody signed it")] = faults;
  throw fault;
}

/** Signs a publication's DER. @param certificate of the public half of `key` */
export function sealPublication(content: Buffer, key: KeyObject, certificate: X509Certificate): Buffer {
  const algorithm = algorithmFor(key);
  // RFC 8419 section 3.1: Ed25519 in CMS goes with SHA-512.
  const digestAlgorithm = new AlgorithmIdentifier({ algorithmId: algorithm.hash === null ? SHA_512_OID : SHA_256_OID });
  const digest = createHash(algorithm.hash ?? "sha512")
    .update(content)
    .digest();
  const signedAttrs = new SignedAndUnsignedAttributes({
    type: 0,
    attributes: [
      attribute(CONTENT_TYPE_OID, new ObjectIdentifier({ value: PUBLICATION_OID })),
      attribute(MESSAGE_DIGEST_OID, new OctetString({ valueHex: digest })),
    ],
  });
  const parsed = Certificate.fromBER(certificate.raw);
  const signer = new SignerInfo({
    version: 1,
    sid: new IssuerAndSerialNumber({ issuer: parsed.issuer, serialNumber: parsed.serialNumber }),
    digestAlgorithm,
    signedAttrs,
    signatureAlgorithm: identifierOf(algorithm),
    signature: new OctetString({
      valueHex: makeSignature(algorithm, key, signedText(Buffer.from(signedAttrs.toSchema().toBER()))),
    }),
  });
  const encapContentInfo = new EncapsulatedContentInfo({ eContentType: PUBLICATION_OID });
  // Given to the constructor it would become a constructed string, which is not DER.
  encapContentInfo.eContent = new OctetString({ valueHex: content });
  const signed = new SignedData({
    version: 3,
    digestAlgorithms: [digestAlgorithm],
    encapContentInfo,
    certificates: [parsed],
    signerInfos: [signer],
  });
  return Buffer.from(
    new ContentInfo({ contentType: SIGNED_DATA_OID, content: signed.toSchema(true) }).toSchema().toBER(),
  );
}

interface Cms {
  readonly contentType: string;
  readonly content: Buffer | undefined;
  readonly signers: readonly DerValue[];
}

/** ContentInfo and SignedData; certificates and lists of revoked ones are passed over. */
function readCms(bytes: Buffer): Cms {
  const [type, signedData] = sequenceOf(readDer(bytes, MAX_NODES), "the file", 2);
  if (oidOf(type) !== SIGNED_DATA_OID || !isContext(signedData, 0)) throw malformed("not CMS SignedData");
  const [version, digests, encapsulated, ...others] = sequenceOf(signedData.children[0], "the signed data", 4);
  wholeOf(version, "the version");
  if (!isUniversal(digests, TAG.set)) throw malformed("the digest algorithms must be a SET");
  const [contentType, explicit] = sequenceOf(encapsulated, "the encapsulated content", 1);
  const signers = others.at(-1);
  if (!isUniversal(signers, TAG.set)) throw malformed("the signers must be a SET");
  if (signers.children.length > MAX_SIGNERS)
    throw malformed(`${signers.children.length} signers, at most ${MAX_SIGNERS} are read`);
  if (explicit !== undefined && !isContext(explicit, 0)) throw malformed("the content must be in [0]");
  return {
    contentType: oidOf(contentType),
    content: explicit && octetsOf(explicit.children[0], "the content"),
    signers: signers.children,
  };
}

/** Why a SignerInfo does not count, or undefined if its signature holds. */
function faultOf(signer: DerValue, content: Buffer, key: KeyObject): CxError | undefined {
  const [, , digestAlgorithm, ...rest] = sequenceOf(signer, "a signer", 5);
  const signed = rest[0];
  if (!isContext(signed, 0))
    return new CxError("signed attributes", "there are no signed attributes, which CMS demands for such content");
  const [, signatureAlgorithm, signature] = rest;
  const contentType = onlyValue(signed.children, CONTENT_TYPE_OID);
  const messageDigest = onlyValue(signed.children, MESSAGE_DIGEST_OID);
  if (contentType === undefined || oidOf(contentType) !== PUBLICATION_OID)
    return new CxError("signed attributes", "the signed content type is missing or another one");
  if (messageDigest === undefined) return new CxError("signed attributes", "the signed digest is missing");
  const digestOid = algorithmOidOf(digestAlgorithm as DerValue);
  const digest = digestNamed(digestOid);
  const algorithm = cmsAlgorithmNamed(algorithmOidOf(signatureAlgorithm as DerValue), digestOid);
  if (digest === undefined || algorithm === undefined)
    return new CxError("signature", "the signature is of an algorithm that is not accepted");
  if (!createHash(digest).update(content).digest().equals(octetsOf(messageDigest, "the signed digest")))
    return new CxError("signature", "the content is not what was signed");
  if (!verifySignature(algorithm, key, signedText(signed.whole), octetsOf(signature, "a signature's value")))
    return new CxError("signature", "no signature is by the certificate's key");
  return undefined;
}

/** The value of an attribute that stands once and has one value, as RFC 5652 section 11 demands of these two. */
function onlyValue(attributes: readonly DerValue[], type: string): DerValue | undefined {
  const found = attributes.filter((candidate) => oidOf(sequenceOf(candidate, "an attribute", 2)[0]) === type);
  const values = found[0]?.children[1];
  return found.length === 1 && isUniversal(values, TAG.set) && values.children.length === 1
    ? values.children[0]
    : undefined;
}

function attribute(type: string, value: ObjectIdentifier | OctetString): PkiAttribute {
  return new PkiAttribute({ type, values: [value] });
}

/** RFC 5652 section 5.4: signed attributes are signed as a SET, whatever tag they travel under. */
function signedText(attributes: Buffer): Buffer {
  const text = Buffer.from(attributes);
  text[0] = 0x31;
  return text;
}
