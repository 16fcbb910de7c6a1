import { vi } from "vitest";
import { run } from "../start/program";

/** How one command line ended. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON document on stdout. */
  json(): Record<string, unknown>;
}

/** Runs a command line in this process and collects what it prints. */
export async function runCli(args: readonly string[]): Promise<CliResult> {
  const printed = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    const exitCode = await run(args);
    return { exitCode, ...printed, json: () => JSON.parse(printed.stdout) as Record<string, unknown> };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
