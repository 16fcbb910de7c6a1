import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that the program lies in: package.json, firmware/, boards.json. */
export const PROGRAM_ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Path of a file of the program, given from its root. */
export function programFile(path: string): string {
  return join(PROGRAM_ROOT, path);
}
