// What became of sending an upload file stands beside it, so that a lost answer can be asked for again, even by a new run of
// the command: the service counts one receipt, number and file once and answers it alike for 24 hours.

import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { CliError, EXIT } from "./errors";
import { writePrivateFile } from "./safeFile";

const RECEIPT_BYTES = 16;
const STATES = ["unanswered", "refused", "accepted"] as const;

/** An attempt to send a file to one server. */
export interface Attempt {
  readonly server: string;
  /** The Idempotency-Key: 32 hexadecimal digits. */
  readonly receipt: string;
  /** SHA-256 over receipt, permission number and content: tells whether a later attempt is the same, and nothing else. */
  readonly digest: string;
  readonly state: (typeof STATES)[number];
}

/** Where the attempts of an upload file stand. */
export function receiptPath(uploadFile: string): string {
  return `${uploadFile}.receipt`;
}

/**
 * The attempt to go on with: an earlier one without an answer, or a new one, which is on disk before it is returned. One that
 * was accepted is returned as it is: there is nothing to send.
 *
 * @throws CliError if an earlier attempt without an answer was another one: it may have used up its number
 */
export async function takeAttempt(uploadFile: string, body: Buffer, permission: string, server: URL): Promise<Attempt> {
  const attempts = await readAttempts(uploadFile);
  const earlier = attempts.find((attempt) => attempt.server === server.href);
  if (earlier?.state === "accepted") return earlier;
  if (earlier?.state === "unanswered") {
    if (earlier.digest === digestOf(earlier.receipt, permission, body)) return earlier;
    throw new CliError(
      EXIT.input,
      `an earlier attempt to share this file got no answer, and may have used its number: repeat that one, with the same number and options, it counts once. (Deleting ${receiptPath(uploadFile)} forgets it.)`,
    );
  }
  const receipt = randomBytes(RECEIPT_BYTES).toString("hex");
  const attempt: Attempt = {
    server: server.href,
    receipt,
    digest: digestOf(receipt, permission, body),
    state: "unanswered",
  };
  await writeAttempts(uploadFile, [...attempts.filter((other) => other !== earlier), attempt]);
  return attempt;
}

/** Notes the server's answer. */
export async function noteAnswer(uploadFile: string, answered: Attempt, state: Attempt["state"]): Promise<void> {
  const attempts = await readAttempts(uploadFile);
  await writeAttempts(
    uploadFile,
    attempts.map((attempt) => (attempt.receipt === answered.receipt ? { ...attempt, state } : attempt)),
  );
}

function digestOf(receipt: string, permission: string, body: Buffer): string {
  return createHash("sha256").update(receipt, "hex").update(permission).update(body).digest("hex");
}

async function readAttempts(uploadFile: string): Promise<Attempt[]> {
  const path = receiptPath(uploadFile);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new CliError(EXIT.input, `cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
  try {
    const attempts: unknown = JSON.parse(text);
    if (Array.isArray(attempts) && attempts.every(isAttempt)) return attempts;
  } catch {
    // Said below.
  }
  throw new CliError(
    EXIT.input,
    `${path} is damaged: it says what was sent before. Delete it if you are sure that nothing was`,
  );
}

function isAttempt(value: unknown): value is Attempt {
  const attempt = value as Partial<Attempt> | null;
  return (
    typeof attempt?.server === "string" &&
    /^[0-9a-f]{32}$/.test(String(attempt.receipt)) &&
    /^[0-9a-f]{64}$/.test(String(attempt.digest)) &&
    STATES.some((state) => state === attempt.state)
  );
}

async function writeAttempts(uploadFile: string, attempts: readonly Attempt[]): Promise<void> {
  await writePrivateFile(receiptPath(uploadFile), `${JSON.stringify(attempts, null, 2)}\n`, true);
}
