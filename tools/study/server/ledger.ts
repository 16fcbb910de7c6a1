// Studies that an institution has run: a second run of a window with one participant less would tell that one's answer.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { dateOfDay } from "../base/days";
import { StudyError } from "../base/errors";
import { readJson, type Study } from "../plan/descriptor";

const ledgerSchema = z.array(z.strictObject({ digest: z.string(), circuit: z.string(), days: z.array(z.int()) }));
const FILE = "studies.json";

type Ledger = z.infer<typeof ledgerSchema>;

async function readLedger(folder: string): Promise<Ledger> {
  const path = join(folder, FILE);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "[]";
    throw new StudyError(`cannot read ${path}: ${error.code}`);
  });
  return readJson(ledgerSchema, text, path);
}

/** @throws StudyError if this institution has run the study, or one of the same circuit on any of its days */
export async function expectNotRun(folder: string, { digest, descriptor }: Study): Promise<void> {
  for (const run of await readLedger(folder)) {
    if (run.digest === digest)
      throw new StudyError("this study was run already, and runs once: make a new one for other days", "refused");
    const day = run.circuit === descriptor.circuit ? run.days.find((d) => descriptor.days.includes(d)) : undefined;
    if (day !== undefined)
      throw new StudyError(
        `a study of ${descriptor.circuit} on ${dateOfDay(day)} was run already: a second one would tell what a single participant changes`,
        "refused",
      );
  }
}

/** Notes that a study is run, before its first value is opened. */
export async function noteRun(folder: string, { digest, descriptor }: Study): Promise<void> {
  const ledger = await readLedger(folder);
  ledger.push({ digest, circuit: descriptor.circuit, days: descriptor.days });
  await writeFile(join(folder, FILE), `${JSON.stringify(ledger)}\n`, { mode: 0o600, flush: true });
}
