import type { Command } from "commander";
import { addStorageOptions, request, type StorageOptions } from "../exposureOptions";
import { note, printJson, printLine } from "../output";

/** `chirpfob publish`: builds the shards that are due now, without waiting for the service's timer. */
export function addPublishCommand(program: Command): void {
  addStorageOptions(program.command("publish"))
    .description("publish what is due now, beside a running service or without one")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob publish --data ./county")
    .action(async (options: StorageOptions) => {
      const { published } = await request(options, { do: "publish" });
      if (options.json) return printJson({ published });
      if (published.length === 0) note("nothing is due: seeds are published 12 minutes after their hour ends");
      for (const { feed, number, seeds, bytes } of published)
        printLine(`${feed} chunk ${number}: ${seeds} seeds, ${bytes} bytes`);
    });
}
