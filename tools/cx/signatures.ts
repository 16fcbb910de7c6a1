// The signature algorithms that CX files may use here, for seed reports and publications alike (docs/cx.md, "Algorithms").

import { type KeyObject, sign, verify } from "node:crypto";
import { Null } from "asn1js";
import { AlgorithmIdentifier } from "pkijs";

/** One algorithm: how it is named, and what a key must be for it. */
export interface SignatureAlgorithm {
  readonly name: string;
  readonly oid: string;
  /** For OpenSSL; Ed25519 hashes by itself. */
  readonly hash: "sha256" | "sha384" | "sha512" | null;
  readonly fits: (key: KeyObject) => boolean;
}

const MIN_RSA_BITS = 2048;
const isRsa = (key: KeyObject): boolean =>
  key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
const isCurve =
  (curve: string) =>
  (key: KeyObject): boolean =>
    key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === curve;
const isP256OrP384 = (key: KeyObject): boolean => isCurve("prime256v1")(key) || isCurve("secp384r1")(key);

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** By object identifier (RFC 8017 appendix C, RFC 5758 section 3.2, RFC 8410 section 3). */
const ALGORITHMS: readonly SignatureAlgorithm[] = [
  { name: "RSA with SHA-256", oid: "1.2.840.113549.1.1.11", hash: "sha256", fits: isRsa },
  { name: "RSA with SHA-384", oid: "1.2.840.113549.1.1.12", hash: "sha384", fits: isRsa },
  { name: "RSA with SHA-512", oid: "1.2.840.113549.1.1.13", hash: "sha512", fits: isRsa },
  { name: "ECDSA with SHA-256", oid: "1.2.840.10045.4.3.2", hash: "sha256", fits: isP256OrP384 },
  { name: "ECDSA with SHA-384", oid: "1.2.840.10045.4.3.3", hash: "sha384", fits: isP256OrP384 },
  { name: "Ed25519", oid: "1.3.101.112", hash: null, fits: (key) => key.asymmetricKeyType === "ed25519" },
];

/** Hash functions of CMS (RFC 5754). */
const DIGESTS: Readonly<Record<string, "sha256" | "sha384" | "sha512">> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** The algorithm of that object identifier, or undefined for one that is not used here. */
export function algorithmNamed(oid: string): SignatureAlgorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm.oid === oid);
}

/** The same in CMS, where RSA may be named without its hash, which another field then names. */
export function cmsAlgorithmNamed(oid: string, digestOid: string): SignatureAlgorithm | undefined {
  if (oid !== RSA_ENCRYPTION) return algorithmNamed(oid);
  return ALGORITHMS.find(({ name, hash }) => name.startsWith("RSA") && hash === digestNamed(digestOid));
}

/** The hash function of that object identifier, or undefined. */
export function digestNamed(oid: string): "sha256" | "sha384" | "sha512" | undefined {
  return DIGESTS[oid];
}

/** The algorithm that we sign with, for a key of ours. @throws RangeError for keys that no algorithm here fits */
export function algorithmFor(key: KeyObject): SignatureAlgorithm {
  const known = ALGORITHMS.find(({ fits }) => fits(key));
  if (known === undefined) throw new RangeError(`no algorithm here fits a key of kind ${key.asymmetricKeyType}`);
  return known;
}

/** The DER AlgorithmIdentifier that we write: RFC 8410 and RFC 5758 want no parameters, RFC 8017 wants NULL. */
export function identifierOf({ name, oid }: SignatureAlgorithm): AlgorithmIdentifier {
  return name.startsWith("RSA")
    ? new AlgorithmIdentifier({ algorithmId: oid, algorithmParams: new Null() })
    : new AlgorithmIdentifier({ algorithmId: oid });
}

export function verifySignature(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  text: Buffer,
  signature: Buffer,
): boolean {
  try {
    return algorithm.fits(key) && verify(algorithm.hash, text, key, signature);
  } catch {
    // OpenSSL throws for signatures of impossible form.
    return false;
  }
}

export function makeSignature(algorithm: SignatureAlgorithm, key: KeyObject, text: Buffer): Buffer {
  return sign(algorithm.hash, text, key);
}
