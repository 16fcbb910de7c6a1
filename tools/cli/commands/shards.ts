import type { Command } from "commander";
import { counted } from "../../base/words";
import { fetchFromAll } from "../../desk/fetchShards";
import { type ImportOutcomes, importFiles, readShardFiles } from "../../desk/importShards";
import { addPortOption, atDesk, type PortChoice, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { addFetchOptions, type FetchOptions, parseFetchOptions, printFetched } from "../fetchOptions";
import { print, printJson } from "../output";
import { formatBytes } from "../progress";

/** `chirpfob shards fetch|import`: what regions publish, from the internet to the keyfob. */
export function addShardsCommand(program: Command): void {
  const shards = program
    .command("shards")
    .description("the shards that regions publish: seeds of people who were diagnosed");
  addFetchOptions(
    shards
      .command("fetch")
      .description("download new shards and check them; what is here already is not asked for again"),
  )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  chirpfob shards fetch --server https://exposure.example.org --region US-MA -o shards\n" +
        "  chirpfob shards fetch --server https://ma.example.org --server https://nh.example.org --all-regions -o shards",
    )
    .action(fetchAll);
  addPortOption(
    shards
      .command("import")
      .description("bring shards to the keyfob, which checks them and looks for encounters")
      .argument("<path...>", "shard files, or folders of them")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob shards import shards"),
  ).action(async (paths: string[], options: PortChoice & { json?: boolean }) => {
    const files = await readShardFiles(paths);
    const outcomes = await withKeyfob(options, (session) => importFiles(session, files));
    if (options.json) printJson(outcomes.report);
    else if (outcomes.report.refused < files.length) printImported(outcomes);
    expectTrusted(outcomes);
  });
}

async function fetchAll(options: FetchOptions): Promise<void> {
  const { servers, choice } = parseFetchOptions(options);
  const { fetched, failure } = await atDesk((work) => fetchFromAll(servers, choice, work));
  const reports = fetched.map(({ report }) => report);
  if (options.json) printJson(reports);
  else printFetched(reports, `"chirpfob shards import ${options.output}" brings them to a keyfob.`);
  if (failure !== undefined) throw failure;
}

/** Says what a keyfob checked. */
export function printImported({ report: { verified, skipped, bytes, seconds } }: ImportOutcomes): void {
  print(
    `${counted(verified, "shard", "shards")} checked and searched${skipped > 0 ? `, ${skipped} known before` : ""}` +
      `${bytes > 0 ? ` (${formatBytes(bytes)} in ${seconds.toFixed(1)} s)` : ""}. "chirpfob exposures" shows what the keyfob found.\n`,
  );
}

/** @throws CliError that names whose shards were not sent */
export function expectTrusted({ report: { refused }, untrusted }: ImportOutcomes): void {
  if (refused > 0)
    throw new CliError(EXIT.refused, `${counted(refused, "shard", "shards")} not sent: ${untrusted.join("\n")}`);
}
