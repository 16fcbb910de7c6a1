import type { Command } from "commander";
import { ConsentPrompt } from "../consent";
import { addPortOption, type PortOptions, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { exposureHtml } from "../exposureHtml";
import {
  CLOSENESS,
  dayBoundsInWords,
  type ExposureDay,
  formatDay,
  headline,
  LIMITS_IN_WORDS,
  overallAdvice,
  REVERSE_WORDS,
  readScoreConfig,
  summarise,
  weightsInWords,
} from "../exposureReport";
import { printJson, printLine } from "../output";
import { Progress } from "../progress";
import { expectFree, writePrivateFile } from "../safeFile";
import { bold } from "../terminal";

interface Options extends PortOptions {
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
    await withKeyfob(options, async ({ keyfob, signal }) => {
      const { role } = await keyfob.status();
      if (role === "repeater") throw new CliError(EXIT.refused, "this is a repeater: it has no results");
      const config = await readScoreConfig(keyfob);
      const prompt = new ConsentPrompt("Press the button on the keyfob to see its results; hold it to refuse.");
      await keyfob.askConsent("results", prompt.wait(signal)).finally(() => prompt.done());
      const progress = new Progress("Reading results");
      const hours = await keyfob
        .results((done, of) => progress.update(done, of), signal)
        .finally(() => progress.finish());
      const days = summarise(config, hours);
      if (options.html !== undefined)
        await writePrivateFile(options.html, exposureHtml(days, config, Date.now()), options.force === true);
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
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  printLine("\nMinutes near somebody who was diagnosed later:");
  for (const row of rows)
    printLine(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    );
  printLine(`\n${weights} ${dayBoundsInWords(first.day)}`);
  printLine(LIMITS_IN_WORDS);
}
