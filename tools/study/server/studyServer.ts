// One institution's server of one study: agree, collect, compute, return, delete. Shares are in memory only; whatever goes wrong
// anywhere ends the study everywhere.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { z } from "zod";
import type { Log } from "../../daemon/log";
import { StudyError } from "../base/errors";
import type { TableInput } from "../circuits/circuit";
import type { Engine, Shared } from "../engine/engine";
import { engineFor, sharingFor } from "../engine/engines";
import { keySets, type SetKeys } from "../engine/keySets";
import { concat } from "../engine/words";
import type { Identity } from "../net/identity";
import { PEER_PROTOCOL, Peers } from "../net/peers";
import {
  circuitDigest,
  type Institution,
  isSignedBy,
  type Study,
  shapeOf,
  signStudy,
  tableCount,
} from "../plan/descriptor";
import { expectNotRun, noteRun } from "./ledger";
import { Register } from "./register";
import { type StudyStatus, studyRoutes } from "./routes";

const KEY_BYTES = 32;
const DAY_MS = 86_400_000;
/** After this long without an answer of a participant's being fetched, the server looks whether keepDays are over. */
const LOOK_MS = 60_000;
/** How long a server that has ended waits for participants to take its last answers. */
const LINGER_MS = 2_000;

const helloSchema = z.strictObject({ digest: z.string(), circuitDigest: z.string(), signature: z.string() });
const receivedSchema = z.array(z.tuple([z.int(), z.string()]));

type Phase = "agree" | "collect" | "compute" | "return" | "delete";

export class StudyServer {
  private readonly register: Register;
  private readonly peers: Peers;
  private readonly ended = new AbortController();
  private phase: Phase = "agree";
  private signatures: string[] = [];
  private readonly sockets = new Set<TLSSocket>();
  private tls: TlsServer | undefined;
  private onForgotten: (() => void) | undefined;
  /** From here on it is no failure by itself if a server leaves. */
  private isOver = false;

  constructor(
    private readonly study: Study,
    private readonly identity: Identity,
    private readonly log: Log,
  ) {
    this.register = new Register(study);
    this.peers = new Peers(study, identity, (error) => this.fail(error));
  }

  /**
   * Runs the study to its end. @param signal ends it early
   * @throws StudyError if it ended early: then nothing was returned any more, and all shares are deleted
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () =>
      this.fail(new StudyError("the server was stopped: the study ends", "refused")),
    );
    try {
      await expectNotRun(this.identity.folder, this.study);
      await this.listen();
      const keys = await this.agree();
      const cohort = await this.collect();
      await this.compute(keys, cohort);
      await this.return();
      this.enter("delete");
    } catch (error) {
      const reason = this.ended.signal.aborted ? this.ended.signal.reason : error;
      this.log("error", "ended", { phase: this.phase, why: reason instanceof StudyError ? reason.message : "failure" });
      throw reason;
    } finally {
      this.isOver = true;
      this.register.deleteContributions();
      this.register.deleteAnswers();
      await this.peers.flush();
      this.peers.close();
      this.log("info", "deleted");
      await this.closeSockets();
    }
  }

  private enter(phase: Phase): void {
    this.ended.signal.throwIfAborted();
    this.phase = phase;
    this.log("info", "phase", { phase });
  }

  private fail(error: StudyError): void {
    if (this.isOver || this.ended.signal.aborted) return;
    // At once, and not when whoever computes or waits has noticed.
    this.register.deleteAnswers();
    this.ended.abort(error);
    this.peers.close();
  }

  /** Lets participants have what was answered last, for a moment. */
  private async closeSockets(): Promise<void> {
    this.tls?.close();
    for (const socket of this.sockets) socket.end();
    for (const untilMs = Date.now() + LINGER_MS; this.sockets.size > 0 && Date.now() < untilMs; )
      await new Promise((done) => setTimeout(done, 10));
    for (const socket of this.sockets) socket.destroy();
  }

