import { type Command, Option } from "commander";
import { expectFree, readWhole, writePrivateFile } from "../../base/files";
import { daysOf } from "../../study/base/days";
import { createIdentity, readIdentity } from "../../study/net/identity";
import { createStudy } from "../../study/plan/create";
import { LEAST_COHORT, MAX_PLACES, MAX_SLOTS, parseInstitution, parseStudy } from "../../study/plan/descriptor";
import { StudyServer } from "../../study/server/studyServer";
import { CliError, EXIT } from "../errors";
import { stderrLog } from "../exposureOptions";
import { interruptible } from "../interrupt";
import { note, printJson } from "../output";
import { parseWhole } from "../parse";
import { asStudyCliError } from "../studyErrors";

const DEFAULT_PORT = 8741;
const WAIT_SECONDS = 300;
const HOUR_SECONDS = 3600;
const MAX_COLLECT_HOURS = 30 * 24;

interface KeysOptions {
  readonly data: string;
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly json?: boolean;
}

interface CreateOptions {
  readonly title: string;
  readonly circuit: "collision" | "chirps";
  readonly days: string;
  readonly participants: string;
  readonly least: string;
  readonly heard: string;
  readonly own: string;
  readonly hours: string;
  readonly keepDays: string;
  readonly output: string;
  readonly invitations: string;
  readonly json?: boolean;
}

interface ServeOptions {
  readonly data: string;
  readonly study: string;
}

/** `chirpfob study keys`, `create` and `serve`: what institutions do. */
export function addStudyInstitutionCommands(study: Command): void {
  study
    .command("keys")
    .description("make an institution's folder: its key, and institution.json for whoever organises the study")
    .requiredOption("--data <dir>", "the folder to make; nobody else may read it")
    .requiredOption("--name <name>", "what participants know the institution by")
    .option("--host <address>", "address at which its server will be reached", "127.0.0.1")
    .option("--port <n>", "port of its server, for participants and the other servers", String(DEFAULT_PORT))
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob study keys --data ./elm --name 'Elm Street Clinic' --port 8741")
    .action((options: KeysOptions) => asStudyCliError(() => makeKeys(options)));

  study
    .command("create")
    .description("make a study for three institutions, and the numbers that invite people to it")
    .argument("<institutions...>", "institution.json of three institutions, or five, or seven")
    .requiredOption("--title <text>", "what the study is about")
    .addOption(
      new Option("--circuit <name>", "what is computed").choices(["collision", "chirps"]).makeOptionMandatory(),
    )
    .requiredOption("--days <range>", "UTC days that the data are from, such as 2026-11-01..2026-11-14")
    .requiredOption("--participants <n>", "how many people are invited")
    .option("--least <n>", "with fewer participants the study ends without results", String(LEAST_COHORT))
    .option("--heard <n>", "encounters of a participant, or rows of a keyfob and day", "600")
    .option("--own <n>", "own chirps of a keyfob and day; 1 for collision", "240")
    .option("--hours <n>", "hours from now in which people can take part", "48")
    .option("--keep-days <n>", "days for which answers that nobody fetches are kept", "7")
    .requiredOption("-o, --output <file>", "the study, for servers and participants")
    .requiredOption("--invitations <file>", "the invitation numbers, a line each: one for each person, and nobody else")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob study create --title 'Conference' --circuit collision --days 2026-11-01..2026-11-14 --participants 200 --heard 140 -o study.json --invitations invitations.txt elm.json oak.json ash.json",
    )
    .action((files: string[], options: CreateOptions) => asStudyCliError(() => create(files, options)));

  study
    .command("serve")
    .description("run an institution's server of a study, from agreeing to deleting")
    .requiredOption("--data <dir>", "the institution's folder")
    .requiredOption("--study <file>", "the study, the same file at all servers: to start is to sign it")
    .addHelpText("after", "\nExample:\n  chirpfob study serve --data ./elm --study study.json")
    .action((options: ServeOptions) => asStudyCliError(() => serve(options)));
}

async function makeKeys({ data, name, host, port, json }: KeysOptions): Promise<void> {
  await createIdentity(data, name, host, parseWhole("--port", port, 1, 65_535));
  if (json) printJson({ data, name, host, port: Number(port) });
  note(`The folder ${data} holds the key of ${name}: only you can read it.`);
  note("Give institution.json to whoever organises the study, in person: its certificate is known by its bytes alone.");
}

async function create(files: readonly string[], options: CreateOptions): Promise<void> {
  const hours = parseWhole("--hours", options.hours, 1, MAX_COLLECT_HOURS);
  const servers = await Promise.all(files.map(async (file) => parseInstitution(await readWhole(file), file)));
  const participants = parseWhole("--participants", options.participants, LEAST_COHORT, MAX_PLACES);
  await expectFree(options.output, false);
  await expectFree(options.invitations, false);
  const { study, invitations } = createStudy(
    {
      title: options.title,
      circuit: options.circuit,
      days: daysOf(options.days),
      heard: parseWhole("--heard", options.heard, 1, MAX_SLOTS),
      own: options.circuit === "collision" ? 1 : parseWhole("--own", options.own, 1, MAX_SLOTS),
      leastCohort: parseWhole("--least", options.least, LEAST_COHORT, participants),
      collectUntil: Math.floor(Date.now() / 1000) + hours * HOUR_SECONDS,
      waitSeconds: WAIT_SECONDS,
      keepDays: parseWhole("--keep-days", options.keepDays, 1, 30),
      servers,
    },
    participants,
  );
  await writePrivateFile(options.invitations, `${invitations.join("\n")}\n`, false);
  await writePrivateFile(options.output, study.bytes, false);
  if (options.json)
    printJson({
      study: study.digest,
      output: options.output,
      invitations: options.invitations,
      count: invitations.length,
    });
  note(
    `The study ${study.digest.slice(0, 16)} is in ${options.output}: give that file to every institution and participant.`,
  );
  note(`${invitations.length} invitation numbers are in ${options.invitations}: give each person one.`);
}

async function serve({ data, study: file }: ServeOptions): Promise<void> {
  const study = parseStudy(await readWhole(file), file);
  const identity = await readIdentity(data);
  await interruptible(async (signal) => {
    try {
      await new StudyServer(study, identity, stderrLog).run(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new CliError(EXIT.interrupted, "interrupted: the study ends at all servers, and nothing is returned");
    }
  });
  printJson({
    study: study.digest,
    ended: "all answers were fetched or kept for their time, and everything is deleted",
  });
}
