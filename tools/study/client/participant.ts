// A participant's side of a study: checks what was agreed, makes the shares, and puts the answer together.

import { randomBytes } from "node:crypto";
import { StudyError } from "../base/errors";
import type { PlainTable } from "../circuits/records";
import { sharingFor } from "../engine/engines";
import { contributionLength, isSignedBy, type Study, shapeOf } from "../plan/descriptor";
import { ATTEMPT_BYTES, digestOf, TOKEN_BYTES } from "../server/register";
import { ServerClient } from "./serverClient";

export class Participants {
  private readonly clients: readonly ServerClient[];

  /** @param connections to each server at the same time */
  constructor(
    private readonly study: Study,
    connections = 1,
  ) {
    this.clients = study.descriptor.servers.map((server) => new ServerClient(study, server, connections));
  }

  /** Makes sure that every server runs this very study, signed by all. @throws StudyError */
  async checkAgreed(): Promise<void> {
    const { descriptor, digest } = this.study;
    for (const client of this.clients) {
      const status = await client.status();
      const isAgreed =
        status.digest === digest &&
        descriptor.servers.every((server, i) => isSignedBy(server, digest, status.signatures[i] ?? ""));
      if (!isAgreed)
        throw new StudyError(
          status.phase === "agree"
            ? `the servers have not met yet: try again later`
            : `the server of ${client.name} runs another study, or not all servers signed this one: nothing was sent`,
          "refused",
        );
      if (status.phase !== "collect" && status.phase !== "agree")
        throw new StudyError("this study does not collect contributions any more: nothing was sent", "refused");
    }
  }

  /**
   * Sends a participant's shares, some to each server.
   * @returns the token for the answer, hexadecimal: whoever has it gets the answer, and nobody else does
   */
  async contribute(invitation: string, tables: readonly PlainTable[]): Promise<string> {
    const { servers } = this.study.descriptor;
    const words = new Uint32Array(contributionLength(this.study));
    let at = 0;
    for (const part of tables.flatMap(({ heard, own }) => [heard, own])) {
      words.set(part, at);
      at += part.length;
    }
    const token = randomBytes(TOKEN_BYTES);
    const head = Buffer.concat([randomBytes(ATTEMPT_BYTES), digestOf(token)]);
    const shares = sharingFor(servers.length).split(words, randomWords);
    words.fill(0);
    const bodies = shares.map((share) => Buffer.concat([head, ...share.map(bytesOf)]));
    await Promise.all(this.clients.map((client, i) => client.contribute(invitation, bodies[i] as Buffer)));
    return token.toString("hex");
  }

  /**
   * The answer of the bearer of a token, table after table; the servers then forget it.
   * @returns undefined while there is none, or if there never was
   */
  async answer(token: string): Promise<Uint32Array[] | undefined> {
    const { descriptor, circuit } = this.study;
    const shape = shapeOf(descriptor, 1);
    const sharing = sharingFor(descriptor.servers.length);
    const width = circuit.answerWords(shape);
    const parts = await Promise.all(this.clients.map((client) => client.answer(token)));
    if (parts.some((part) => part === undefined)) return undefined;
    const answers = Array.from({ length: shape.tables }, (_, table) =>
      sharing.combine(
        parts.map((part) => {
          const all = new Uint32Array(new Uint8Array(part as Buffer).buffer);
          if (all.length !== shape.tables * sharing.components * width)
            throw new StudyError("a server's answer has another length than it should: believe none", "refused");
          return Array.from({ length: sharing.components }, (_, c) => {
            const begin = (table * sharing.components + c) * width;
            return all.subarray(begin, begin + width);
          });
        }),
      ),
    );
    // A server that does not hear it forgets the answer by itself, when keepDays are over.
    await Promise.allSettled(this.clients.map((client) => client.forget(token)));
    return answers;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }
}

export function randomWords(words: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(new Uint8Array(randomBytes(4 * words)).buffer);
}

function bytesOf(words: Uint32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}
