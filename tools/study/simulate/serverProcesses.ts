// Servers of a simulated study: real processes of the command line, each with its own folder and port on loopback.

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { StudyError } from "../base/errors";

const PROGRAM = fileURLToPath(new URL("../../../bin/chirpfob.mjs", import.meta.url));
const KILL_AFTER_MS = 10_000;
const MAX_LINE_CHARACTERS = 1_000_000;

/** A line of a server's log. */
type LogLine = Readonly<Record<string, unknown>>;

/** What a server reported when it had computed. */
export interface ServerReport {
  readonly circuitDigest: string;
  readonly ands: number;
  readonly rounds: number;
  /** Bytes sent to the other servers, and those of them that shuffles took. */
  readonly bytes: number;
  readonly shuffleBytes: number;
  readonly seconds: number;
  /** Seconds of a processor that it used: less than the time that passed where several share one. */
  readonly processorSeconds: number;
}

/** Ports that nobody uses now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const { port } = server.address() as { port: number };
      await new Promise((resolve) => server.close(resolve));
      return port;
    }),
  );
}

export class ServerProcess {
  readonly log: LogLine[] = [];
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;
  private readonly listeners = new Set<() => void>();
  private hasEnded = false;

  /** @param nodeOptions for the process itself, in front of the program */
  constructor(folder: string, studyFile: string, nodeOptions: readonly string[] = []) {
    this.child = spawn(
      process.execPath,
      [...nodeOptions, PROGRAM, "study", "serve", "--data", folder, "--study", studyFile],
      { stdio: ["ignore", "ignore", "pipe"], cwd: folder },
    );
    let rest = "";
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(0, MAX_LINE_CHARACTERS);
      for (const line of lines) this.log.push(readLine(line));
      this.tell();
    });
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => {
        this.hasEnded = true;
        this.tell();
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** The first line of an event, once it is there. @throws StudyError if the server ends before */
  async line(event: string, matches: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      const found = this.log.find((line) => line.event === event && matches(line));
      if (found) return found;
      if (this.hasEnded) throw new StudyError(`a server ended early: ${this.lastWords()}`, "unreachable");
      await new Promise<void>((resolve) => this.listeners.add(resolve));
    }
  }

  phase(name: string): Promise<LogLine> {
    return this.line("phase", (line) => line.phase === name);
  }

  async report(): Promise<ServerReport> {
    const line = await this.line("computed");
    const number = (name: string): number => Number(line[name]);
    return {
      circuitDigest: String(line.circuitDigest),
      ands: number("ands"),
      rounds: number("rounds"),
      bytes: number("bytesSent"),
      shuffleBytes: number("shuffleBytesSent"),
      seconds: number("seconds"),
      processorSeconds: number("processorSeconds"),
    };
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** Ends the process, by force if it does not follow. */
  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), KILL_AFTER_MS);
    await this.ended;
    clearTimeout(timer);
  }

  private lastWords(): string {
    const said = this.log.findLast((line) => line.event === "ended")?.why ?? this.log.at(-1)?.text;
    return String(said ?? "it said nothing");
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}

function readLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { text };
  }
}
