import type { Command } from "commander";
import { hourOfSeconds } from "../../../protocol/base/time";
import { encodeUploadFile, MAX_UPLOAD_HOURS, MAX_UPLOAD_REGIONS } from "../../../protocol/report/uploadFile";
import type { Keyfob } from "../../keyfob/keyfob";
import { MAX_REDACTED_RANGES } from "../../keyfob/keyfobWire";
import { ConsentPrompt } from "../consent";
import { addPortOption, type PortOptions, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { clipHours, formatHours, type Hours, mergeHours, parseLocalHours } from "../localTime";
import { note, printJson } from "../output";
import { parseWhole } from "../parse";
import { Progress } from "../progress";
import { expectFree, writePrivateFile } from "../safeFile";
import { parseRegion } from "./keyfobKeys";

interface Options extends PortOptions {
  days: string;
  redact?: string[];
  regions?: string;
  output: string;
  force?: boolean;
  json?: boolean;
}

const DAY_HOURS = 24;

/** `chirpfob seeds export`: what a diagnosed wearer shares, with the wearer's consent and nothing more than that. */
export function addSeedsCommand(program: Command): void {
  const seeds = program.command("seeds").description("the keyfob's seeds, from which its chirps can be recognised");
  addPortOption(
    seeds
      .command("export")
      .description("write the seeds of the last days to an upload file, after the wearer pressed the button")
      .option("--days <n>", `how many days, 1 to ${MAX_UPLOAD_HOURS / DAY_HOURS}`, "21")
      .option(
        "--redact <from..to>",
        "leave out these local times or dates (repeatable): 2026-11-20T18:00..22:30, or 2026-11-20",
        (value: string, before: string[] = []) => [...before, value],
      )
      .option(
        "--regions <list>",
        "home region, then others where you were: US-MA,US-NH (default: those whose keys the keyfob holds)",
      )
      .requiredOption("-o, --output <file>", "the upload file to write; only you can read it")
      .option("--force", "replace the file if it exists")
      .option("--json", "print JSON")
      .addHelpText(
        "after",
        "\nExample:\n  chirpfob seeds export --days 21 --redact 2026-11-20T18:00..22:30 -o my-seeds.pact",
      ),
  ).action(exportSeeds);
}

async function exportSeeds(options: Options): Promise<void> {
  const days = parseWhole("--days", options.days, 1, MAX_UPLOAD_HOURS / DAY_HOURS);
  const ranges = mergeHours((options.redact ?? []).map((text) => parseLocalHours("--redact", text)));
  const given = options.regions === undefined ? undefined : parseRegions(options.regions);
  await expectFree(options.output, options.force === true);
  await withKeyfob(options, async ({ keyfob, signal }) => {
    const { now } = await readyStatus(keyfob);
    const regions = given ?? (await knownRegions(keyfob));
    const hours = days * DAY_HOURS;
    const to = hourOfSeconds(now) + 1;
    const window = { from: to - hours, to };
    const redacted = clipHours(ranges, window);
    if (redacted.length > MAX_REDACTED_RANGES)
      throw new CliError(
        EXIT.input,
        `at most ${MAX_REDACTED_RANGES} separate times can be left out at once, these are ${redacted.length}: join some`,
      );
    for (const range of ranges)
      if (clipHours([range], window).length === 0)
        note(`Not in these ${days} days, so nothing to leave out: ${formatHours(range)}.`);
    note(explain(window, redacted, days, regions));

    const prompt = new ConsentPrompt("Press the button on the keyfob to agree; hold it to refuse.");
    await keyfob.askConsent("export", prompt.wait(signal)).finally(() => prompt.done());
    const progress = new Progress("Reading seeds");
    const seeds = await keyfob
      .exportSeeds({ firstHour: window.from, hours, redacted }, (done, of) => progress.update(done, of), signal)
      .finally(() => progress.finish());
    const file = encodeUploadFile({ regions, reverseFrom: 0, reverseTo: 0, firstHour: window.from, seeds });
    const readers = await writePrivateFile(options.output, file, options.force === true);
    const left = redacted.reduce((sum, range) => sum + range.to - range.from, 0);
    if (options.json)
      return printJson({
        file: options.output,
        bytes: file.length,
        regions,
        firstHour: window.from,
        hours,
        redactedHours: left,
      });
    process.stdout.write(
      `Written to ${options.output} (${file.length} bytes; ${readers}). Nothing has left this computer yet.\n` +
        `To share it: chirpfob upload ${options.output} --permission NUMBER --server URL\n`,
    );
  });
}

/** The status, if the keyfob is in a state to export. */
async function readyStatus(keyfob: Keyfob) {
  const status = await keyfob.status();
  if (status.role !== "wearable") throw new CliError(EXIT.refused, "this is a repeater: it has no seeds");
  if (!status.state.clockSet)
    throw new CliError(EXIT.refused, 'the keyfob does not know the time: run "chirpfob clock sync" first');
  return status;
}

async function knownRegions(keyfob: Keyfob): Promise<string[]> {
  const regions = [...new Set((await keyfob.regionKeys()).map(({ region }) => region))];
  if (regions.length > 0) return regions;
  throw new CliError(
    EXIT.usage,
    "the keyfob knows no region: say with --regions where you live, for example --regions US-MA",
  );
}

/** Reads "US-MA,US-NH": 1 to 8 regions, the home region first. */
export function parseRegions(text: string): string[] {
  const regions = [...new Set(text.split(",").map(parseRegion))];
  if (regions.length > MAX_UPLOAD_REGIONS)
    throw new CliError(
      EXIT.input,
      `--regions takes at most ${MAX_UPLOAD_REGIONS} regions, these are ${regions.length}`,
    );
  return regions;
}

function explain(window: Hours, redacted: readonly Hours[], days: number, regions: readonly string[]): string {
  const lines = [
    `The file will hold one seed for each hour from ${formatHours(window)} (${days} days).`,
    ...(redacted.length === 0
      ? ["No time is left out. --redact leaves times out, and nobody can tell that you did."]
      : [
          "Left out, and replaced by random filling that nobody can tell from real seeds:",
          ...redacted.map((range) => `  ${formatHours(range)}`),
        ]),
    `Once shared, keyfobs in ${regions.join(", ")} can tell whether they heard yours in those hours. Your name, your places and`,
    "whom you met are not in the file: the keyfob does not give them away.",
    "What this cannot hide: somebody who met only you in an hour can guess that it was you, and whoever recorded the chirps",
    "around them in several places can then tell which of one hour came from the same keyfob. --redact leaves such hours out.",
  ];
  return lines.join("\n");
}
