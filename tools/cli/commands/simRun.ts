import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { cannotWrite, expectFree } from "../../base/files";
import { counted } from "../../base/words";
import { CommandFailed } from "../../rehearsal/computer";
import type { ComputerProgram } from "../../rehearsal/computerMessages";
import { renderReport } from "../../rehearsal/report/report";
import type { LoopResult } from "../../rehearsal/result";
import { runLoop } from "../../rehearsal/run";
import { builtInScene, SCENARIO_NAMES } from "../../rehearsal/scenarios/builtIn";
import { type LoopScene, sceneOfList } from "../../rehearsal/scene";
import { ContactFileError, readContacts } from "../../sim/contacts/contactList";
import { CrowdError } from "../../sim/crowd/crowd";
import { vmModule } from "../../sim/vm/bundle";
import { CliError, EXIT } from "../errors";
import { note, printJson } from "../output";
import { parseWhole } from "../parse";
import { Progress } from "../progress";
import { printLoopResult } from "../simRunReport";

interface Options {
  readonly contacts?: string;
  readonly scenario?: string;
  readonly people?: string;
  readonly from?: string;
  readonly to?: string;
  readonly diagnosed?: string;
  readonly repeaters?: string;
  readonly radio: "perfect" | "realistic";
  readonly seed: string;
  readonly html?: string;
  readonly json?: boolean;
}

const MAX_PEOPLE = 1000;
const MAX_SEED = 0xffffffff;

/** `chirpfob sim run`: a crowd's contacts in, each person's answer out, everything in between for real. */
export function addSimRunCommand(sim: Command, program: ComputerProgram): void {
  sim
    .command("run")
    .description("replay people's contacts with simulated keyfobs: chirp, fall ill, upload, publish, match, answer")
    .addOption(new Option("--contacts <file>", "a SocioPatterns contact list, lines of t i j, plain or gz"))
    .addOption(
      new Option("--scenario <name>", 'a built-in one instead (default: "town")')
        .choices(SCENARIO_NAMES)
        .conflicts(["contacts", "people", "from", "to", "diagnosed", "repeaters"]),
    )
    .option("--people <n|ids>", "the n with most contacts, or ids: 7,12,130 (default: all)")
    .option("--from <time>", "first moment of the list to use: Unix seconds, or 2016-11-30T08:00 (UTC)")
    .option("--to <time>", "the moment after the last")
    .option("--diagnosed <ids>", "who falls ill, comma separated (default: whoever has most contacts)")
    .option("--repeaters <n>", "repeaters beside the busiest people who stay well (default: 0)")
    .addOption(
      new Option("--radio <profile>", "perfect: all in contact is heard; realistic: walls, bodies, collisions")
        .choices(["perfect", "realistic"])
        .default("perfect"),
    )
    .option("--seed <n>", "seed of all chance: same seed, same answers", "1")
    .option("--html <file>", "also write the report as one self-contained page (replaces the file)")
    .option("--json", "print the result as JSON (docs/result-format.md)")
    .addHelpText(
      "after",
      "\nExamples:\n  chirpfob sim run --scenario town --html report.html\n" +
        "  chirpfob sim run --contacts conference.tij.gz --people 20 --diagnosed 7 --radio realistic --json",
    )
    .action((options: Options) => runScene(options, program));
}

async function runScene(options: Options, program: ComputerProgram): Promise<void> {
  const seed = parseWhole("--seed", options.seed, 0, MAX_SEED);
  const scene = chooseScene(options);
  if (options.html !== undefined) await expectFree(options.html, true);
  vmModule(); // Another VM is refused before the service opens.
  const repeaters = scene.repeaters.length === 0 ? "" : `, ${counted(scene.repeaters.length, "repeater", "repeaters")}`;
  note(`${scene.title}. ${counted(scene.people.length, "keyfob", "keyfobs")}${repeaters}, ${options.radio} radio.`);
  const startedAt = performance.now();
  const result = await runWithProgress(program, scene, options.radio, seed);
  const seconds = (performance.now() - startedAt) / 1000;
  // The answers come first: a disk that is full by now must not cost the run.
  if (options.json) printJson(result);
  else printLoopResult(result, seconds);
  if (options.html === undefined) return;
  await writeReport(options.html, result);
  note(`The report is in ${options.html}: open it in any browser.`);
}

function chooseScene(options: Options): LoopScene {
  const { contacts, scenario } = options;
  if (contacts === undefined) {
    const needless = (["people", "from", "to", "diagnosed", "repeaters"] as const).find((name) => options[name]);
    if (needless) throw new CliError(EXIT.usage, `--${needless} goes with --contacts FILE`);
    return builtInScene(scenario ?? "town");
  }
  const { people, from, to, diagnosed, repeaters = "0" } = options;
  try {
    return sceneOfList({
      name: basename(contacts),
      contacts: readContacts(contacts),
      repeaters: parseWhole("--repeaters", repeaters, 0, MAX_PEOPLE),
      ...(people === undefined ? {} : { people: parsePeople(people) }),
      ...(from === undefined ? {} : { fromS: parseMoment("--from", from) }),
      ...(to === undefined ? {} : { toS: parseMoment("--to", to) }),
      ...(diagnosed === undefined ? {} : { diagnosed: parseIds("--diagnosed", diagnosed) }),
    });
  } catch (error) {
    if (error instanceof ContactFileError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

async function runWithProgress(
  program: ComputerProgram,
  scene: LoopScene,
  radio: Options["radio"],
  seed: number,
): Promise<LoopResult> {
  let bar: Progress | undefined;
  try {
    return await runLoop({
      program,
      scene,
      radio,
      seed,
      events: {
        step: (text) => {
          bar?.finish();
          note(text);
          bar = new Progress("");
        },
        progress: (done, of) => bar?.update(done, of),
      },
    });
  } catch (error) {
    bar?.finish();
    if (error instanceof CrowdError || error instanceof CommandFailed)
      throw new CliError(EXIT.input, `the simulation failed: ${error.message}`);
    throw error;
  } finally {
    bar?.finish();
  }
}

async function writeReport(file: string, result: LoopResult): Promise<void> {
  try {
    await writeFile(file, renderReport(result));
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** A whole number is a count; anything else are ids. */
function parsePeople(text: string): number | string[] {
  if (/^\d+$/.test(text)) return parseWhole("--people", text, 2, MAX_PEOPLE);
  return parseIds("--people", text);
}

function parseIds(name: string, text: string): string[] {
  const ids = [...new Set(text.split(",").map((id) => id.trim()))].filter((id) => id !== "");
  if (ids.length === 0) throw new CliError(EXIT.input, `${name} needs at least one person`);
  return ids;
}

/** Unix seconds, or a date and time; without a zone it is UTC. */
function parseMoment(name: string, text: string): number {
  if (/^\d{1,11}$/.test(text)) return Number(text);
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes("T");
  const ms = Date.parse(hasZone ? text : `${text}Z`);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms))
    throw new CliError(EXIT.input, `${name} must be Unix seconds or a time such as 2016-11-30T08:00, got "${text}"`);
  return Math.floor(ms / 1000);
}
