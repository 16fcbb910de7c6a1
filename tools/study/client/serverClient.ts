// A participant's connections to one server of a study: TLS 1.3, the certificate being the one in the descriptor and no other.

import { X509Certificate } from "node:crypto";
import { Agent, request } from "node:https";
import { z } from "zod";
import { StudyError } from "../base/errors";
import { type Institution, readJson, type Study } from "../plan/descriptor";
import type { StudyStatus } from "../server/routes";

const TIMEOUT_MS = 60_000;

const statusSchema = z.strictObject({ digest: z.string(), phase: z.string(), signatures: z.array(z.string()) });
const refusalSchema = z.strictObject({ error: z.string() });

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export class ServerClient {
  private readonly agent: Agent;

  /** @param connections kept open at the same time */
  constructor(
    private readonly study: Study,
    private readonly server: Institution,
    connections = 1,
  ) {
    const { raw } = new X509Certificate(server.certificate);
    this.agent = new Agent({
      keepAlive: true,
      maxSockets: connections,
      ca: server.certificate,
      minVersion: "TLSv1.3",
      checkServerIdentity: (_, certificate) =>
        certificate.raw.equals(raw) ? undefined : new Error("another certificate"),
    });
  }

  get name(): string {
    return this.server.name;
  }

  async status(): Promise<StudyStatus> {
    const { status, body } = await this.ask("GET", "/v1/status");
    if (status !== 200) throw this.refusal(status, body);
    return readJson(statusSchema, body, `the answer of ${this.name}`);
  }

  /** @param body attempt, digest of the token and shares */
  async contribute(invitation: string, body: Buffer): Promise<void> {
    const { status, body: answer } = await this.ask("POST", `${this.base}/contribution`, invitation, body);
    if (status !== 201) throw this.refusal(status, answer);
  }

  /** Shares of the answer; undefined if the server has none for this token. */
  async answer(token: string): Promise<Buffer | undefined> {
    const { status, body } = await this.ask("GET", `${this.base}/answer`, token);
    if (status === 404) return undefined;
    if (status !== 200) throw this.refusal(status, body);
    return body;
  }

  /** Lets the server forget an answer. */
  async forget(token: string): Promise<void> {
    await this.ask("DELETE", `${this.base}/answer`, token);
  }

  close(): void {
    this.agent.destroy();
  }

  private get base(): string {
    return `/v1/studies/${this.study.digest}`;
  }

  private ask(method: string, path: string, bearer?: string, body?: Buffer): Promise<Answer> {
    const { host, port } = this.server;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        const { code } = error as NodeJS.ErrnoException;
        reject(
          new StudyError(
            `the server of ${this.name} (${host}:${port}) gave no answer: ${code ?? error.message}`,
            "unreachable",
          ),
        );
      };
      const headers = {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-length": body.length }),
      };
      const asked = request(
        { host, port, method, path, headers, agent: this.agent, timeout: TIMEOUT_MS },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", fail);
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        },
      );
      asked.on("error", fail);
      asked.on("timeout", () => asked.destroy(new Error("it said nothing for a minute")));
      asked.end(body);
    });
  }

  private refusal(status: number, body: Buffer): StudyError {
    let why = `status ${status}`;
    try {
      why = refusalSchema.parse(JSON.parse(body.toString("utf8"))).error;
    } catch {
      // Something else than a study's server answered: its status is all there is to say.
    }
    return new StudyError(`the server of ${this.name} refused: ${why}`, "refused");
  }
}
