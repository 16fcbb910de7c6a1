import type { Command } from "commander";
import { expectFree, writePrivateFile } from "../../base/files";
import {
  CLOSENESS,
  dayBoundsInWords,
  type ExposureDay,
  formatDay,
  headline,
  LIMITS_IN_WORDS,
  overallAdvice,
  REVERSE_WORDS,
  readResults,
  weightsInWords,
} from "../../desk/results";
import { resultsPage } from "../../desk/resultsPage";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { printJson, printLine, printRows } from "../output";
import { bold } from "../terminal";

interface Options extends PortChoice {
  html?: string;
  force?: boolean;
  json?: boolean;
}

/** `chirpfob exposures`: what the keyfob found, for its wearer, after the button was pressed. */
export function addExposuresCommand(program: Command): void {
  addPortOption(
    program
      .command("exposures")
      .description("show what the keyfob found, after the wearer pressed the button")
      .option("--html <file>", "also write it as a page to read large or to print; only you can read it")
      .option("--force", "replace the page if it exists")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob exposures --html result.html"),
  ).action(async (options: Options) => {
    if (options.html !== undefined) await expectFree(options.html, options.force === true);
    await withKeyfob(options, async (session) => {
      const { days, hours, config } = await readResults(session);
      if (options.html !== undefined)
        await writePrivateFile(options.html, resultsPage(days, config, Date.now()), options.force === true);
      if (options.json) printJson({ advice: overallAdvice(days), days, hours });
      else printReport(days, weightsInWords(config));
    });
  });
}

function printReport(days: readonly ExposureDay[], weights: string): void {
  printLine(bold(headline(days)));
  if (days.some(({ reverse }) => reverse)) printLine(`\n${REVERSE_WORDS}`);
  const [first] = days;
  if (!first) return;
  const rows = [
    ["day", ...CLOSENESS, "shared space", "counts as", ""],
    ...days.map(({ day, direct, shared, weighted, advice }) => [
      formatDay(day),
      ...direct.map(String),
      String(shared),
      String(weighted),
      advice === "none" ? "" : advice,
    ]),
  ];
  printLine("\nMinutes near somebody who was diagnosed later:");
  printRows(rows, ["left", ...CLOSENESS.map(() => "right" as const), "right", "right", "right"]);
  printLine(`\n${weights} ${dayBoundsInWords(first.day)}`);
  printLine(LIMITS_IN_WORDS);
}
