import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import type { Command } from "commander";
import { ContactIdGenerator, MAX_CONTACT_IDS, seedBytesOf } from "../../../protocol/beacon/cxGenerator";
import { readWhole } from "../../base/files";
import { CxError } from "../../cx/der";
import { readDescriptor } from "../../cx/descriptor";
import { alertLevelName, type Publication, parseGeneralizedTime, readPublication } from "../../cx/publication";
import { calculateSeed, readSeedReport, type SeedReport } from "../../cx/seedReport";
import { MAX_PUBLICATION_BYTES, openPublication } from "../../cx/signedPublication";
import { judgePublication, type Reader } from "../../cx/verdict";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson } from "../output";
import { parseHex, parseWhole } from "../parse";

/** What is too large for its format still gets its verdict; what is larger than this is not read at all. */
const MAX_FILE_BYTES = 2 * MAX_PUBLICATION_BYTES;
/** Many times what any key or certificate takes. */
const MAX_KEY_BYTES = 1_000_000;

interface Options {
  json?: boolean;
}

/** `chirpfob inspect cx-...`: every format of docs/cx.md, so that an auditor can check any file. */
export function addInspectCxCommands(inspect: Command): void {
  inspect
    .command("cx-ids")
    .description("CX: the contact identifiers of a seed")
    .requiredOption("--type <n>", "generator type, 1 or 2")
    .requiredOption("--seed <hex>", "the seed, 24 bytes for type 1 and 48 for type 2")
    .requiredOption("--count <n>", `how many, 1 to ${MAX_CONTACT_IDS}`)
    .option("--json", "print JSON")
    .addHelpText("after", example(`inspect cx-ids --type 1 --seed ${"00".repeat(24)} --count 3 --json`))
    .action((options: Options & Record<"type" | "seed" | "count", string>) => {
      const type = parseWhole("--type", options.type, 1, 2);
      const seed = parseHex("--seed", options.seed, seedBytesOf(type));
      const count = parseWhole("--count", options.count, 1, MAX_CONTACT_IDS);
      const generator = new ContactIdGenerator(type, seed);
      const ids = Array.from({ length: count }, () => uuid(generator.next()));
      if (options.json) printJson({ generatorType: type, seed: hex(seed), count, ids });
      else process.stdout.write(`${ids.join("\n")}\n`);
    });

  inspect
    .command("cx-seed")
    .description("CX: the seed of a preseed and a public key")
    .requiredOption("--type <n>", "generator type, 1 or 2")
    .requiredOption("--preseed <hex>", "the preseed, 24 bytes for type 1 and 48 for type 2")
    .requiredOption("--public-key <file>", "SubjectPublicKeyInfo, as PEM or DER; its bytes count, not only the key")
    .option("--json", "print JSON")
    .addHelpText("after", example(`inspect cx-seed --type 1 --preseed ${"00".repeat(24)} --public-key key.pem --json`))
    .action(async (options: Options & Record<"type" | "preseed" | "publicKey", string>) => {
      const type = parseWhole("--type", options.type, 1, 2);
      const preseed = parseHex("--preseed", options.preseed, seedBytesOf(type));
      const publicKey = publicKeyOf(options.publicKey, await readWhole(options.publicKey, MAX_KEY_BYTES));
      const seed = calculateSeed(type, preseed, publicKey);
      show(options, { generatorType: type, preseed: hex(preseed), publicKey: hex(publicKey), seed: hex(seed) });
    });

  inspect
    .command("cx-report")
    .description("CX: read a seed report, check its signatures and calculate its seeds; fails if it is not valid")
    .argument("<file>")
    .option("--json", "print JSON")
    .addHelpText("after", example("inspect cx-report report.der --json"))
    .action(async (file: string, options: Options) => {
      const bytes = await readWhole(file, MAX_FILE_BYTES);
      const { value, error } = attempt(() => readSeedReport(bytes));
      show(options, { ...verdictOf(error), ...(value ? reportFacts(value) : {}) });
      failOn(file, error);
    });

  inspect
    .command("cx-publication")
    .description("CX: read a publication and judge it as a device or a publisher would; fails if it is not valid")
    .argument("<file>")
    .requiredOption("--certificate <file>", "the publisher's certificate, PEM")
    .requiredOption("--as <reader>", "observer (a device) or publisher")
    .option("--zone <url>", "the zone it must be for; not checked without it")
    .option("--recorded <time>", "publishedAt of the version that was taken last")
    .option("--now <time>", "the time to judge it at; this computer's clock without it")
    .option("--json", "print JSON")
    .addHelpText("after", example("inspect cx-publication full.der --certificate publisher.pem --as observer --json"))
    .action(inspectPublication);

  inspect
    .command("cx-publisher")
    .description("CX: read a publisher's descriptor; fails if it is not valid")
    .argument("<file>")
    .option("--url <url>", "where it was found; fails if it is another publisher's")
    .option("--json", "print JSON")
    .addHelpText("after", example("inspect cx-publisher publisher.json --json"))
    .action(async (file: string, options: Options & { url?: string }) => {
      const bytes = await readWhole(file, MAX_FILE_BYTES);
      const { value, error } = attempt(() => readDescriptor(bytes, options.url));
      const { cert, ...rest } = value ?? {};
      show(options, { ...verdictOf(error), ...rest, ...(cert ? { certificate: certificateFacts(cert) } : {}) });
      failOn(file, error);
    });
}

