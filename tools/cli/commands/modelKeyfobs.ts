import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { answerKeyfobs, type KeyfobAnswer, type KeyfobQuestion, type SettingResult } from "../../epidemic/keyfobStudy";
import { ModelError } from "../../epidemic/modelError";
import { CONTACTS, DISEASE, type Parameter, RESPONSE } from "../../epidemic/parameters";
import { renderKeyfobReport } from "../../epidemic/report/report";
import { keyfobSources, NOTICE } from "../../epidemic/report/sources";
import { threadedRunner } from "../../epidemic/runThreads";
import type { Range } from "../../epidemic/summary";
import { CliError, EXIT } from "../errors";
import { note, printJson, printLine, printTable } from "../output";
import { parseNumber, parseNumbers, parseWhole } from "../parse";
import { Progress } from "../progress";
import { cannotWrite, expectFree } from "../safeFile";

const MAX_PEOPLE = 10_000_000;
const MAX_RUNS = 10_000;
const MAX_SEED = 0xffffffff;
const MAX_DAYS = 365;

/** Figures with an option each: flag, parameter, least and most. */
const FIGURES = {
  incubation: ["--incubation <days>", DISEASE.incubation, 0.1, MAX_DAYS],
  infectious: ["--infectious <days>", DISEASE.infectious, 0.1, MAX_DAYS],
  diagnosed: ["--diagnosed <share>", RESPONSE.diagnosed, 0, 1],
  isolation: ["--isolation <share>", RESPONSE.isolation, 0, 1],
  uploads: ["--uploads <share>", RESPONSE.uploads, 0, 1],
  compliance: ["--compliance <share>", RESPONSE.compliance, 0, 1],
  quarantine: ["--quarantine <share>", RESPONSE.quarantine, 0, 1],
  quarantineDays: ["--quarantine-days <days>", RESPONSE.quarantineDays, 0, MAX_DAYS],
  testDays: ["--test-days <days>", RESPONSE.testDays, 0, MAX_DAYS],
  windowDays: ["--window-days <days>", RESPONSE.windowDays, 0, 21],
  contactsPerDay: ["--contacts-per-day <n>", CONTACTS.contactsPerDay, 0.1, 1000],
  sharedSpace: ["--shared-space <share>", CONTACTS.sharedSpace, 0, 1],
  toldShared: ["--told-shared <share>", CONTACTS.toldShared, 0, 1],
} as const satisfies Record<string, readonly [string, Parameter, number, number]>;
type Figure = keyof typeof FIGURES;

