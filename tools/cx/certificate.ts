// The key that signs a publisher's publications, and its certificate. CX asks for no profile and no authority: the descriptor
// holds the certificate, and HTTPS is what protects that.

import { KeyObject, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { Integer, Utf8String } from "asn1js";
import { AttributeTypeAndValue, Certificate } from "pkijs";

export interface SigningCertificate {
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
}

const COMMON_NAME_OID = "2.5.4.3";
const SERIAL_BYTES = 16;
/** RFC 5280 section 4.1.2.5: the date of certificates without a good end. */
const NO_END = new Date("9999-12-31T23:59:59Z");
/** Upper bound of a common name (X.520). */
const MAX_NAME_CHARACTERS = 64;

/** Makes a P-256 key and its self-signed certificate. @param name for people who compare certificates, cut to 64 characters */
export async function makeCertificate(name: string, notBefore: Date): Promise<SigningCertificate> {
  const { privateKey, publicKey } = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const made = new Certificate();
  made.version = 2;
  const serial = randomBytes(SERIAL_BYTES);
  // A serial number is positive, and DER wants it short: neither its top bit nor its first byte may be zero or set.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  made.serialNumber = new Integer({ valueHex: serial });
  const commonName = new AttributeTypeAndValue({
    type: COMMON_NAME_OID,
    value: new Utf8String({ value: name.slice(0, MAX_NAME_CHARACTERS) }),
  });
  made.issuer.typesAndValues.push(commonName);
  made.subject.typesAndValues.push(commonName);
  made.notBefore.value = notBefore;
  made.notAfter.value = NO_END;
  made.notAfter.type = 1;
  await made.subjectPublicKeyInfo.importKey(publicKey as webcrypto.CryptoKey);
  await made.sign(privateKey as webcrypto.CryptoKey, "SHA-256");
  return {
    privateKey: KeyObject.from(privateKey),
    certificate: new X509Certificate(Buffer.from(made.toSchema(true).toBER())),
  };
}
