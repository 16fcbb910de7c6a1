// The command line as a process of its own, for what only a real one shows: its end, its signals, its terminal.

import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { ROOT } from "../../../test/tools";

/** The command line, as Node runs it. */
export const CHIRPFOB = join(ROOT, "bin/chirpfob.mjs");

/** A command line that is running. */
export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Waits until what it prints matches. */
  prints(pattern: RegExp, timeoutMs?: number): Promise<void>;
}

/**
 * Starts `chirpfob ARGS`; with `terminal`, on a pseudo terminal of its own (util-linux `script`).
 * @param folder where it is started, if that matters
 */
export function startChirpfob(
  args: readonly string[],
  environment: Record<string, string> = {},
  terminal = false,
  folder?: string,
): Running {
  const line = [process.execPath, CHIRPFOB, ...args];
  if (!terminal) return start(line, environment, folder);
  return start(["script", "-qefc", line.map((word) => `'${word}'`).join(" "), "/dev/null"], environment, folder);
}

/** Starts `chirpfob ARGS` as a user who is not root. */
export function startUnprivileged(args: readonly string[]): Running {
  return start([process.execPath, join(ROOT, "tools/cli/test/unprivileged.mjs"), ...args], {});
}

/** Starts a program in a folder (default: this process's). */
export function start(
  [command = "", ...args]: readonly string[],
  environment: Record<string, string> = {},
  folder = process.cwd(),
): Running {
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  child.stdout?.on("data", (text) => {
    printed.stdout += String(text);
  });
  child.stderr?.on("data", (text) => {
    printed.stderr += String(text);
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return {
    child,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    ended,
    prints: async (pattern, timeoutMs = 60_000) => {
      const deadline = Date.now() + timeoutMs;
      while (!pattern.test(printed.stdout + printed.stderr)) {
        if (Date.now() > deadline) throw new Error(`never printed ${pattern}:\n${printed.stdout}${printed.stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

/** Below the ports that Linux, macOS and Windows hand out by themselves: what is free here stays free until it is used. */
const OWN_PORTS = { first: 10_000, count: 20_000 };

/** A TCP port of this machine that nobody listens on, and that no program gets which asks for any port (port 0). */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = OWN_PORTS.first + randomInt(OWN_PORTS.count);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer()
        .once("error", () => resolve(false))
        .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

/** A real SOCKS5 proxy. */
export async function startMicrosocks(): Promise<{ url: string; close(): void }> {
  const port = await freePort();
  const child = spawn("microsocks", ["-i", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  while (child.exitCode === null && !(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  return { url: `socks5://127.0.0.1:${port}`, close: () => void child.kill() };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1")
      .once("connect", () => {
        socket.destroy();
        resolve(true);
      })
      .once("error", () => resolve(false));
  });
}
