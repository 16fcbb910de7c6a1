import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root, with a trailing separator. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Whether a program that only the deeper checks need is installed. Where CHIRPFOB_ALL_CHECKS is set (.ci/run does), a
 * missing one is an error, so that a skipped check cannot pass for a green one.
 */
export function hasTool(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.CHIRPFOB_ALL_CHECKS) throw new Error(`${name} is not installed, and this run must not skip checks`);
    process.stderr.write(`skipped: a check that needs ${name}, which is not installed\n`);
    return false;
  }
}

/** A file of the team's shared folder beside the checkout (recordings we may not redistribute), or undefined where it is absent. */
export function sharedFile(path: string): string | undefined {
  const file = join(ROOT, "..", "shared", path);
  if (existsSync(file)) return file;
  process.stderr.write(`skipped: a check that needs shared/${path}, which is not beside this checkout\n`);
  return undefined;
}
