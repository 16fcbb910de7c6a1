import type { Command } from "commander";
import { change } from "../../desk/change";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { formatMoment } from "../localTime";
import { print, printJson } from "../output";
import { parseWhole } from "../parse";

const MAX_MINUTES = 1440;

/** `chirpfob snooze`: stops chirping for a while, as a long press does. */
export function addSnoozeCommand(program: Command): void {
  addPortOption(
    program
      .command("snooze")
      .description("stop chirping for a while (0 ends a snooze); nobody can tell from what you may share later")
      .argument("<minutes>", `1 to ${MAX_MINUTES}, or 0`)
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob snooze 60"),
  ).action((text: string, options: PortChoice & { json?: boolean }) => {
    const minutes = parseWhole("minutes", text, 0, MAX_MINUTES);
    return withKeyfob(options, async (session) => {
      const until = await change(session.keyfob, session, () => session.keyfob.snooze(minutes));
      if (options.json) printJson({ until });
      else
        print(
          until === 0
            ? "The keyfob chirps again.\n"
            : `The keyfob is quiet until ${formatMoment(until * 1000)}. It goes on listening.\n`,
        );
    });
  });
}
