// What became of sending an upload file stands beside it, so that a lost answer can be asked for again, even by a new run of
// the command: the service counts one receipt, number and file once and answers it alike for 24 hours.

import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";
import { FileError, readWhole, writePrivateFile } from "../base/files";
import { DeskError } from "./deskError";

const RECEIPT_BYTES = 16;
/** Of a file that holds a few lines for each server. */
const MAX_RECEIPTS_BYTES = 1024 * 1024;

const attemptSchema = z.object({
  server: z.string(),
  /** The Idempotency-Key. */
  receipt: z.string().regex(/^[0-9a-f]{32}$/),
  /** SHA-256 over receipt, permission number and content: tells whether a later attempt is the same, and nothing else. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.enum(["unanswered", "refused", "accepted"]),
});

/** An attempt to send a file to one server. */
export type Attempt = Readonly<z.infer<typeof attemptSchema>>;

/** Where the attempts of an upload file stand. */
export function receiptPath(uploadFile: string): string {
  return `${uploadFile}.receipt`;
}

/** An Idempotency-Key that nobody has used: 32 hexadecimal digits. */
export function newReceipt(): string {
  return randomBytes(RECEIPT_BYTES).toString("hex");
}

/**
 * The attempt to go on with: an earlier one without an answer, or a new one, which is on disk before it is returned. One that
 * was accepted is returned as it is: there is nothing to send.
 *
 * @throws DeskError if an earlier attempt without an answer was another one: it may have used up its number
 */
export async function takeAttempt(uploadFile: string, body: Buffer, permission: string, server: URL): Promise<Attempt> {
  const attempts = await readAttempts(uploadFile);
  const earlier = attempts.find((attempt) => attempt.server === server.href);
  if (earlier?.state === "accepted") return earlier;
  if (earlier?.state === "unanswered") {
    if (earlier.digest === digestOf(earlier.receipt, permission, body)) return earlier;
    throw new DeskError(
      "input",
      `an earlier attempt to share this file got no answer, and may have used its number: repeat that one, with the same number and options, it counts once. (Deleting ${receiptPath(uploadFile)} forgets it.)`,
    );
  }
  const receipt = newReceipt();
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
  if (!existsSync(path)) return [];
  const text = (await readWhole(path, MAX_RECEIPTS_BYTES)).toString("utf8");
  try {
    return z.array(attemptSchema).parse(JSON.parse(text));
  } catch {
    throw new FileError(
      "unreadable",
      `${path} is damaged: it says what was sent before. Delete it if you are sure that nothing was`,
    );
  }
}

async function writeAttempts(uploadFile: string, attempts: readonly Attempt[]): Promise<void> {
  await writePrivateFile(receiptPath(uploadFile), `${JSON.stringify(attempts, null, 2)}\n`, true);
}
