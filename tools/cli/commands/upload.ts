import { type Command, Option } from "commander";
import { FormatError } from "../../../protocol/base/formatError";
import { decodePermissionNumber, encodePermissionNumber } from "../../../protocol/report/permissionNumber";
import {
  decodeUploadFile,
  MAX_UPLOAD_HOURS,
  type UploadFile,
  uploadFileBytes,
} from "../../../protocol/report/uploadFile";
import { readWhole } from "../../base/files";
import { counted } from "../../base/words";
import { shareUpload } from "../../desk/share";
import { findPublishedSeeds } from "../../desk/verifyUpload";
import { parseServer } from "../../feed/http";
import { parseProxy } from "../../feed/proxy";
import { atDesk } from "../device";
import { CliError, EXIT } from "../errors";
import { formatHours, parseLocalHours } from "../localTime";
import { note, print, printJson } from "../output";
import { decodeInput } from "../parse";
import { parseRegions } from "./seeds";

interface Options {
  permission?: string;
  server: string;
  regions?: string;
  reverse?: string;
  proxy?: string;
  verify?: boolean;
  json?: boolean;
}

const MAX_UPLOAD_FILE_BYTES = uploadFileBytes(MAX_UPLOAD_HOURS);

/** `chirpfob upload`: shares an upload file, once, and says nothing about who does. */
export function addUploadCommand(program: Command): void {
  program
    .command("upload")
    .description("share an upload file with a region's exposure service, or check that it was published")
    .argument("<file>", "upload file, from chirpfob seeds export")
    .requiredOption("--server <url>", "the service's address, https://...")
    .option("--permission <number>", "permission number, from whoever diagnosed you")
    .option("--regions <list>", "home region, then others where you were: US-MA,US-NH (default: those in the file)")
    .option("--reverse <from..to>", "ask possible sources of these local times to be told: 2026-11-10..2026-11-12")
    .option(
      "--proxy <url>",
      "send everything through this SOCKS5 proxy, name look-ups too: socks5://127.0.0.1:9050 (Tor)",
    )
    .addOption(
      new Option("--verify", "do not send: look for the file's seeds among those the service has published").conflicts([
        "permission",
        "regions",
        "reverse",
      ]),
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  chirpfob upload my-seeds.pact --permission 4SWSS-... --server https://exposure.example.org\n" +
        "  chirpfob upload my-seeds.pact --verify --server https://exposure.example.org",
    )
    .action((file: string, options: Options) => (options.verify ? verify(file, options) : upload(file, options)));
}

async function upload(file: string, options: Options): Promise<void> {
  if (options.permission === undefined)
    throw new CliError(EXIT.usage, "--permission NUMBER is needed: whoever diagnosed you gives it out");
  const permission = parsePermission(options.permission);
  const server = parseServer(options.server);
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  const shared = withChanges(await readUpload(file), options);
  note(describe(shared));
  const { accepted, bytes } = await atDesk((work) =>
    shareUpload({ path: file, upload: shared, permission, server, proxy }, work),
  );
  if (options.json) printJson({ accepted, server: server.origin, bytes, hours: shared.seeds.length });
  else
    print(
      accepted === "before"
        ? `This file was shared there before; nothing was sent, and no permission number was used.${
            options.regions === undefined && options.reverse === undefined
              ? ""
              : " The regions and times named then stand."
          }\n`
        : `Shared. The service publishes the seeds with its next shards; then "chirpfob upload ${file} --verify --server ${options.server}" finds them.\n`,
    );
}

async function verify(file: string, options: Options): Promise<void> {
  const server = parseServer(options.server);
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  const upload = await readUpload(file);
  const { seeds } = upload;
  await atDesk(async (work) => {
    const { found, shards } = await findPublishedSeeds(server, upload, proxy, work);
    if (options.json) printJson({ hours: seeds.length, found, shards });
    else
      print(
        `${found} of the file's ${seeds.length} hours stand in the ${counted(shards, "shard", "shards")} that ${server.host} has published.\n`,
      );
    if (found < seeds.length)
      throw new CliError(
        EXIT.network,
        found === 0
          ? "the service has not published these seeds (yet): it does so some hours after an upload; try again later"
          : "the service has not published all of them yet: the last hours follow when they can no longer be misused; try again later",
      );
  });
}

/** Reads a number as it was typed, and gives it as it is printed. */
function parsePermission(text: string): string {
  try {
    return encodePermissionNumber(decodePermissionNumber(text));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new CliError(
      EXIT.input,
      `the permission number is not valid (${error.problem}): compare it with what you were given; nothing was sent`,
    );
  }
}

async function readUpload(file: string): Promise<UploadFile> {
  const bytes = await readWhole(file, MAX_UPLOAD_FILE_BYTES);
  return decodeInput(file, () => decodeUploadFile(bytes));
}

function withChanges(upload: UploadFile, options: Options): UploadFile {
  const regions = options.regions === undefined ? upload.regions : parseRegions(options.regions);
  if (options.reverse === undefined) return { ...upload, regions };
  const { from, to } = parseLocalHours("--reverse", options.reverse);
  return { ...upload, regions, reverseFrom: from, reverseTo: to };
}

function describe({ firstHour, seeds, regions, reverseFrom, reverseTo }: UploadFile): string {
  const window = formatHours({ from: firstHour, to: firstHour + seeds.length });
  const reverse =
    reverseTo === 0
      ? ""
      : `\nPossible sources are asked for from ${formatHours({ from: reverseFrom, to: reverseTo })}.`;
  return `Sharing one seed for each hour from ${window}, for ${regions.join(", ")}.${reverse}`;
}
