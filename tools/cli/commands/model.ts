import { type Command, Option } from "commander";
import { readGroups } from "../../epidemic/groupFile";
import { basicReproduction, growthRate, type MeanFieldModel, meanField, oneGroup } from "../../epidemic/meanField";
import { pairwise } from "../../epidemic/pairwise";
import { DISEASE } from "../../epidemic/parameters";
import { criticalAdoption, tracedReproduction } from "../../epidemic/tracing";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson, printLine, printTable } from "../output";
import { parseNumber, parseWhole } from "../parse";
import { addKeyfobModelCommand } from "./modelKeyfobs";
import { addNetworkModelCommand } from "./modelNetwork";
import {
  expected,
  MAX_PEOPLE,
  NOTICE,
  percent,
  positive,
  positiveRate,
  rate,
  ratesOf,
  readWith,
  withRates,
} from "./modelOptions";

const MAX_DAYS = 1e6;

interface Course {
  readonly sigma: string;
  readonly gamma: string;
  readonly e0: string;
  readonly i0: string;
  readonly days: string;
  readonly step: string;
  readonly json?: boolean;
}

/** `chirpfob model`: how an epidemic goes, by the textbook, on networks, and with keyfobs. */
export function addModelCommand(program: Command): void {
  const model = program
    .command("model")
    .description("model an epidemic: by equations, on networks, and with keyfobs (docs/model.md)");
  addSeir(model);
  addPairwise(model);
  addNetworkModelCommand(model);
  addTracing(model);
  addKeyfobModelCommand(model);
}

function addSeir(model: Command): void {
  course(
    model
      .command("seir")
      .description("mean field: everybody meets everybody alike, or group by group")
      .option("--beta <rate>", `infections a day by one infectious person (default: ${DISEASE.r0.value} x gamma)`)
      .addOption(new Option("--groups <file>", "groups and the rates between them, JSON").conflicts(["beta"]))
      .addHelpText("after", "\nExample:\n  chirpfob model seir --beta 0.5 --sigma 0.2 --gamma 0.25 --days 100 --json"),
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
      .option("--phi <share>", "of two neighbours of a person, how often they are neighbours themselves", "0")
      .addHelpText(
        "after",
        "\nExample:\n  chirpfob model pairwise --degree 5 --population 1000 --tau 0.1 --days 60 --json",
      ),
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

function addTracing(model: Command): void {
  model
    .command("tracing")
    .description("when tracing at once, again and again among its users, ends an epidemic (Britton and Zhang 2022)")
    .requiredOption("--beta <rate>", "infections a day by one infectious person")
    .requiredOption("--gamma <rate>", "recovery without diagnosis, a day")
    .requiredOption("--delta <rate>", "diagnosis of the infectious, a day")
    .option("--adoption <share>", "of people who use it", "0")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob model tracing --beta 1 --gamma 0.25 --delta 0.25 --adoption 0.8")
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

function course(command: Command): Command {
  return withRates(command)
    .option("--e0 <share>", "exposed at the beginning", "0")
    .option("--i0 <share>", "infectious at the beginning", "0.0001")
    .option("--days <n>", "how long", "365")
    .option("--step <days>", "between two points", "1")
    .option("--json", "print JSON");
}

function startOf({ e0, i0 }: Course) {
  return { e0: parseNumber("--e0", e0, 0, 1), i0: parseNumber("--i0", i0, 0, 1) };
}

function daysOf({ days, step }: Course) {
  return { days: parseNumber("--days", days, 0, MAX_DAYS), step: positive("--step", step, MAX_DAYS) };
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
