// The command line as a user who may not do everything, also where tests run as root. All is loaded before root is given up:
// that user need not be able to read the project's folder.
import { register } from "tsx/esm/api";

const NOBODY = 65_534;

register();
const { run } = await import("../start/program.ts");
if (process.getuid() === 0) {
  process.setgroups([]);
  process.setgid(NOBODY);
  process.setuid(NOBODY);
}
process.exit(await run(process.argv.slice(2)));
