import { type Command, Option } from "commander";
import { readContactNetwork } from "../../epidemic/contactFile";
import { type Graph, poissonGraph, readGraph, regularGraph } from "../../epidemic/graph";
import { readGroups } from "../../epidemic/groupFile";
import { basicReproduction, growthRate, type MeanFieldModel, meanField, oneGroup } from "../../epidemic/meanField";
import { ModelError } from "../../epidemic/modelError";
import { pairwise } from "../../epidemic/pairwise";
import { DISEASE } from "../../epidemic/parameters";
import { networkEpidemics } from "../../epidemic/staticNetwork";
import { contactEpidemics, type Tracing } from "../../epidemic/temporalNetwork";
import { criticalAdoption, tracedReproduction } from "../../epidemic/tracing";
import { SeededRandom } from "../../sim/core/random";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson, printLine, printTable } from "../output";
import { parseNumber, parseWhole, readInput } from "../parse";
import { addKeyfobModelCommand } from "./modelKeyfobs";

/** The line that begins every answer of a model. */
const NOTICE = "A model, not a forecast.";

const MAX_RATE = 1e6;
const MAX_DAYS = 1e6;
const MAX_TIME = 1e12;
const MAX_RUNS = 10_000_000;
const MAX_SEED = 0xffffffff;
const MAX_PEOPLE = 1_000_000;

interface Course {
  readonly sigma: string;
  readonly gamma: string;
  readonly e0: string;
  readonly i0: string;
  readonly days: string;
  readonly step: string;
  readonly json?: boolean;
}

