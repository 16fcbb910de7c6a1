import { type Command, Option } from "commander";
import { FormatError } from "../../../protocol/base/formatError";
import { decodePermissionNumber, encodePermissionNumber } from "../../../protocol/report/permissionNumber";
import { decodeUploadFile, encodeUploadFile, type UploadFile } from "../../../protocol/report/uploadFile";
import { counted } from "../../base/words";
import { pause } from "../../keyfob/keyfob";
import { CliError, EXIT } from "../errors";
import { interruptible } from "../interrupt";
import { formatHours, parseLocalHours } from "../localTime";
import { type Answer, exchange, NetworkError, parseServer } from "../net/http";
import { parseProxy, type SocksProxy } from "../net/proxy";
import { note, printJson } from "../output";
import { decodeInput, readInput } from "../parse";
import { type Attempt, noteAnswer, takeAttempt } from "../receipt";
import { findPublishedSeeds } from "../verifyUpload";
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

/** Pauses between tries whose answer was lost. */
const RETRY_PAUSES_MS = [500, 2000, 5000, 10_000];
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_ANSWER_BYTES = 64 * 1024;

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
  const read = await readUpload(file);
  const shared = withChanges(read, options);
  const body = encodeUploadFile(shared);
  note(describe(shared));

  await interruptible(async (signal) => {
    const attempt = await takeAttempt(file, body, permission, server);
    const report = (accepted: "now" | "before") => {
      if (options.json) printJson({ accepted, server: server.origin, bytes: body.length, hours: shared.seeds.length });
      else
        process.stdout.write(
          accepted === "before"
            ? `This file was shared there before; nothing was sent, and no permission number was used.${
                options.regions === undefined && options.reverse === undefined
                  ? ""
                  : " The regions and times named then stand."
              }\n`
            : `Shared. The service publishes the seeds with its next shards; then "chirpfob upload ${file} --verify --server ${options.server}" finds them.\n`,
        );
    };
    if (attempt.state === "accepted") {
      report("before");
      return;
    }
    try {
      await sendUntilAnswered(server, permission, attempt, body, proxy, signal);
    } catch (error) {
      if (error instanceof Refusal) await noteAnswer(file, attempt, "refused");
      throw error;
    }
    await noteAnswer(file, attempt, "accepted");
    report("now");
  });
}

async function verify(file: string, options: Options): Promise<void> {
  const server = parseServer(options.server);
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
  const { seeds, firstHour } = await readUpload(file);
  await interruptible(async (signal) => {
    const { found, shards } = await findPublishedSeeds(server, firstHour, seeds, proxy, signal);
    if (options.json) printJson({ hours: seeds.length, found, shards });
    else
      process.stdout.write(
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
  const bytes = await readInput(file);
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

/** Sends until there is an answer, always with the same receipt, so that however often, it counts once. */
async function sendUntilAnswered(
  server: URL,
  permission: string,
  { receipt }: Attempt,
  body: Buffer,
  proxy: SocksProxy | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const waitMs = RETRY_PAUSES_MS[attempt];
    let answer: Answer | undefined;
    let problem: CliError;
    try {
      answer = await exchange({
        method: "POST",
        url: new URL("v1/uploads", server),
        headers: {
          "content-type": "application/octet-stream",
          authorization: `Permission ${permission}`,
          "idempotency-key": receipt,
        },
        body,
        proxy,
        maxBytes: MAX_ANSWER_BYTES,
        signal,
      });
      if (answer.status === 201) return;
      problem = problemOf(answer, server);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      problem = error;
    }
    if (!(problem instanceof NetworkError) || waitMs === undefined) throw problem;
    const pauseMs = retryAfterMs(answer) ?? waitMs;
    note(
      `${problem.message}. Trying again in ${Math.ceil(pauseMs / 1000)} s; it counts once, however often it is sent.`,
    );
    await pause(pauseMs, signal);
  }
}

/** The service read the upload and did not take it, so that another attempt is a new one. */
class Refusal extends CliError {
  constructor(message: string) {
    super(EXIT.input, message);
    this.name = "Refusal";
  }
}

/** What an answer means that is no acceptance. A NetworkError is worth another try. */
function problemOf(answer: Answer, server: URL): CliError {
  const { status } = answer;
  const reason = reasonIn(answer.body);
  if (status === 400 || status === 413)
    return new Refusal(`${server.host} refuses the file: ${reason ?? "it is malformed"}`);
  if (status === 403)
    return new Refusal(
      `${server.host} refuses the permission number: ${reason ?? "it is mistyped, used, expired or withdrawn"}. Nothing was shared`,
    );
  if (status === 429 || status >= 500)
    return new NetworkError(`${server.host} cannot take the upload now (${status}${reason ? `: ${reason}` : ""})`);
  return new CliError(EXIT.network, `${server.host} answers ${status}, as no exposure service does: check the address`);
}

function reasonIn(body: Buffer): string | undefined {
  try {
    const { reason } = JSON.parse(body.toString("utf8")) as { reason?: unknown };
    // It is a stranger's text on our terminal: one short line without control characters.
    return typeof reason === "string" ? reason.replace(/[^\x20-\x7e]/g, "").slice(0, 200) : undefined;
  } catch {
    return undefined;
  }
}

function retryAfterMs(answer: Answer | undefined): number | undefined {
  const seconds = Number(answer?.headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined;
}
