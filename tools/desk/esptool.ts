import { execFile } from "node:child_process";
import { promisify } from "node:util";

const VERSION_TIMEOUT_MS = 20_000;
const ESPTOOL_NAMES = ["esptool", "esptool.py"];

/** Oldest esptool that `devs flash` works with. */
export const ESPTOOL_OLDEST = "4.5";

/** An esptool that was found. */
export interface Esptool {
  readonly command: string;
  readonly version: string;
}

/** Finds esptool: the one that is named, or the first on the search path. */
export async function findEsptool(named?: string): Promise<Esptool | undefined> {
  for (const command of named === undefined ? ESPTOOL_NAMES : [named]) {
    try {
      const { stdout } = await promisify(execFile)(command, ["version"], { timeout: VERSION_TIMEOUT_MS });
      const version = /v?(\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
      if (version) return { command, version };
    } catch {
      // Not installed, or not esptool.
    }
  }
  return undefined;
}

/** Whether a dotted version is at least another. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(a?.length ?? 0, b?.length ?? 0); i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