  private async listen(): Promise<void> {
    const { host, port } = this.study.descriptor.servers[this.peers.party] as Institution;
    const routes = studyRoutes(
      this.study,
      this.register,
      (): StudyStatus => ({ digest: this.study.digest, phase: this.phase, signatures: this.signatures }),
      () => this.onForgotten?.(),
    );
    const http = createServer(routes);
    const tls = createTlsServer(
      {
        key: this.identity.key,
        cert: this.identity.certificate,
        minVersion: "TLSv1.3",
        // Participants have no certificate; that of a server is compared byte by byte.
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: [PEER_PROTOCOL, "http/1.1"],
      },
      (socket) => {
        if (socket.alpnProtocol !== PEER_PROTOCOL) {
          this.sockets.add(socket);
          socket.once("close", () => this.sockets.delete(socket));
          http.emit("connection", socket);
        } else if (this.peers.accept(socket)) this.log("info", "peer-met");
        else this.log("warn", "peer-refused");
      },
    );
    tls.on("tlsClientError", () => undefined);
    this.tls = tls;
    await new Promise<void>((resolve, reject) => {
      tls.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          new StudyError(`cannot listen on ${host}:${port}: ${error.code}. Is the address this machine's, and free?`),
        ),
      );
      tls.listen(port, host, resolve);
    });
    this.log("info", "listening", { host, port });
  }

  /** Meets the others, makes sure that all have the same study, and draws the keys of this attempt. */
  private async agree(): Promise<SetKeys> {
    const { study, peers } = this;
    this.enter("agree");
    const { collectUntil, servers } = study.descriptor;
    await peers.connect(1000 * collectUntil, this.ended.signal);
    const signature = signStudy(this.identity.key, study.digest);
    const mine = { digest: study.digest, circuitDigest: circuitDigest(study.circuit), signature };
    const hellos = await peers.exchange(mine);
    for (const other of peers.others) {
      const hello = helloSchema.safeParse(hellos[other]);
      const isSame =
        hello.success && hello.data.digest === mine.digest && hello.data.circuitDigest === mine.circuitDigest;
      if (!isSame)
        throw new StudyError(
          `server ${peers.nameOf(other)} has another study file: all need the same bytes`,
          "refused",
        );
      if (!isSignedBy(servers[other] as Institution, study.digest, hello.data.signature))
        throw new StudyError(`server ${peers.nameOf(other)} did not sign this study`, "refused");
      this.signatures[other] = hello.data.signature;
    }
    this.signatures[peers.party] = signature;
    const keys: (Uint8Array | undefined)[] = [];
    for (const [i, set] of keySets(peers.servers).entries()) {
      const [first] = set as [number];
      if (first === peers.party) {
        const key = randomBytes(KEY_BYTES);
        keys[i] = key;
        for (const member of set) if (member !== first) peers.sendSecret(member, key);
      } else keys[i] = set.includes(peers.party) ? await peers.receiveSecret(first, KEY_BYTES) : undefined;
    }
    return keys;
  }

  /** @returns places whose shares all servers have, from the same attempt */
  private async collect(): Promise<readonly number[]> {
    const { descriptor } = this.study;
    this.enter("collect");
    await this.register.collect(1000 * descriptor.collectUntil, this.ended.signal);
    this.ended.signal.throwIfAborted();
    const received = this.register.received();
    const others = await this.peers.exchange(received, true);
    let common = new Map(received);
    for (const other of this.peers.others) {
      const theirs = new Map(receivedSchema.parse(others[other]));
      common = new Map([...common].filter(([place, attempt]) => theirs.get(place) === attempt));
    }
    this.log("info", "collected", { received: received.length, atAllServers: common.size });
    if (common.size < descriptor.leastCohort)
      throw new StudyError(
        `${common.size} people took part, and fewer than ${descriptor.leastCohort} would learn too much of one another: the study ends`,
        "refused",
      );
    return [...common.keys()];
  }

  private async compute(keys: SetKeys, cohort: readonly number[]): Promise<void> {
    const { study, register, peers } = this;
    this.enter("compute");
    await noteRun(this.identity.folder, study);
    const engine = engineFor(peers, keys);
    const shape = shapeOf(study.descriptor, cohort.length);
    const words = study.circuit.answerWords(shape);
    const startedMs = performance.now();
    const usedBefore = process.cpuUsage();
    const answers: Shared[] = [];
    for (let table = 0; table < tableCount(study.descriptor); table++)
      answers.push(await study.circuit.run(engine, shape, this.tableInput(cohort, table)));
    await engine.compareOpened();
    for (const key of keys) key?.fill(0);
    for (const [i, place] of cohort.entries())
      register.keepAnswer(
        place,
        answers.map((share) => share.map((part) => part.subarray(i * words, (i + 1) * words))),
      );
    for (const part of answers.flat()) part.fill(0);
    register.deleteContributions();
    const used = process.cpuUsage(usedBefore);
    this.report(engine, cohort.length, {
      seconds: (performance.now() - startedMs) / 1000,
      processorSeconds: (used.user + used.system) / 1e6,
    });
  }

  private report({ cost }: Engine, participants: number, time: Readonly<Record<string, number>>): void {
    const rounded = Object.entries(time).map(([name, seconds]) => [name, Math.round(1000 * seconds) / 1000]);
    this.log("info", "computed", {
      participants,
      circuitDigest: circuitDigest(this.study.circuit),
      ...cost,
      ...Object.fromEntries(rounded),
    });
  }

  private tableInput(cohort: readonly number[], table: number): TableInput {
    const { descriptor, circuit } = this.study;
    const { components } = sharingFor(descriptor.servers.length);
    const heard = descriptor.heard * circuit.layout.heardFields.length;
    const own = descriptor.own * circuit.layout.ownFields.length;
    const begin = table * (heard + own);
    const all = (from: number, words: number): Shared =>
      concat(
        cohort.map((place) =>
          Array.from({ length: components }, (_, c) => this.register.component(place, c, from, words)),
        ),
      );
    return { heard: all(begin, heard), own: all(begin + heard, own) };
  }

  /** Answers whoever brings a participant's token, once all servers have computed, until all have theirs. */
  private async return(): Promise<void> {
    await this.peers.exchange("computed");
    this.enter("return");
    this.register.releaseAnswers();
    const untilMs = Date.now() + this.study.descriptor.keepDays * DAY_MS;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.register.answersLeft === 0 || Date.now() >= untilMs || this.ended.signal.aborted) {
          clearInterval(timer);
          resolve();
        }
      };
      const timer = setInterval(look, LOOK_MS);
      this.onForgotten = look;
      this.ended.signal.addEventListener("abort", look);
      look();
    });
    this.ended.signal.throwIfAborted();
    // Whoever has heard this of all others may leave, and somebody is the first to.
    this.isOver = true;
    await this.peers.exchange("returned", true);
  }
}
