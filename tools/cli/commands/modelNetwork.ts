import { type Command, Option } from "commander";
import { readContactNetwork } from "../../epidemic/contactFile";
import { type Graph, poissonGraph, readGraph, regularGraph } from "../../epidemic/graph";
import { networkEpidemics } from "../../epidemic/staticNetwork";
import { contactEpidemics, type Tracing } from "../../epidemic/temporalNetwork";
import { SeededRandom } from "../../sim/core/random";
import { CliError, EXIT } from "../errors";
import { printJson, printLine, printTable } from "../output";
import { parseNumber, parseWhole } from "../parse";
import { expected, MAX_PEOPLE, NOTICE, percent, rate, ratesOf, readWith, withRates } from "./modelOptions";

const MAX_TIME = 1e12;
const MAX_RUNS = 10_000_000;
const MAX_SEED = 0xffffffff;

interface Chance {
  readonly runs: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** `chirpfob model network`: epidemics by chance on who meets whom. */
export function addNetworkModelCommand(model: Command): void {
  chance(
    withRates(
      model
        .command("network")
        .description("networks by chance: neighbours for good, or contacts that begin and end")
        .addOption(
          new Option("--graph <file>", 'who is whose neighbour: {"nodes": 3, "edges": [[0, 1], [1, 2]]}').conflicts([
            ...CONTACT_OPTIONS,
          ]),
        )
        .addOption(new Option("--regular <degree>", "or neighbours drawn, this number for each").conflicts(["graph"]))
        .addOption(new Option("--poisson <mean>", "or a Poisson number for each").conflicts(["graph", "regular"]))
        .option("--population <n>", "people of a drawn graph", "10000")
        .option("--start <id>", "node that is infectious at first (default: another in each run)")
        .option("--tau <rate>", "how fast an infectious node infects one neighbour, a day")
        .addOption(
          new Option("--contacts <file>", 'contacts: {"contacts": [["A", "B", from, until]]}, in days').conflicts([
            "regular",
            "poisson",
            "start",
            "tau",
          ]),
        )
        .option("--source <id>", "person who is infectious from time 0")
        .option("--beta <rate>", "how fast an infectious person infects another in contact, a day")
        .option("--hazard <rate>", "of a pair of minutes at a place of the file's visits (default: 0)")
        .option("--diagnosed <time>", "when the source is diagnosed, and has no contacts any more")
        .option("--told-after <time>", "how much later those are told who were in contact before (default: 0)")
        .option("--adoption <share>", "of people who wear a keyfob (default: 1)")
        .option("--compliance <share>", "of those told who then have no contacts any more (default: 1)"),
    ),
  )
    .addHelpText(
      "after",
      "\nExamples:\n  chirpfob model network --graph graph.json --start 0 --tau 0.5 --json\n" +
        "  chirpfob model network --contacts contacts.json --source A --beta 2 --diagnosed 1.5 --json",
    )
    .action(async (options: NetworkOptions) => {
      if (options.contacts === undefined) await runGraph(options);
      else await runContacts(options, options.contacts);
    });
}

const CONTACT_OPTIONS = ["source", "beta", "hazard", "diagnosed", "toldAfter", "adoption", "compliance"] as const;

interface NetworkOptions extends Chance, Partial<Record<(typeof CONTACT_OPTIONS)[number], string>> {
  readonly graph?: string;
  readonly regular?: string;
  readonly poisson?: string;
  readonly population: string;
  readonly start?: string;
  readonly tau?: string;
  readonly contacts?: string;
  readonly sigma: string;
  readonly gamma: string;
}

async function runGraph(options: NetworkOptions): Promise<void> {
  const needless = CONTACT_OPTIONS.find((name) => options[name] !== undefined);
  if (needless) throw new CliError(EXIT.usage, `--${dashed(needless)} goes with --contacts FILE`);
  const { runs, random } = chanceOf(options);
  const tau = rate("--tau", required("--tau", options.tau));
  const graph = await graphOf(options, random);
  const start = options.start === undefined ? undefined : parseWhole("--start", options.start, 0, graph.nodes - 1);
  const result = expected(() => networkEpidemics(graph, { ...ratesOf(options), tau }, runs, random, start));
  if (options.json) {
    printJson({ ...result, runs, seed: Number(options.seed) });
    return;
  }
  printLine(`${NOTICE} ${runs} runs, seed ${options.seed}.\n`);
  printTable(
    ["infected", "share of runs", ""],
    Object.entries(result.finalSizeLaw).map(([size, share]) => [size, percent(share), ""]),
  );
  printLine(`\nmean  ${result.mean.toFixed(3)} infected, give or take ${(1.96 * result.standardError).toFixed(3)}`);
}

async function graphOf(options: NetworkOptions, random: SeededRandom): Promise<Graph> {
  const { graph, regular, poisson } = options;
  if (graph !== undefined) return readWith(graph, readGraph);
  const people = parseWhole("--population", options.population, 2, MAX_PEOPLE);
  const drawing = random.fork("graph");
  if (regular !== undefined)
    return expected(() => regularGraph(people, parseWhole("--regular", regular, 1, MAX_PEOPLE), drawing));
  if (poisson !== undefined)
    return expected(() => poissonGraph(people, parseNumber("--poisson", poisson, 0, MAX_PEOPLE), drawing));
  throw new CliError(EXIT.usage, "give --graph FILE, --regular DEGREE, --poisson MEAN or --contacts FILE");
}

async function runContacts(options: NetworkOptions, file: string): Promise<void> {
  const { runs, random } = chanceOf(options);
  const network = await readWith(file, readContactNetwork);
  const source = required("--source", options.source);
  const hazard = options.hazard === undefined ? 0 : rate("--hazard", options.hazard);
  if (hazard > 0 && network.visits.length === 0) throw new CliError(EXIT.input, `--hazard needs "visits" in ${file}`);
  const rates = { ...ratesOf(options), beta: rate("--beta", required("--beta", options.beta)), hazard };
  const tracing = tracingOf(options);
  const result = expected(() => contactEpidemics(network, source, rates, runs, random, tracing));
  if (options.json) {
    printJson({ ...result, runs, seed: Number(options.seed) });
    return;
  }
  printLine(`${NOTICE} ${runs} runs, seed ${options.seed}.\n`);
  printTable(
    ["person", "infected", ""],
    Object.entries(result.infected).map(([person, share]) => [person, percent(share), ""]),
  );
  printLine(`\nmean  ${result.mean.toFixed(3)} infected, ${source} included`);
}

function tracingOf(options: NetworkOptions): Tracing | undefined {
  const { diagnosed, toldAfter = "0", adoption = "1", compliance = "1" } = options;
  if (diagnosed === undefined) {
    const needless = (["toldAfter", "adoption", "compliance"] as const).find((name) => options[name] !== undefined);
    if (needless) throw new CliError(EXIT.usage, `--${dashed(needless)} goes with --diagnosed TIME`);
    return undefined;
  }
  return {
    diagnosedAt: parseNumber("--diagnosed", diagnosed, 0, MAX_TIME),
    toldAfter: parseNumber("--told-after", toldAfter, 0, MAX_TIME),
    adoption: parseNumber("--adoption", adoption, 0, 1),
    compliance: parseNumber("--compliance", compliance, 0, 1),
  };
}

function chance(command: Command): Command {
  return command
    .option("--runs <n>", "epidemics", "10000")
    .option("--seed <n>", "seed of all chance: same seed, same answers", "1")
    .option("--json", "print JSON");
}

function chanceOf({ runs, seed }: Chance) {
  const name = `model network ${parseWhole("--seed", seed, 0, MAX_SEED)}`;
  return { runs: parseWhole("--runs", runs, 1, MAX_RUNS), random: new SeededRandom(name) };
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new CliError(EXIT.usage, `${name} is missing`);
  return value;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