async function inspectPublication(
  file: string,
  options: Options & Record<"certificate" | "as", string> & Partial<Record<"zone" | "recorded" | "now", string>>,
): Promise<void> {
  if (options.as !== "observer" && options.as !== "publisher")
    throw new CliError(EXIT.usage, `--as must be observer or publisher, got "${options.as}"`);
  const certificate = certificateIn(options.certificate, await readWhole(options.certificate, MAX_KEY_BYTES));
  const recorded = options.recorded === undefined ? undefined : parseTime("--recorded", options.recorded);
  const now = options.now === undefined ? Math.floor(Date.now() / 1000) : parseTime("--now", options.now);
  const bytes = await readWhole(file, MAX_FILE_BYTES);
  const as: Reader = options.as;
  const judged = attempt(() => judgePublication(bytes, { as, certificate, zone: options.zone, recorded, now }));
  // What is refused for its zone or time is still worth looking at; what nobody trusted has signed is not.
  const publication =
    judged.value?.publication ?? attempt(() => readPublication(openPublication(bytes, certificate))).value;
  show(options, {
    ...verdictOf(judged.error),
    as,
    remarks: judged.value?.remarks ?? [],
    ...(publication ? publicationFacts(publication) : {}),
  });
  failOn(file, judged.error);
}

function reportFacts(report: SeedReport): Record<string, unknown> {
  return {
    version: report.version,
    publisherName: report.publisherName,
    challenge: report.challenge,
    seeds: report.seeds.map(({ generatorType, preseed, publicKey, seed, use }) => ({
      generatorType,
      seed: hex(seed),
      preseed: hex(preseed),
      publicKey: hex(publicKey),
      iterations: use?.iterations ?? null,
      day: use?.day ?? null,
    })),
    unknownExtensions: report.unknownExtensions,
  };
}

function publicationFacts(publication: Publication): Record<string, unknown> {
  const { version, zone, aggregated, excludesPublishedBefore, seeds, unknownTypes } = publication;
  return {
    version,
    zone,
    aggregated,
    publishedAt: iso(publication.publishedAt),
    nextUpdateNotBefore: iso(publication.nextUpdateNotBefore),
    nextUpdateNotAfter: iso(publication.nextUpdateNotAfter),
    excludesPublishedBefore: excludesPublishedBefore === undefined ? null : iso(excludesPublishedBefore),
    seeds: seeds.map(({ generatorType, seed, alertLevel, use }) => ({
      generatorType,
      seed: hex(seed),
      alertLevel,
      level: alertLevelName(alertLevel),
      iterations: use?.iterations ?? null,
      day: use?.day ?? null,
    })),
    unknownTypes,
    updateURLs: publication.updateUrls,
    unknownExtensions: publication.unknownExtensions,
  };
}

function certificateFacts(pem: string): Record<string, unknown> {
  const certificate = new X509Certificate(pem);
  return {
    subject: certificate.subject,
    key: certificate.publicKey.asymmetricKeyType,
    // What two people compare before they believe a publisher.
    sha256: createHash("sha256").update(certificate.raw).digest("hex"),
  };
}

function attempt<T>(read: () => T): { readonly value?: T; readonly error?: CxError } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof CxError) return { error };
    throw error;
  }
}

function verdictOf(error: CxError | undefined): Record<string, unknown> {
  return { verdict: error ? "invalid" : "valid", reason: error?.reason ?? null, problem: error?.problem ?? null };
}

function failOn(file: string, error: CxError | undefined): void {
  if (error) throw new CliError(EXIT.input, `${file} is not valid (${error.reason}): ${error.problem}`);
}

/** The very bytes of a public key: read as a key and written again they could become others, and so another seed. */
function publicKeyOf(file: string, bytes: Buffer): Buffer {
  const pem = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(bytes.toString("latin1"));
  const der = pem ? Buffer.from(pem[1] ?? "", "base64") : bytes;
  try {
    createPublicKey({ key: der, format: "der", type: "spki" });
    return der;
  } catch {
    throw new CliError(EXIT.input, `${file} holds no public key (SubjectPublicKeyInfo as PEM or DER)`);
  }
}

function certificateIn(file: string, bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new CliError(EXIT.input, `${file} holds no certificate`);
  }
}

/** Unix seconds of yyyymmddhhmmssZ, as files of CX write it, or of yyyy-mm-ddThh:mm:ssZ. */
function parseTime(name: string, text: string): number {
  const seconds = parseGeneralizedTime(
    text.replace(/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.0+)?Z$/, "$1$2$3$4$5$6Z"),
  );
  if (seconds === undefined)
    throw new CliError(
      EXIT.input,
      `${name} must be a time like 20261120100500Z or 2026-11-20T10:05:00Z, got "${text}"`,
    );
  return seconds;
}

function show(options: Options, facts: Record<string, unknown>): void {
  if (options.json) printJson(facts);
  else printFacts(facts);
}

function uuid(id: Buffer): string {
  return hex(id).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

function example(line: string): string {
  return `\nExample:\n  chirpfob ${line}`;
}
