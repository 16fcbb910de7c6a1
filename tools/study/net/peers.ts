// A server's connections to all others: mutual TLS 1.3, each end knowing the other by its certificate's bytes.

import { X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { StudyError } from "../base/errors";
import type { PeerLink } from "../engine/link";
import type { Institution, Study } from "../plan/descriptor";
import { FrameConnection } from "./frames";
import type { Identity } from "./identity";

/** Protocol name by which servers reach one another on the port that participants use, too (ALPN). */
export const PEER_PROTOCOL = "chirpfob-study-1";
const RETRY_MS = 200;
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

export class Peers implements PeerLink {
  readonly party: number;
  readonly servers: number;
  private readonly certificates: readonly Buffer[];
  private readonly connections = new Map<number, FrameConnection>();
  private readonly arrivals = new Map<number, (connection: FrameConnection) => void>();
  private readonly waitMs: number;

  /** @param onLost told when a server is gone, whether anybody waits for it or not */
  constructor(
    private readonly study: Study,
    private readonly identity: Identity,
    private readonly onLost: (error: StudyError) => void,
  ) {
    const { servers, waitSeconds } = study.descriptor;
    this.certificates = servers.map(({ certificate }) => new X509Certificate(certificate).raw);
    const mine = new X509Certificate(identity.certificate).raw;
    this.party = this.certificates.findIndex((raw) => raw.equals(mine));
    if (this.party < 0)
      throw new StudyError(
        `${identity.folder} belongs to none of the study's servers: is it the right folder, and study?`,
      );
    this.servers = servers.length;
    this.waitMs = 1000 * waitSeconds;
  }

  /** The numbers of the other servers. */
  get others(): number[] {
    return this.certificates.map((_, i) => i).filter((i) => i !== this.party);
  }

  /** Takes a connection that came in, if a server of the study is at its other end; refuses every other one. */
  accept(socket: TLSSocket): boolean {
    const raw = socket.getPeerCertificate().raw as Buffer | undefined;
    const from = raw === undefined ? -1 : this.certificates.findIndex((known) => known.equals(raw));
    if (from <= this.party || this.connections.has(from)) {
      socket.destroy();
      return false;
    }
    this.admit(from, socket);
    return true;
  }

  /** Connects to every server with a lower number, and waits for the others. @param untilMs Unix time @throws StudyError */
  async connect(untilMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.others.map((other) =>
        other < this.party ? this.dial(other, untilMs, signal) : this.wait(other, untilMs, signal),
      ),
    );
  }

  send(to: number, words: Uint32Array): void {
    this.connection(to).send(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  async receive(from: number, words: number): Promise<Uint32Array> {
    const bytes = await this.connection(from).receive(this.waitMs);
    if (bytes.length !== 4 * words)
      throw new StudyError(
        `server ${this.nameOf(from)} sent ${bytes.length} bytes, not ${4 * words}: the study ends`,
        "refused",
      );
    return new Uint32Array(bytes.buffer);
  }

  sendText(to: number, value: unknown): void {
    this.connection(to).send(Buffer.from(JSON.stringify(value)));
  }

  /** @param mayWait whether it may take any time: while participants are waited for */
  async receiveText(from: number, mayWait = false): Promise<unknown> {
    const bytes = await this.connection(from).receive(mayWait ? undefined : this.waitMs);
    if (bytes.length > MAX_TEXT_BYTES) throw new StudyError(`server ${this.nameOf(from)} sent too much`, "refused");
    try {
      return JSON.parse(Buffer.from(bytes.buffer).toString("utf8"));
    } catch {
      throw new StudyError(`server ${this.nameOf(from)} sent what is no message: the study ends`, "refused");
    }
  }

  sendSecret(to: number, secret: Uint8Array): void {
    this.connection(to).send(secret);
  }

  async receiveSecret(from: number, length: number): Promise<Uint8Array> {
    const bytes = await this.connection(from).receive(this.waitMs);
    if (bytes.length !== length) throw new StudyError(`server ${this.nameOf(from)} sent no key`, "refused");
    return bytes;
  }

  /** Tells all others something and hears the same of them. */
  async exchange(value: unknown, mayWait = false): Promise<unknown[]> {
    for (const other of this.others) this.sendText(other, value);
    const answers: unknown[] = [];
    for (const other of this.others) answers[other] = await this.receiveText(other, mayWait);
    return answers;
  }

  nameOf(server: number): string {
    return `${server + 1} (${(this.study.descriptor.servers[server] as Institution).name})`;
  }

  async flush(): Promise<void> {
    await Promise.all([...this.connections.values()].map((connection) => connection.flush()));
  }

  close(): void {
    for (const connection of this.connections.values()) connection.close();
  }

  private connection(other: number): FrameConnection {
    const connection = this.connections.get(other);
    if (!connection) throw new StudyError(`server ${this.nameOf(other)} is not connected`, "unreachable");
    return connection;
  }

  private admit(other: number, socket: TLSSocket): void {
    const connection = new FrameConnection(socket, this.nameOf(other), this.onLost);
    this.connections.set(other, connection);
    this.arrivals.get(other)?.(connection);
  }

  private wait(other: number, untilMs: number, signal: AbortSignal): Promise<void> {
    if (this.connections.has(other)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(this.absent(other)),
        Math.max(0, Math.min(untilMs - Date.now(), 2 ** 31 - 1)),
      );
      signal.addEventListener("abort", () => reject(signal.reason));
      this.arrivals.set(other, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private async dial(other: number, untilMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const socket = await this.tryOnce(other);
      if (socket) return this.admit(other, socket);
      if (Date.now() >= untilMs) throw this.absent(other);
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
    throw signal.reason;
  }

  private tryOnce(other: number): Promise<TLSSocket | undefined> {
    const { host, port, certificate } = this.study.descriptor.servers[other] as Institution;
    return new Promise((resolve) => {
      const socket = connect({
        host,
        port,
        key: this.identity.key,
        cert: this.identity.certificate,
        ca: certificate,
        minVersion: "TLSv1.3",
        ALPNProtocols: [PEER_PROTOCOL],
        // The certificate is known by its bytes; what name it bears is of no concern.
        checkServerIdentity: (_, { raw }) =>
          raw.equals(this.certificates[other] as Buffer) ? undefined : new Error("another certificate"),
      });
      socket.once("error", () => resolve(undefined));
      socket.once("close", () => resolve(undefined));
      socket.once("secureConnect", () => {
        if (socket.alpnProtocol !== PEER_PROTOCOL) return socket.destroy();
        resolve(socket);
      });
    });
  }

  private absent(other: number): StudyError {
    return new StudyError(`server ${this.nameOf(other)} could not be reached in time: the study ends`, "unreachable");
  }
}
