// What `shards fetch` and `sync` have in common: whose shards, from where, checked with which keys.

import type { Command } from "commander";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../protocol/crypto/slhDsa";
import { counted } from "../base/words";
import type { FetchChoice, FetchReport } from "../desk/fetchShards";
import { parseServer } from "../feed/http";
import { parseProxy } from "../feed/proxy";
import { CliError, EXIT } from "./errors";
import { print } from "./output";
import { parseHex, parseRegion } from "./parse";
import { formatBytes } from "./progress";

export interface FetchOptions {
  server: string[];
  region?: string;
  allRegions?: boolean;
  key?: string[];
  proxy?: string;
  output: string;
  json?: boolean;
}

const collect = (value: string, before: string[] = []) => [...before, value];

export function addFetchOptions(command: Command): Command {
  return command
    .requiredOption("--server <url>", "a region's exposure service, https://... (repeatable)", collect)
    .option("--region <region>", "the region whose shards you want")
    .option("--all-regions", "fetch from every --server alike, so that nobody learns which region is yours")
    .option(
      "--key <hex>",
      "the region's public key, if you have it (repeatable); otherwise the first one seen is kept",
      collect,
    )
    .option("--proxy <url>", "fetch through this SOCKS5 proxy, name look-ups too: socks5://127.0.0.1:9050 (Tor)")
    .requiredOption("-o, --output <dir>", "folder for the shards");
}

/** What the options ask for. @throws CliError, FeedError */
export function parseFetchOptions(options: FetchOptions): { servers: readonly URL[]; choice: FetchChoice } {
  if ((options.region === undefined) === (options.allRegions !== true))
    throw new CliError(EXIT.usage, "say which shards: --region REGION, or --all-regions");
  const region = options.region === undefined ? undefined : parseRegion(options.region);
  if (region !== undefined && options.server.length > 1)
    throw new CliError(EXIT.usage, "--region goes with one --server; several are fetched with --all-regions");
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  const keys = (options.key ?? []).map((text) => parseHex("--key", text, SLH_DSA_PUBLIC_KEY_BYTES));
  if (keys.length > 0 && options.server.length > 1)
    throw new CliError(EXIT.usage, "--key goes with one --server: fetch from each alone the first time");
  return { servers: options.server.map(parseServer), choice: { directory: options.output, keys, region, proxy } };
}

/** Says what came from each server. @param next what to do with it; undefined where it is done already */
export function printFetched(reports: readonly FetchReport[], next: string | undefined): void {
  for (const { region, had, fetched, bytes } of reports)
    print(
      fetched === 0
        ? `${region}: up to date, ${counted(had, "shard", "shards")} here.\n`
        : `${region}: ${counted(fetched, "new shard", "new shards")} (${formatBytes(bytes)}), ${had} here before.${next === undefined ? "" : ` ${next}`}\n`,
    );
}
