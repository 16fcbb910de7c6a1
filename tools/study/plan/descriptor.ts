// What institutions and participants agree on before a share leaves anybody's hands.

import { createHash, createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import { z } from "zod";
import { StudyError } from "../base/errors";
import { type Circuit, MAX_RECORDS, type Shape } from "../circuits/circuit";
import { CIRCUITS } from "../circuits/circuits";
import { contributionWords } from "../circuits/records";
import { SERVER_COUNTS, sharingFor } from "../engine/engines";

/** Fewer people than this say too much about one another. */
export const LEAST_COHORT = 20;
export const MAX_PLACES = 2_000_000;
/** Most heard or own records of a participant and day. */
export const MAX_SLOTS = 20_000;
export const MAX_DAYS = 31;
/** Longest message between servers: a longer one ends the study. */
export const MAX_MESSAGE_BYTES = 2 ** 31 - 1;
const SIGNED_TEXT = "chirpfob study descriptor 1\n";
const DIGEST = /^[0-9a-f]{64}$/;

const institutionSchema = z.strictObject({
  name: z.string().min(1).max(80),
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  /** PEM, self-signed: nobody vouches for it but those who handed it over. */
  certificate: z.string().max(8000),
});

const descriptorSchema = z.strictObject({
  format: z.literal("chirpfob study 1"),
  title: z.string().min(1).max(200),
  /** 128 random bits: no two studies are the same. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  circuit: z.enum(["collision", "chirps"]),
  /** SHA-256 of the circuit's description. */
  circuitDigest: z.string().regex(DIGEST),
  /** UTC days that the data are from, counted from 1970-01-01; ascending. */
  days: z.array(z.int().min(0).max(49_000_000)).min(1).max(MAX_DAYS),
  /** Records of a participant in each table, dummies included. */
  heard: z.int().min(1).max(MAX_SLOTS),
  own: z.int().min(1).max(MAX_SLOTS),
  leastCohort: z.int().min(LEAST_COHORT).max(MAX_PLACES),
  /** Unix seconds at which collecting ends. */
  collectUntil: z.int().min(0),
  /** Seconds for which a server waits for another one while it computes. */
  waitSeconds: z.int().min(1).max(3600),
  /** Days for which answers that nobody fetches are kept. */
  keepDays: z.int().min(1).max(30),
  servers: z.array(institutionSchema),
  /** SHA-256 of each invitation number, ascending. */
  places: z.array(z.string().regex(DIGEST)).min(LEAST_COHORT).max(MAX_PLACES),
});

export type Institution = z.infer<typeof institutionSchema>;
export type StudyDescriptor = z.infer<typeof descriptorSchema>;

/** A descriptor as its bytes say, and what follows from it. */
export interface Study {
  readonly descriptor: StudyDescriptor;
  /** The bytes that are signed: the file as it is. */
  readonly bytes: Buffer;
  /** SHA-256 of these, hexadecimal: the study's name among programs. */
  readonly digest: string;
  readonly circuit: Circuit;
}

export function circuitDigest(circuit: Circuit): string {
  return createHash("sha256").update(circuit.description).digest("hex");
}

/** Reads an institution's introduction. @throws StudyError */
export function parseInstitution(bytes: Buffer, file: string): Institution {
  const institution = readJson(institutionSchema, bytes, file);
  try {
    new X509Certificate(institution.certificate);
  } catch {
    throw new StudyError(`${file} has no readable certificate: ask ${institution.name} for the file again`);
  }
  return institution;
}

/** Reads a descriptor and checks what a schema cannot say. @throws StudyError */
export function parseStudy(bytes: Buffer, file: string): Study {
  const descriptor = readJson(descriptorSchema, bytes, file);
  const { servers, places, days, heard, own } = descriptor;
  const refuse = (why: string): never => {
    throw new StudyError(`${file} is no valid study: ${why}`);
  };
  if (!SERVER_COUNTS.some((count) => count === servers.length))
    refuse(`it has ${servers.length} servers, must be ${SERVER_COUNTS.join(", ")}`);
  if (new Set(servers.map(({ certificate }) => certificate.trim())).size !== servers.length)
    refuse("two servers have the same certificate");
  if (places.some((place, i) => i > 0 && place <= (places[i - 1] as string)))
    refuse("its places are not in ascending order, or one is there twice");
  if (days.some((day, i) => i > 0 && day <= (days[i - 1] as number))) refuse("its days are not in ascending order");
  if (descriptor.leastCohort > places.length) refuse("its least cohort is larger than its number of places");
  const circuit = CIRCUITS[descriptor.circuit];
  if (circuitDigest(circuit) !== descriptor.circuitDigest)
    refuse("it was made for another version of this circuit: all servers and participants need the same chirpfob");
  const records = places.length * (heard + own);
  // A shuffle sends all rows of a table in one message; those of the second engine have three components.
  const rowBytes = 4 * circuit.layout.wordsPerRow * (servers.length === 3 ? 1 : 3);
  const most = Math.min(MAX_RECORDS, Math.floor(MAX_MESSAGE_BYTES / rowBytes));
  if (records > most)
    refuse(`it has ${records} records a table, ${most} are possible: fewer places, or fewer records each`);
  if (descriptor.circuit === "collision" && own !== 1) refuse("participants of `collision` have one own record");
  return { descriptor, bytes, digest: createHash("sha256").update(bytes).digest("hex"), circuit };
}

/** Tables that are joined: `collision` has one, whatever days its times are from. */
export function tableCount({ circuit, days }: StudyDescriptor): number {
  return circuit === "collision" ? 1 : days.length;
}

/** Sizes for so many participants. */
export function shapeOf(descriptor: StudyDescriptor, participants: number): Shape {
  return { participants, tables: tableCount(descriptor), heard: descriptor.heard, own: descriptor.own };
}

/** Words of one component of what a participant sends to each server. */
export function contributionLength({ descriptor, circuit }: Study): number {
  const { heardFields, ownFields } = circuit.layout;
  return contributionWords(shapeOf(descriptor, 1), heardFields.length, ownFields.length);
}

/** Bytes of a participant's shares at a server, in and out. */
export function shareBytes(study: Study): { readonly contribution: number; readonly answer: number } {
  const { components } = sharingFor(study.descriptor.servers.length);
  const shape = shapeOf(study.descriptor, 1);
  return {
    contribution: 4 * components * contributionLength(study),
    answer: 4 * components * shape.tables * study.circuit.answerWords(shape),
  };
}

/** A server's signature of a descriptor. @param key PEM */
export function signStudy(key: string, digest: string): string {
  return sign("sha256", Buffer.from(SIGNED_TEXT + digest), createPrivateKey(key)).toString("base64");
}

export function isSignedBy(institution: Institution, digest: string, signature: string): boolean {
  const { publicKey } = new X509Certificate(institution.certificate);
  return verify("sha256", Buffer.from(SIGNED_TEXT + digest), publicKey, Buffer.from(signature, "base64"));
}

/** Reads JSON of a schema. @throws StudyError that names the first thing that is wrong */
export function readJson<T>(schema: z.ZodType<T>, bytes: Buffer | string, file: string): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new StudyError(`${file} is not JSON: ${(error as Error).message}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.length ? `at ${issue.path.join(".")}: ` : "";
  throw new StudyError(`${file} is not what it should be: ${place}${issue?.message}`);
}
