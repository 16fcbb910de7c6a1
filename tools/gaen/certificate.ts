// The certificate by which a health authority permits one set of keys (docs/gaen.md, "Uploads from phones"): a JWT that
// holds a MAC of the keys, so that the authority never sees them, and the key server never sees the person.

import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { FormatError } from "../../protocol/base/formatError";
import { ReportType } from "./tek";

const ALGORITHM = "ES256";
const MAC_BYTES = 32;
const MAX_CERTIFICATE_CHARACTERS = 8_192;

/** What certificates call the kinds of diagnosis. */
const REPORT_TYPES: Readonly<Record<string, ReportType>> = {
  confirmed: ReportType.CONFIRMED_TEST,
  likely: ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
  "user-report": ReportType.SELF_REPORT,
  negative: ReportType.REVOKED,
};

/** A key as phones send it, before anything of it is believed. */
export interface PublishedKey {
  /** Base64 with padding. */
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
}

/** Who issues certificates, and to whom. */
export interface CertificateAuthority {
  readonly issuer: string;
  readonly audience: string;
  /** P-256 public keys by their `kid`; two while one replaces the other. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** What a valid certificate says. */
export interface Certified {
  readonly reportType: ReportType;
  /** Interval of the onset of symptoms, if there were any. */
  readonly symptomOnsetInterval: number | undefined;
  /** The certificate's own id: it is good for one upload. */
  readonly id: string;
}

/**
 * The MACs that a certificate may hold for these keys: over key.start.period.risk of each, joined by commas, sorted by their
 * base64; without the risks, too, where all of them are 0.
 */
export function tekMacs(keys: readonly PublishedKey[], hmacKey: Buffer): Buffer[] {
  const sorted = [...keys].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const short = sorted.map((one) => `${one.key}.${one.rollingStartNumber}.${one.rollingPeriod}`);
  const long = sorted.map((one, i) => `${short[i]}.${one.transmissionRisk}`);
  const texts = sorted.every(({ transmissionRisk }) => transmissionRisk === 0) ? [long, short] : [long];
  return texts.map((parts) => createHmac("sha256", hmacKey).update(parts.join(",")).digest());
}

/**
 * Checks a certificate: signature by one of the authority's keys, issuer, audience, times, and that it is for these keys.
 *
 * @throws FormatError that says which check failed
 */
export async function verifyCertificate(
  jwt: string,
  authority: CertificateAuthority,
  keys: readonly PublishedKey[],
  hmacKey: Buffer,
  now: Date,
): Promise<Certified> {
  if (jwt.length > MAX_CERTIFICATE_CHARACTERS) throw new FormatError("certificate", 0, "is too long");
  const claims = await claimsOf(jwt, authority, now);
  const { reportType, symptomOnsetInterval, tekmac, jti } = claims;
  const known =
    typeof reportType === "string" && Object.hasOwn(REPORT_TYPES, reportType) ? REPORT_TYPES[reportType] : undefined;
  if (known === undefined)
    throw new FormatError("certificate.reportType", 0, `must be one of ${Object.keys(REPORT_TYPES).join(", ")}`);
  if (symptomOnsetInterval !== undefined && !isInterval(symptomOnsetInterval))
    throw new FormatError("certificate.symptomOnsetInterval", 0, "must be an interval number");
  if (typeof jti !== "string" || jti === "") throw new FormatError("certificate.jti", 0, "is missing: it is good once");
  const stated = Buffer.from(typeof tekmac === "string" ? tekmac : "", "base64");
  if (stated.length !== MAC_BYTES || !tekMacs(keys, hmacKey).some((mac) => timingSafeEqual(mac, stated)))
    throw new FormatError("certificate.tekmac", 0, "does not fit the keys: the certificate is for others");
  return { reportType: known, symptomOnsetInterval: symptomOnsetInterval || undefined, id: jti };
}

async function claimsOf(
  jwt: string,
  { issuer, audience, keys }: CertificateAuthority,
  now: Date,
): Promise<JWTPayload & { reportType?: unknown; symptomOnsetInterval?: number; tekmac?: unknown }> {
  try {
    const { kid = "" } = decodeProtectedHeader(jwt);
    const key = keys.get(kid);
    if (key === undefined) throw new Error(`no key of the authority is called "${kid.slice(0, 40)}"`);
    const required = ["iat", "exp"];
    const options = { algorithms: [ALGORITHM], issuer, audience, currentDate: now, requiredClaims: required };
    return (await jwtVerify(jwt, key, options)).payload;
  } catch (error) {
    throw new FormatError("certificate", 0, `is not valid: ${(error as Error).message}`);
  }
}

/**
 * Issues a certificate for a diagnosis.
 *
 * @param mac of the person's keys (tekMacs), which the authority never sees
 * @param validS for how many seconds, 15 minutes as a rule
 */
export async function issueCertificate(
  { issuer, audience }: Pick<CertificateAuthority, "issuer" | "audience">,
  signer: { readonly kid: string; readonly privateKey: KeyObject },
  { reportType, symptomOnsetInterval, id }: Certified,
  mac: Buffer,
  nowS: number,
  validS: number,
): Promise<string> {
  const name = Object.keys(REPORT_TYPES).find((one) => REPORT_TYPES[one] === reportType);
  if (name === undefined) throw new FormatError("certificate.reportType", 0, "no certificate can say this");
  return await new SignJWT({
    reportType: name,
    tekmac: mac.toString("base64"),
    ...(symptomOnsetInterval === undefined ? {} : { symptomOnsetInterval }),
  })
    .setProtectedHeader({ alg: ALGORITHM, kid: signer.kid, typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setJti(id)
    .setIssuedAt(nowS)
    .setNotBefore(nowS)
    .setExpirationTime(nowS + validS)
    .sign(signer.privateKey);
}

function isInterval(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;
}
