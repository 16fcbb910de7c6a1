// ECDSA over P-256 with SHA-256, as exports are signed.

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { FormatError } from "../../protocol/base/formatError";

/** ecdsa-with-SHA256 (RFC 5758, section 3.2): the one algorithm that exports may be signed with. */
export const ECDSA_SHA256_OID = "1.2.840.10045.4.3.2";

const CURVE = "prime256v1";
/** Bytes of an IEEE P1363 signature of P-256: r and s, 32 each. */
const RAW_SIGNATURE_BYTES = 64;
const DER_SEQUENCE = 0x30;

/** A health authority's public key; id and version are names that the authority gives it. */
export interface VerificationKey {
  readonly publicKey: KeyObject;
  /** Without it the key is tried on signatures of any id. */
  readonly id?: string | undefined;
  /** Without it the key is tried on signatures of any version. */
  readonly version?: string | undefined;
}

/** A signature as a file states it. */
export interface StatedSignature {
  readonly keyId: string;
  readonly keyVersion: string;
  readonly algorithm: string;
  readonly batchNum: number;
  readonly batchSize: number;
  readonly signature: Uint8Array;
}

/**
 * What came of one signature: "valid", "invalid" (a key that should fit does not), "refused" (no key could fit it) or
 * "unchecked" (no key of that id and version was given).
 */
export interface SignatureVerdict {
  readonly verdict: "valid" | "invalid" | "refused" | "unchecked";
  /** Why, in words; not for "valid". */
  readonly reason?: string;
}

/** Reads a P-256 public key. @throws FormatError */
export function parsePublicKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new FormatError("publicKey", 0, "is no public key in PEM");
  }
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== CURVE)
    throw new FormatError("publicKey", 0, "is no P-256 key: exports are signed with ECDSA over P-256");
  if (/PRIVATE KEY/.test(pem))
    throw new FormatError("publicKey", 0, "is a private key: give the public half, and keep this one to its owner");
  return key;
}

/** Judges a signature over `signed` by the keys that are trusted. */
export function judgeSignature(
  signed: Buffer,
  stated: StatedSignature,
  keys: readonly VerificationKey[],
): SignatureVerdict {
  const refusal = refusalOfSignature(stated);
  if (refusal !== undefined) return { verdict: "refused", reason: refusal };
  const fitting = keys.filter(
    ({ id, version }) =>
      (id === undefined || id === stated.keyId) && (version === undefined || version === stated.keyVersion),
  );
  if (fitting.length === 0)
    return {
      verdict: "unchecked",
      reason:
        keys.length === 0
          ? "no public key was given"
          : `no public key was given for id "${stated.keyId}" and version "${stated.keyVersion}"`,
    };
  const isValid = fitting.some(({ publicKey }) => verify("sha256", signed, publicKey, stated.signature));
  return isValid ? { verdict: "valid" } : { verdict: "invalid", reason: "does not fit the file and the public key" };
}

function refusalOfSignature({ algorithm, signature }: StatedSignature): string | undefined {
  if (algorithm !== ECDSA_SHA256_OID)
    return `algorithm "${algorithm}", must be ${ECDSA_SHA256_OID} (ECDSA with SHA-256)`;
  if (!isDerSignature(signature))
    return signature.length === RAW_SIGNATURE_BYTES
      ? "is raw r || s of 64 bytes, must be DER (X9.62)"
      : `is not DER (X9.62): ${signature.length} bytes`;
  return undefined;
}

/** Whether the bytes are a SEQUENCE of two INTEGERs of at most 33 bytes and nothing else. */
function isDerSignature(bytes: Uint8Array): boolean {
  if (bytes[0] !== DER_SEQUENCE || bytes[1] !== bytes.length - 2) return false;
  let at = 2;
  for (let i = 0; i < 2; i++) {
    const length = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0x02 || length < 1 || length > 33) return false;
    at += 2 + length;
  }
  return at === bytes.length;
}
