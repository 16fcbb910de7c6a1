import { survivePrinting } from "../brokenOutput";
import { run } from "./program";

const printing = survivePrinting();
const code = await run(process.argv.slice(2));
// Timers of libraries must not keep a finished command alive; what was printed is flushed first, also into a pipe.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve()))),
);
process.exit(printing.exitCode(code));
