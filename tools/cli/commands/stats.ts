import type { Command } from "commander";
import { addStorageOptions, request, type StorageOptions } from "../exposureOptions";
import { printJson, printLine } from "../output";

/** `chirpfob stats`: what waits, what is published, how the permission numbers stand. */
export function addStatsCommand(program: Command): void {
  addStorageOptions(program.command("stats"))
    .description("show what the exposure service holds")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob stats --data ./county --json")
    .action(async (options: StorageOptions) => {
      const stats = await request(options, { do: "stats" });
      if (options.json) return printJson(stats);
      const { uploads, embargoedSeeds, remoteChunks } = stats.waiting;
      printLine(`region ${stats.region}`);
      printLine(
        `waiting: ${uploads} uploads, ${embargoedSeeds} seeds too young, ${remoteChunks} chunks of other regions`,
      );
      for (const { feed, chunks, seeds, bytes } of stats.feeds)
        printLine(`feed ${feed}: ${chunks} chunks, ${seeds} seeds, ${bytes} bytes`);
      for (const { provider, issued, unused, used } of stats.permissions)
        printLine(`numbers of ${provider}: ${issued} issued, ${unused} unused, ${used} used`);
    });
}
