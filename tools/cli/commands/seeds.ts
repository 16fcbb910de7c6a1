import type { Command } from "commander";
import { MAX_UPLOAD_HOURS, MAX_UPLOAD_REGIONS } from "../../../protocol/report/uploadFile";
import { expectFree } from "../../base/files";
import { type ExportPlan, exportTo, planExport } from "../../desk/exportSeeds";
import { mergeHours } from "../../desk/hours";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { formatHours, parseLocalHours } from "../localTime";
import { note, print, printJson } from "../output";
import { parseRegion, parseWhole } from "../parse";

interface Options extends PortChoice {
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
  await withKeyfob(options, async (session) => {
    const plan = await planExport(session, { days, ranges, regions: given });
    for (const range of plan.outside)
      note(`Not in these ${days} days, so nothing to leave out: ${formatHours(range)}.`);
    note(explain(plan));
    const { bytes, readers, redactedHours } = await exportTo(options.output, options.force === true, session, plan);
    if (options.json)
      return printJson({
        file: options.output,
        bytes,
        regions: plan.regions,
        firstHour: plan.window.from,
        hours: days * DAY_HOURS,
        redactedHours,
      });
    print(
      `Written to ${options.output} (${bytes} bytes; ${readers}). Nothing has left this computer yet.\n` +
        `To share it: chirpfob upload ${options.output} --permission NUMBER --server URL\n`,
    );
  });
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

function explain({ window, redacted, days, regions }: ExportPlan): string {
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
