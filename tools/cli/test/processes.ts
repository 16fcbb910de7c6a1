// The command line as a process of its own, for what only a real one shows: its end, its signals, its terminal.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../../../test/tools";

const CHIRPFOB = join(ROOT, "bin/chirpfob.mjs");

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

/** Starts `chirpfob ARGS`; with `terminal`, on a pseudo terminal of its own (util-linux `script`). */
export function startChirpfob(
  args: readonly string[],
  environment: Record<string, string> = {},
  terminal = false,
): Running {
  const [command, rest] = terminal
    ? ["script", ["-qefc", [process.execPath, CHIRPFOB, ...args].map((word) => `'${word}'`).join(" "), "/dev/null"]]
    : [process.execPath, [CHIRPFOB, ...args]];
  const child = spawn(command as string, rest as string[], {
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
