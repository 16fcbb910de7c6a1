import type { Command } from "commander";
import { consentWait } from "../../desk/consent";
import { DeviceError } from "../../keyfob/deviceError";
import { addPortOption, type PortChoice, withKeyfob } from "../device";
import { CliError, EXIT } from "../errors";
import { print, printJson } from "../output";
import { confirm } from "../terminal";

/** `chirpfob erase`: everything on the keyfob, before it changes hands. */
export function addEraseCommand(program: Command): void {
  addPortOption(
    program
      .command("erase")
      .description(
        "erase seeds, contacts, results, keys and configuration from the keyfob, after the wearer pressed the button",
      )
      .option("--yes", "do not ask on the terminal; the button must be pressed all the same")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob erase --yes"),
  ).action((options: PortChoice & { yes?: boolean; json?: boolean }) =>
    withKeyfob(options, async (session) => {
      const { keyfob, signal, tell } = session;
      const question = "Erase everything on this keyfob? What it holds cannot be had back.";
      if (!options.yes && !(await confirm(question, "--yes", signal)))
        throw new CliError(EXIT.refused, "nothing was erased");
      try {
        await keyfob.erase(consentWait("erase", session));
      } catch (error) {
        if (error instanceof DeviceError)
          throw new CliError(
            EXIT.noDevice,
            `${error.message}. Whether it was erased is not known: see "chirpfob status" (an erased keyfob has no clock)`,
          );
        throw error;
      } finally {
        tell({ kind: "consentOver", consent: "erase" });
      }
      if (options.json) printJson({ erased: true });
      else print('The keyfob is empty, as new. "chirpfob clock sync" puts it to use again.\n');
    }),
  );
}
