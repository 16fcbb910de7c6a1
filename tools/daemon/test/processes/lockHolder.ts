// Takes the lock on the file that it is given, says whether it has it, and keeps it until it is killed.

import { takeLock } from "../../lock";

const lock = await takeLock(process.argv[2] ?? "");
process.stdout.write(`${lock === undefined ? "refused" : "held"}\n`);
if (lock !== undefined) setInterval(() => undefined, 60_000);