interface Chance {
  readonly runs: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** `chirpfob model`: how an epidemic goes, by the textbook, on networks, and with keyfobs. */
export function addModelCommand(program: Command): void {
  const model = program
    .command("model")
    .description("model an epidemic: by equations, on networks, and with keyfobs (docs/model.md)");
  addSeir(model);
  addPairwise(model);
  addNetwork(model);
  addTracing(model);
  addKeyfobModelCommand(model);
}

function addSeir(model: Command): void {
  course(
    model
      .command("seir")
      .description("mean field: everybody meets everybody alike, or group by group")
      .option("--beta <rate>", `infections a day by one infectious person (default: ${DISEASE.r0.value} x gamma)`)
      .addOption(new Option("--groups <file>", "groups and the rates between them, JSON").conflicts(["beta"])),
  ).action(async (options: Course & { beta?: string; groups?: string }) => {
    const rates = ratesOf(options);
    const { days, step } = daysOf(options);
    const chosen: MeanFieldModel =
      options.groups === undefined
        ? expected(() =>
            oneGroup({
              ...rates,
              ...startOf(options),
              beta: options.beta === undefined ? DISEASE.r0.value * rates.gamma : rate("--beta", options.beta),
            }),
          )
        : { ...(await readWith(options.groups, readGroups)), ...rates };
    const { points, finalSize, groupSizes } = expected(() => meanField(chosen, days, step));
    const r0 = basicReproduction(chosen);
    const growth = growthRate(r0, rates.sigma, rates.gamma);
    const groups = chosen.groups.map(({ name }, i) => ({ name, finalSize: groupSizes[i] as number }));
    if (options.json) {
      const isOne = options.groups === undefined;
      const shown = isOne ? points.map(({ groups: _, ...point }) => point) : points;
      printJson({ points: shown, finalSize, ...(isOne ? {} : { groups }), r0, growthPerDay: growth });
      return;
    }
    printCourse(points);
    printFacts({
      R0: r0.toFixed(3),
      "growth at first": growth > 0 ? `doubles in ${(Math.log(2) / growth).toFixed(2)} days` : "none",
      "infected in the end": percent(finalSize),
      ...(groups.length === 1 ? {} : Object.fromEntries(groups.map((g) => [`of ${g.name}`, percent(g.finalSize)]))),
    });
  });
}

function addPairwise(model: Command): void {
  course(
    model
      .command("pairwise")
      .description("pairs: everybody has the same number of neighbours")
      .requiredOption("--degree <n>", "neighbours of each person")
      .option("--population <n>", "people", "100000")
      .requiredOption("--tau <rate>", "how fast an infectious person infects one neighbour, a day")
      .option("--phi <share>", "of two neighbours of a person, how often they are neighbours themselves", "0"),
  ).action((options: Course & { degree: string; population: string; tau: string; phi: string }) => {
    const degree = parseWhole("--degree", options.degree, 1, MAX_PEOPLE);
    const population = parseWhole("--population", options.population, 1, 1e10);
    if (degree >= population)
      throw new CliError(EXIT.input, `--degree must be less than --population, got ${degree} of ${population}`);
    const phi = parseNumber("--phi", options.phi, 0, 1);
    const { days, step } = daysOf(options);
    const { points, finalSize } = expected(() =>
      pairwise({ ...ratesOf(options), ...startOf(options), degree, phi, tau: rate("--tau", options.tau) }, days, step),
    );
    if (options.json) {
      printJson({ points, finalSize, population });
      return;
    }
    printCourse(points);
    printFacts({
      "infected in the end": `${percent(finalSize)}, ${Math.round(finalSize * population)} of ${population} people`,
    });
  });
}

function addNetwork(model: Command): void {
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

function addTracing(model: Command): void {
  model
    .command("tracing")
    .description("when tracing at once, again and again among its users, ends an epidemic (Britton and Zhang 2022)")
    .requiredOption("--beta <rate>", "infections a day by one infectious person")
    .requiredOption("--gamma <rate>", "recovery without diagnosis, a day")
    .requiredOption("--delta <rate>", "diagnosis of the infectious, a day")
    .option("--adoption <share>", "of people who use it", "0")
    .option("--json", "print JSON")
    .action((options: { beta: string; gamma: string; delta: string; adoption: string; json?: boolean }) => {
      const rates = {
        beta: rate("--beta", options.beta),
        gamma: rate("--gamma", options.gamma),
        delta: positiveRate("--delta", options.delta),
      };
      const adoption = parseNumber("--adoption", options.adoption, 0, 1);
      const R = tracedReproduction(rates, adoption);
      const critical = criticalAdoption(rates);
      if (options.json) {
        printJson({ R, criticalAdoption: critical });
        return;
      }
      printLine(`${NOTICE}\n`);
      printFacts({ R: R.toFixed(6), "critical adoption": critical.toFixed(6) });
    });
}

function withRates(command: Command): Command {
  const { incubation, infectious } = DISEASE;
  return command
    .option("--sigma <rate>", `one over the mean days from infection to being infectious`, String(1 / incubation.value))
    .option("--gamma <rate>", `one over the mean days of being infectious`, String(1 / infectious.value));
}

function course(command: Command): Command {
  return withRates(command)
    .option("--e0 <share>", "exposed at the beginning", "0")
    .option("--i0 <share>", "infectious at the beginning", "0.0001")
    .option("--days <n>", "how long", "365")
    .option("--step <days>", "between two points", "1")
    .option("--json", "print JSON");
}

function chance(command: Command): Command {
  return command
    .option("--runs <n>", "epidemics", "10000")
    .option("--seed <n>", "seed of all chance: same seed, same answers", "1")
    .option("--json", "print JSON");
}

function ratesOf({ sigma, gamma }: { readonly sigma: string; readonly gamma: string }) {
  return { sigma: positiveRate("--sigma", sigma), gamma: positiveRate("--gamma", gamma) };
}

function startOf({ e0, i0 }: Course) {
  return { e0: parseNumber("--e0", e0, 0, 1), i0: parseNumber("--i0", i0, 0, 1) };
}

function daysOf({ days, step }: Course) {
  return { days: parseNumber("--days", days, 0, MAX_DAYS), step: positive("--step", step, MAX_DAYS) };
}

function chanceOf({ runs, seed }: Chance) {
  const name = `model network ${parseWhole("--seed", seed, 0, MAX_SEED)}`;
  return { runs: parseWhole("--runs", runs, 1, MAX_RUNS), random: new SeededRandom(name) };
}

function rate(name: string, text: string): number {
  return parseNumber(name, text, 0, MAX_RATE);
}

function positiveRate(name: string, text: string): number {
  return positive(name, text, MAX_RATE);
}

function positive(name: string, text: string, max: number): number {
  const value = parseNumber(name, text, 0, max);
  if (value === 0) throw new CliError(EXIT.input, `${name} must be more than 0`);
  return value;
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new CliError(EXIT.usage, `${name} is missing`);
  return value;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function readWith<T>(path: string, read: (text: string, name: string) => T): Promise<T> {
  const bytes = await readInput(path);
  return expected(() => read(bytes.toString("utf8"), path));
}

function expected<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ModelError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

/** Not more than this many lines: the JSON has them all. */
const MAX_LINES = 20;

function printCourse(points: readonly { t: number; S: number; E: number; I: number; R: number }[]): void {
  printLine(`${NOTICE}\n`);
  const every = Math.max(1, Math.ceil(points.length / MAX_LINES));
  const shown = points.filter((_, i) => i % every === 0 || i === points.length - 1);
  printTable(
    ["day", "susceptible", "exposed", "infectious", "recovered", ""],
    shown.map(({ t, S, E, I, R }) => [String(t), ...[S, E, I, R].map(percent), ""]),
  );
  printLine("");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
