import { type Command, Option } from "commander";
import { DEFAULT_CONFIG, DEFAULT_REGION } from "../../exposure/config";
import { startExposureService } from "../../exposure/service";
import { addStorageOptions, asCliError, type StorageOptions, stderrLog } from "../exposureOptions";
import { printLine } from "../output";
import { parseWhole } from "../parse";

interface ServeOptions extends StorageOptions {
  readonly region?: string;
  readonly host: string;
  readonly port: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly publishMinutes: string;
  readonly retentionDays: string;
  readonly chunkBytes: string;
  readonly guessesPerMinute: string;
  readonly answerStepMs: string;
  readonly behindProxy?: boolean;
}

/** 1 or 0: to commander, a flag's variable would be set whatever it says. */
const BEHIND_PROXY = "CHIRPFOB_BEHIND_PROXY";

/** `chirpfob serve`: the exposure service of a region. */
export function addServeCommand(program: Command): void {
  const serve = program
    .command("serve")
    .description("run the exposure service of a region: permission numbers in, signed shards out");
  addStorageOptions(serve);
  const option = (flags: string, text: string, name: string, value?: string | number) => {
    const made = new Option(flags, text).env(`CHIRPFOB_${name}`);
    serve.addOption(value === undefined ? made : made.default(String(value)));
  };
  option(
    "--region <code>",
    `home region, ISO 3166-2 (default: the database's, at first "${DEFAULT_REGION}")`,
    "REGION",
  );
  option("--host <address>", "address to listen on", "LISTEN_HOST", DEFAULT_CONFIG.host);
  option("--port <n>", "port to listen on, 0 for any", "LISTEN_PORT", DEFAULT_CONFIG.port);
  option("--tls-certificate <file>", "PEM certificate; without it plain HTTP", "TLS_CERTIFICATE");
  option("--tls-key <file>", "PEM key of the certificate", "TLS_KEY");
  option("--federation <file>", "federation file: regions that read from us and that we read", "FEDERATION");
  option("--publish-minutes <n>", "time between publications", "PUBLISH_MINUTES", DEFAULT_CONFIG.publishMinutes);
  option(
    "--retention-days <n>",
    "days after which everything is deleted",
    "RETENTION_DAYS",
    DEFAULT_CONFIG.retentionDays,
  );
  option("--chunk-bytes <n>", "size at which shards are split", "CHUNK_BYTES", DEFAULT_CONFIG.chunkBytes);
  option(
    "--guesses-per-minute <n>",
    "refused numbers before an address must wait",
    "GUESSES_PER_MINUTE",
    DEFAULT_CONFIG.guessesPerMinute,
  );
  option(
    "--answer-step-ms <n>",
    "answers to uploads leave at multiples of this",
    "ANSWER_STEP_MS",
    DEFAULT_CONFIG.answerStepMs,
  );
  serve.option("--behind-proxy", "take the client's address from X-Forwarded-For (env: CHIRPFOB_BEHIND_PROXY=1)");
  serve.addHelpText("after", "\nExample:\n  chirpfob serve --data ./county --region US-MA");
  serve.action((options: ServeOptions) => asCliError(() => run(options)));
}

async function run(options: ServeOptions): Promise<void> {
  const { data, database, region, tlsCertificate, tlsKey, federation } = options;
  const whole = (name: string, text: string) => parseWhole(name, text, 0, Number.MAX_SAFE_INTEGER);
  const service = await startExposureService(
    {
      ...(data === undefined ? {} : { data }),
      ...(database === undefined ? {} : { database }),
      ...(region === undefined ? {} : { region }),
      ...(tlsCertificate === undefined ? {} : { tlsCertificate }),
      ...(tlsKey === undefined ? {} : { tlsKey }),
      ...(federation === undefined ? {} : { federation }),
      host: options.host,
      port: whole("--port", options.port),
      publishMinutes: whole("--publish-minutes", options.publishMinutes),
      retentionDays: whole("--retention-days", options.retentionDays),
      chunkBytes: whole("--chunk-bytes", options.chunkBytes),
      guessesPerMinute: whole("--guesses-per-minute", options.guessesPerMinute),
      answerStepMs: whole("--answer-step-ms", options.answerStepMs),
      behindProxy:
        options.behindProxy === true || parseWhole(BEHIND_PROXY, process.env[BEHIND_PROXY] || "0", 0, 1) === 1,
    },
    { log: stderrLog },
  );
  // Whoever reads the next line may stop the service at once.
  const stopped = untilStopped();
  printLine(`serving region ${service.core.config.region} on ${service.url}`);
  if (service.federationUrl !== undefined) printLine(`serving other regions on ${service.federationUrl}`);
  const signal = await stopped;
  stderrLog("info", "stopping", { signal });
  await service.close();
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process as if unheard. */
function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve(signal));
  });
}
