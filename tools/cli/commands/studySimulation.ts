import type { Command } from "commander";
import { readWhole } from "../../base/files";
import type { StudyAnswer } from "../../study/client/cohortRecords";
import { SERVER_COUNTS } from "../../study/engine/engines";
import { encounterLog } from "../../study/plan/encounterLog";
import { parseCohort } from "../../study/plan/inputs";
import type { ServerReport } from "../../study/simulate/serverProcesses";
import { simulateStudy } from "../../study/simulate/simulate";
import { CliError, EXIT } from "../errors";
import { interruptible } from "../interrupt";
import { note, printJson, printLine, printTable } from "../output";
import { answerForJson, describeAnswer } from "../studyAnswer";
import { asStudyCliError } from "../studyErrors";

interface SimulateOptions {
  readonly cohort: string;
  readonly servers: string;
  readonly json?: boolean;
}

interface LogOptions {
  readonly segments: string;
  readonly delta: string;
  readonly tau: string;
  readonly json?: boolean;
}

/** `chirpfob study simulate` and `study log`. */
export function addStudySimulationCommands(study: Command): void {
  study
    .command("simulate")
    .description("run a whole study on this computer: real servers in processes of their own, and all participants")
    .requiredOption("--cohort <file>", "JSON: participants and their encounters, or keyfobs with seeds and rows")
    .option("--servers <n>", `how many servers: ${SERVER_COUNTS.join(", ")}`, "3")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob study simulate --cohort cohort.json --json")
    .action((options: SimulateOptions) => asStudyCliError(() => simulate(options)));

  study
    .command("log")
    .description("make each person's list of encounters out of distances over time")
    .requiredOption("--segments <file>", "JSON: spans of time with the distance of two people")
    .requiredOption("--delta <metres>", "an encounter is a distance of at most so many metres")
    .requiredOption("--tau <seconds>", "for at least so many seconds")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob study log --segments segments.json --delta 2 --tau 900 --json")
    .action((options: LogOptions) => asStudyCliError(() => log(options)));
}

async function simulate(options: SimulateOptions): Promise<void> {
  const servers = SERVER_COUNTS.find((count) => String(count) === options.servers);
  if (servers === undefined)
    throw new CliError(EXIT.input, `--servers must be ${SERVER_COUNTS.join(", ")}, got "${options.servers}"`);
  const cohort = parseCohort(await readWhole(options.cohort), options.cohort);
  const simulation = await interruptible((signal) => simulateStudy(cohort, servers, note, signal));
  if (options.json)
    return printJson({
      circuit: cohort.circuit,
      participants: simulation.answers.map(({ id, answer }) => ({ id, ...answerForJson(answer) })),
      servers: simulation.servers.map((report, i) => ({ server: i + 1, ...report })),
    });
  for (const { id, answer } of simulation.answers)
    for (const line of describeAnswer(answer as StudyAnswer)) printLine(`${id}: ${line}`);
  printServers(simulation.servers);
}

function printServers(servers: readonly ServerReport[]): void {
  printTable(
    ["server", "ANDs", "rounds", "bytes sent", "seconds", "circuit"],
    servers.map(({ ands, rounds, bytes, seconds, circuitDigest }, i) => [
      String(i + 1),
      String(ands),
      String(rounds),
      String(bytes),
      seconds.toFixed(1),
      circuitDigest.slice(0, 16),
    ]),
  );
}

async function log(options: LogOptions): Promise<void> {
  const [delta, tau] = [parseMeasure("--delta", options.delta), parseMeasure("--tau", options.tau)];
  const participants = encounterLog(await readWhole(options.segments), options.segments, delta, tau);
  if (options.json) return printJson({ participants });
  for (const { id, encounters } of participants) {
    const list = encounters.map((encounter) => `${encounter.with} at ${encounter.t0}`).join(", ");
    printLine(`${id}: ${list || "nobody"}`);
  }
}

function parseMeasure(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isFinite(value))
    throw new CliError(EXIT.input, `${name} must be a number of 0 or more, got "${text.slice(0, 40)}"`);
  return value;
}
