import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { SYNCS_FOR_A_DECOY } from "../../desk/decoy";
import { syncKeyfob } from "../../desk/sync";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { addFetchOptions, type FetchOptions, parseFetchOptions, printFetched } from "../fetchOptions";
import { printJson } from "../output";
import { printClock } from "./clock";
import { expectTrusted, printImported } from "./shards";

/** `chirpfob sync`: all that a keyfob needs of a computer now and then, and never its results. */
export function addSyncCommand(program: Command): void {
  addFetchOptions(
    addPortOption(
      program
        .command("sync")
        .description("set the keyfob's clock, fetch new shards and bring them to it; shows no results"),
    ),
  )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob sync --server https://exposure.example.org --region US-MA -o shards")
    .action(sync);
}

async function sync(options: FetchOptions & PortChoice): Promise<void> {
  const { servers, choice } = parseFetchOptions(options);
  const { clock, fetched, imported, failure } = await withKeyfob(options, (session) =>
    syncKeyfob(session, servers, choice, randomInt(SYNCS_FOR_A_DECOY) === 0),
  );
  if (options.json) printJson({ clock, fetched, imported: imported?.report ?? null });
  else {
    printClock(clock);
    printFetched(fetched, undefined);
    if (imported !== undefined) printImported(imported);
  }
  if (failure !== undefined) throw failure;
  if (imported !== undefined) expectTrusted(imported);
}
