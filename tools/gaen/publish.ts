// Uploads from phones: the request and the answer of Google's key server, version 1 (docs/gaen.md, "Uploads from phones").
// Nothing here stores anything: whoever serves it keeps the keys and remembers the certificates that were used.

import { FormatError } from "../../protocol/base/formatError";
import { MAX_ROLLING_PERIOD } from "../../protocol/beacon/gaen";
import type { RandomBytes } from "../base/randomBytes";
import { type CertificateAuthority, type Certified, type PublishedKey, verifyCertificate } from "./certificate";
import { sortByTime } from "./importFeed";
import { refusalOf, type Tek, usableOnset } from "./tek";

/** Most bytes of a request. */
export const MAX_PUBLISH_BYTES = 64 * 1024;

const MAX_KEYS = 30;
const MAX_RISK = 8;
const MAX_AGE_DAYS = 15;
const MIN_PADDING_BYTES = 1024;
const PADDING_JITTER = 1025;

/** What to send back: always JSON, always padded. */
export interface PublishAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** An upload that was permitted. */
export interface AcceptedPublish {
  /** Those that may be used; those still valid are to be kept back until their releaseInterval. */
  readonly teks: readonly Tek[];
  readonly traveler: boolean;
  /** The certificate's id, to be spent together with storing the keys. */
  readonly certificateId: string;
}

export interface PublishResult {
  readonly answer: PublishAnswer;
  /** Nothing may be stored without it. */
  readonly accepted?: AcceptedPublish;
}

interface PublishRequest {
  readonly keys: readonly PublishedKey[];
  readonly healthAuthorityId: string;
  readonly certificate: string;
  readonly hmacKey: Buffer;
  readonly symptomOnsetInterval: number;
  readonly traveler: boolean;
}

/**
 * Judges an upload. Keys that cannot be used are left out, and the others kept: that is a "partial_failure" with status 200.
 *
 * @param authorities by the id under which phones know them
 */
export async function judgePublish(
  body: Buffer,
  authorities: ReadonlyMap<string, CertificateAuthority>,
  now: Date,
  random: RandomBytes,
): Promise<PublishResult> {
  let request: PublishRequest;
  try {
    request = parsePublish(body);
  } catch (error) {
    return refuse(400, "bad_request", error, random);
  }
  const authority = authorities.get(request.healthAuthorityId);
  if (authority === undefined)
    return refuse(
      401,
      "unknown_health_authority_id",
      new FormatError("healthAuthorityID", 0, "is not known here"),
      random,
    );
  let certified: Certified;
  try {
    certified = await verifyCertificate(request.certificate, authority, request.keys, request.hmacKey, now);
  } catch (error) {
    return refuse(401, "health_authority_verification_certificate_invalid", error, random);
  }
  const { teks, warnings } = usableTeks(request, certified, now);
  if (teks.length === 0)
    return refuse(400, "bad_request", new FormatError("temporaryExposureKeys", 0, warnings.join("; ")), random);
  const partly = warnings.length > 0 ? { code: "partial_failure", error: "some keys were left out", warnings } : {};
  return {
    answer: answer(200, { insertedExposures: teks.length, ...partly }, random),
    accepted: { teks, traveler: request.traveler, certificateId: certified.id },
  };
}

/** The answer to a request with the header X-Chaff: of the same kind and size as a true one's. */
export function answerChaff(random: RandomBytes): PublishAnswer {
  return answer(200, { insertedExposures: 1 + ((random(1)[0] as number) % 14) }, random);
}

function usableTeks(
  request: PublishRequest,
  { reportType, symptomOnsetInterval }: Certified,
  now: Date,
): { teks: Tek[]; warnings: string[] } {
  const onset = symptomOnsetInterval ?? (request.symptomOnsetInterval > 0 ? request.symptomOnsetInterval : undefined);
  const warnings: string[] = [];
  const teks: Tek[] = [];
  for (const [
    i,
    { key, rollingStartNumber: start, rollingPeriod: period, transmissionRisk: risk },
  ] of request.keys.entries()) {
    const bytes = Buffer.from(key, "base64");
    const onsetDays = onset === undefined ? undefined : dayOf(start) - dayOf(onset);
    const raw = { key: bytes, start, period, risk, reportType, onsetDays };
    const [tooEarlyOrLate] = sortByTime([raw], now.getTime() / 1000, MAX_AGE_DAYS).refused;
    const reason =
      refusalOf(raw) ??
      tooEarlyOrLate?.reason ??
      (risk < 0 || risk > MAX_RISK ? `transmission risk ${risk}, must be 0 to 8` : undefined);
    if (reason !== undefined) warnings.push(`key ${i}: ${reason}`);
    else teks.push({ ...raw, onsetDays: usableOnset(onsetDays) });
  }
  return { teks, warnings };
}

function parsePublish(body: Buffer): PublishRequest {
  if (body.length > MAX_PUBLISH_BYTES)
    throw new FormatError("publish", MAX_PUBLISH_BYTES, `${body.length} bytes, must be at most ${MAX_PUBLISH_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new FormatError("publish", 0, "is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError("publish", 0, "must be an object");
  const fields = value as Record<string, unknown>;
  const keys = fields.temporaryExposureKeys;
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > MAX_KEYS)
    throw new FormatError("temporaryExposureKeys", 0, `must be a list of 1 to ${MAX_KEYS} keys`);
  return {
    keys: keys.map(parseKey),
    healthAuthorityId: text(fields, "healthAuthorityID"),
    certificate: text(fields, "verificationPayload"),
    hmacKey: Buffer.from(text(fields, "hmacKey"), "base64"),
    symptomOnsetInterval: whole(fields, "symptomOnsetInterval", 0),
    traveler: fields.traveler === true,
  };
}

function parseKey(value: unknown, index: number): PublishedKey {
  if (typeof value !== "object" || value === null)
    throw new FormatError(`temporaryExposureKeys.${index}`, 0, "must be an object");
  const fields = value as Record<string, unknown>;
  return {
    key: text(fields, "key"),
    rollingStartNumber: whole(fields, "rollingStartNumber"),
    rollingPeriod: whole(fields, "rollingPeriod"),
    transmissionRisk: whole(fields, "transmissionRisk", 0),
  };
}

function text(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value === "") throw new FormatError(name, 0, "must be a text");
  return value;
}

/** @param ifAbsent without it the field must be there */
function whole(fields: Record<string, unknown>, name: string, ifAbsent?: number): number {
  const value = fields[name] ?? ifAbsent;
  if (!Number.isInteger(value) || Math.abs(value as number) > 0x7fffffff)
    throw new FormatError(name, 0, "must be a whole number of 32 bits");
  return value as number;
}

function refuse(status: number, code: string, error: unknown, random: RandomBytes): PublishResult {
  if (!(error instanceof FormatError)) throw error;
  return { answer: answer(status, { error: error.message, code }, random) };
}

function answer(status: number, fields: Record<string, unknown>, random: RandomBytes): PublishAnswer {
  const bytes = MIN_PADDING_BYTES + (random(2).readUInt16BE(0) % PADDING_JITTER);
  const padding = random(bytes).toString("base64");
  return { status, body: Buffer.from(JSON.stringify({ ...fields, padding }), "utf8") };
}

function dayOf(interval: number): number {
  return Math.floor(interval / MAX_ROLLING_PERIOD);
}
