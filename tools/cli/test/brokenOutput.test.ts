import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CHIRPFOB } from "./processes";

/** A device of Linux on which every write fails as on a full disk. */
const FULL = "/dev/full";

/** Runs `chirpfob ARGS` with its stdout in a file, or in a pipe whose reader goes at once. */
async function chirpfob(args: readonly string[], stdout: "pipe" | number) {
  const child = spawn(process.execPath, [CHIRPFOB, ...args], { stdio: ["ignore", stdout, "pipe"] });
  child.stdout?.destroy();
  let stderr = "";
  child.stderr?.on("data", (text) => {
    stderr += String(text);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, stderr };
}

describe("a command whose output goes nowhere", () => {
  it.each(["boards", "boards --json", "--help"])("ends well when its reader has seen enough: %s", async (line) => {
    expect(await chirpfob(line.split(" "), "pipe")).toEqual({ code: 0, stderr: "" });
  });

  it("keeps the exit code of a failure when nobody reads", async () => {
    const { code } = await chirpfob(["boards", "no-such-board"], "pipe");
    expect(code).toBe(1);
  });

  it.skipIf(!existsSync(FULL))("says in one line that the disk is full, and fails", async () => {
    const full = openSync(FULL, "w");
    try {
      expect(await chirpfob(["boards", "--json"], full)).toEqual({
        code: 1,
        stderr: "chirpfob: the output cannot be written (the disk is full): what was printed is not complete\n",
      });
    } finally {
      closeSync(full);
    }
  });
});
