import type { Command } from "commander";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { counted } from "../../base/words";
import { addPortOption, type PortOptions, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { type FetchReport, type FetchOptions as FetchShardsOptions, fetchShards } from "../fetchShards";
import { importFiles, readShardFiles } from "../importShards";
import { interruptible } from "../interrupt";
import { parseServer } from "../net/http";
import { parseProxy } from "../net/proxy";
import { note, printJson } from "../output";
import { parseHex } from "../parse";
import { formatBytes, Progress } from "../progress";
import { parseRegion } from "./keyfobKeys";

interface FetchOptions {
  server: string[];
  region?: string;
  allRegions?: boolean;
  key?: string[];
  proxy?: string;
  output: string;
  json?: boolean;
}

const collect = (value: string, before: string[] = []) => [...before, value];

/** `chirpfob shards fetch|import`: what regions publish, from the internet to the keyfob. */
export function addShardsCommand(program: Command): void {
  const shards = program
    .command("shards")
    .description("the shards that regions publish: seeds of people who were diagnosed");
  shards
    .command("fetch")
    .description("download new shards and check them; what is here already is not asked for again")
    .requiredOption("--server <url>", "a region's exposure service, https://... (repeatable)", collect)
    .option("--region <region>", "the region whose shards you want")
    .option("--all-regions", "fetch from every --server alike, so that nobody learns which region is yours")
    .option(
      "--key <hex>",
      "the region's public key, if you have it (repeatable); otherwise the first one seen is kept",
      collect,
    )
    .option("--proxy <url>", "fetch through this SOCKS5 proxy, name look-ups too: socks5://127.0.0.1:9050 (Tor)")
    .requiredOption("-o, --output <dir>", "folder for the shards")
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
  ).action(async (paths: string[], options: PortOptions & { json?: boolean }) => {
    const files = await readShardFiles(paths);
    const untrusted: string[] = [];
    const report = await withKeyfob(options, (session) => importFiles(session, files, (why) => untrusted.push(why)));
    if (options.json) printJson(report);
    else if (report.refused < files.length)
      process.stdout.write(
        `${counted(report.verified, "shard", "shards")} checked and searched${report.skipped > 0 ? `, ${report.skipped} known before` : ""}` +
          `${report.bytes > 0 ? ` (${formatBytes(report.bytes)} in ${report.seconds.toFixed(1)} s)` : ""}. "chirpfob exposures" shows what the keyfob found.\n`,
      );
    if (report.refused > 0)
      throw new CliError(
        EXIT.refused,
        `${counted(report.refused, "shard", "shards")} not sent: ${untrusted.join("\n")}`,
      );
  });
}

async function fetchAll(options: FetchOptions): Promise<void> {
  if ((options.region === undefined) === (options.allRegions !== true))
    throw new CliError(EXIT.usage, "say which shards: --region REGION, or --all-regions");
  const region = options.region === undefined ? undefined : parseRegion(options.region);
  if (region !== undefined && options.server.length > 1)
    throw new CliError(EXIT.usage, "--region goes with one --server; several are fetched with --all-regions");
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  const keys = (options.key ?? []).map((text) => parseHex("--key", text, SLH_DSA_PUBLIC_KEY_BYTES));
  if (keys.length > 0 && options.server.length > 1)
    throw new CliError(EXIT.usage, "--key goes with one --server: fetch from each alone the first time");
  // The order must not tell which server matters to this person.
  const servers = [...new Map(options.server.map(parseServer).map((url) => [url.href, url])).values()].sort((a, b) =>
    a.href < b.href ? -1 : 1,
  );
  const { reports, failure } = await interruptible((signal) =>
    fetchEach(servers, options, { keys, region, proxy, signal }),
  );
  if (options.json) printJson(reports);
  else
    for (const { region: name, had, fetched, bytes } of reports)
      process.stdout.write(
        fetched === 0
          ? `${name}: up to date, ${counted(had, "shard", "shards")} here.\n`
          : `${name}: ${counted(fetched, "new shard", "new shards")} (${formatBytes(bytes)}), ${had} here before. "chirpfob shards import ${options.output}" brings them to a keyfob.\n`,
      );
  if (failure !== undefined) throw failure;
}

/** Fetches from one server after the other. One that fails keeps nobody from the others, and is reported at the end. */
async function fetchEach(
  servers: readonly URL[],
  { output: directory }: FetchOptions,
  common: Pick<FetchShardsOptions, "keys" | "region" | "proxy" | "signal">,
): Promise<{ reports: FetchReport[]; failure: CliError | undefined }> {
  const reports: FetchReport[] = [];
  let failure: CliError | undefined;
  for (const server of servers) {
    const progress = new Progress(`Fetching from ${server.host}`, { format: formatBytes });
    const onProgress = (bytes: number, of: number) => progress.update(bytes, of);
    try {
      reports.push(await fetchShards(server, { ...common, directory, onProgress }).finally(() => progress.finish()));
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode === EXIT.interrupted) throw error;
      if (failure !== undefined) note(`chirpfob: ${failure.message}`);
      failure = error;
    }
  }
  return { reports, failure };
}
