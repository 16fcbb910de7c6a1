import { type Command, Option } from "commander";
import { CliError, EXIT } from "../errors";
import { addStorageOptions, request, type StorageOptions } from "../exposureOptions";
import { printJson, printLine } from "../output";

/** `chirpfob federate`: pulls other regions' shards now, as a running service does on schedule. */
export function addFederateCommand(program: Command): void {
  addStorageOptions(program.command("federate"))
    .description("pull the shards of other regions now")
    .addOption(
      new Option("--federation <file>", "federation file; a running service uses its own").env("CHIRPFOB_FEDERATION"),
    )
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob federate --data ./county --federation federation.json")
    .action(async (options: StorageOptions) => {
      const { pulled } = await request(options, { do: "federate" });
      if (options.json) printJson({ pulled });
      else
        for (const { regionID, chunks, seeds, lastBatchID, error } of pulled)
          printLine(
            `${regionID}: ${chunks} chunks, ${seeds} seeds, last ${lastBatchID}${error === undefined ? "" : `; ${error}`}`,
          );
      const failed = pulled.filter(({ error }) => error !== undefined).length;
      if (failed > 0) throw new CliError(EXIT.network, `${failed} of ${pulled.length} regions could not be pulled`);
    });
}