interface Options extends Record<Figure, string> {
  readonly population: string;
  readonly r0: string;
  readonly adoption: string;
  readonly syncDays: string;
  readonly repeaters: string;
  readonly delayDays: string;
  readonly firstCases?: string;
  readonly told?: string;
  readonly runs: string;
  readonly seed: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** `chirpfob model keyfobs`: what a county would achieve with keyfobs. */
export function addKeyfobModelCommand(model: Command): void {
  const command = model
    .command("keyfobs")
    .description("what keyfobs do to an epidemic: by adoption, sync interval, repeaters and delay of diagnosis")
    .option("--population <n>", "people", "60000")
    .option("--r0 <n>", DISEASE.r0.meaning, String(DISEASE.r0.value))
    .option("--adoption <shares>", "of people who wear a keyfob: a list (0.2,0.6) or from:to:step", "0:1:0.1")
    .option("--sync-days <days>", "between two syncs of a keyfob: a list", "1,3,7")
    .option("--repeaters <shares>", "of shared places that have one: a list", "0,0.5")
    .option("--delay-days <days>", `${RESPONSE.delayDays.meaning}: a list`, String(RESPONSE.delayDays.value))
    .option("--first-cases <n>", "infected at the beginning (default: one in 1000, and 20 at least)");
  for (const [flag, { meaning, value }] of Object.values(FIGURES))
    command.option(flag, meaning, String(Number(value.toFixed(4))));
  command
    .addOption(new Option("--told <share>", "of contacts that infect (default: what radio and score say)"))
    .option("--runs <n>", "epidemics of each setting", "50")
    .option("--seed <n>", "seed of all chance: same seed, same answers", "1")
    .option("--html <file>", "also write the report as one self-contained page (replaces the file)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `\n${NOTICE} docs/model.md has the equations, and says what is left out.\n\nExample:\n` +
        "  chirpfob model keyfobs --population 60000 --r0 2.4 --adoption 0:1:0.1 --sync-days 1,3,7 --runs 200 --html report.html",
    )
    .action(runKeyfobs);
}

async function runKeyfobs(options: Options): Promise<void> {
  const question = questionOf(options);
  if (options.html !== undefined) await expectFree(options.html, true);
  const answer = await answerWithProgress(question);
  const command = commandOf(question, options);
  if (options.json)
    printJson({ notice: NOTICE, command, question, sources: keyfobSources(question, answer), ...answer });
  else printAnswer(question, answer);
  if (options.html === undefined) return;
  await writeFile(options.html, renderKeyfobReport(question, answer, command)).catch((error: unknown) => {
    throw cannotWrite(options.html as string, error);
  });
  note(`The report is in ${options.html}: open it in any browser.`);
}

async function answerWithProgress(question: KeyfobQuestion): Promise<KeyfobAnswer> {
  const bar = new Progress("runs");
  try {
    return await answerKeyfobs(
      question,
      threadedRunner((done, of) => bar.update(done, of)),
    );
  } catch (error) {
    if (error instanceof ModelError) throw new CliError(EXIT.input, error.message);
    throw error;
  } finally {
    bar.finish();
  }
}

function questionOf(options: Options): KeyfobQuestion {
  const population = parseWhole("--population", options.population, 100, MAX_PEOPLE);
  const figures = Object.fromEntries(
    Object.entries(FIGURES).map(([name, [flag, { value }, min, max]]) => {
      const text = options[name as Figure];
      // The help shows some figures rounded.
      const isDefault = text === String(Number(value.toFixed(4)));
      return [name, isDefault ? value : parseNumber(flag.split(" ")[0] as string, text, min, max)];
    }),
  ) as Record<Figure, number>;
  return {
    ...figures,
    population,
    r0: parseNumber("--r0", options.r0, 0, 100),
    adoption: parseNumbers("--adoption", options.adoption, 0, 1),
    syncDays: parseNumbers("--sync-days", options.syncDays, 0, MAX_DAYS),
    repeaters: parseNumbers("--repeaters", options.repeaters, 0, 1),
    delayDays: parseNumbers("--delay-days", options.delayDays, 0, MAX_DAYS),
    firstCases:
      options.firstCases === undefined
        ? Math.max(20, Math.round(population / 1000))
        : parseWhole("--first-cases", options.firstCases, 1, population),
    told: options.told === undefined ? undefined : parseNumber("--told", options.told, 0, 1),
    runs: parseWhole("--runs", options.runs, 1, MAX_RUNS),
    seed: parseWhole("--seed", options.seed, 0, MAX_SEED),
  };
}

/** The command that gives the same answer: whatever is not as by default. */
function commandOf(question: KeyfobQuestion, options: Options): string {
  const lists = (["adoption", "syncDays", "repeaters", "delayDays"] as const).map(
    (name) => `--${dashed(name)} ${options[name]}`,
  );
  const figures = Object.entries(FIGURES)
    .filter(([name, [, { value }]]) => question[name as Figure] !== value)
    .map(([name, [flag]]) => `${flag.split(" ")[0]} ${question[name as Figure]}`);
  return [
    "chirpfob model keyfobs",
    `--population ${question.population}`,
    `--r0 ${question.r0}`,
    ...lists,
    ...(options.firstCases === undefined ? [] : [`--first-cases ${question.firstCases}`]),
    ...figures,
    ...(question.told === undefined ? [] : [`--told ${question.told}`]),
    `--runs ${question.runs}`,
    `--seed ${question.seed}`,
  ].join(" ");
}

function printAnswer(question: KeyfobQuestion, answer: KeyfobAnswer): void {
  const { population, runs, seed, firstCases } = question;
  printLine(NOTICE);
  printLine(`${population} people, ${firstCases} infected at first, ${runs} runs of each setting, seed ${seed}.`);
  printLine("In brackets: between what nine in ten runs lie.\n");
  for (const { delayDays, effectiveR, infections, verdict } of answer.without)
    printLine(
      `Without keyfobs, diagnosis after ${delayDays} days: R ${range(effectiveR, (v) => v.toFixed(2))}, ${verdict}; ${range(infections, whole)} infected.`,
    );
  printLine("");
  printSettings(answer.settings);
  if (answer.delays.length > 1) {
    printLine("\nThe same with an earlier or later diagnosis, against no keyfobs and the same delay:\n");
    printSettings(answer.delays);
  }
  printLine("\nWhat went in:\n");
  for (const { value, unit, meaning, source } of keyfobSources(question, answer))
    printLine(`  ${value} ${unit}: ${meaning}. ${source}`);
}

function printSettings(settings: readonly SettingResult[]): void {
  printTable(
    ["adoption", "sync", "repeaters", "diagnosis", "R", "infected less", "told", "verdict"],
    settings.map((s) => [
      percent(s.adoption),
      `${s.syncDays} d`,
      percent(s.repeaters),
      `${s.delayDays} d`,
      range(s.effectiveR, (v) => v.toFixed(2)),
      range(s.avertedShare, percent),
      whole(s.told.mean),
      s.verdict,
    ]),
  );
}

function range({ mean, low, high }: Range, text: (value: number) => string): string {
  return `${text(mean)} (${text(low)} to ${text(high)})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share !== 0 && Math.abs(share) < 0.1 ? 1 : 0)} %`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
