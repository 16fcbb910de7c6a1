import { Command, CommanderError } from "commander";
import { addBuildCommand } from "./commands/build";
import { addFederateCommand } from "./commands/federate";
import { addInspectCommand } from "./commands/inspect";
import { addRegionKeyCommands } from "./commands/keys";
import { addPermissionsCommand } from "./commands/permissions";
import { addPublishCommand } from "./commands/publish";
import { addServeCommand } from "./commands/serve";
import { addSimCommand } from "./commands/sim";
import { addStatsCommand } from "./commands/stats";
import { CliError, EXIT, type ExitCode } from "./errors";
import { note } from "./output";

/** Every command adds itself; one line each, in the order in which `chirpfob --help` lists them. */
export function createProgram(): Command {
  const program = new Command("chirpfob")
    .description("Private contact tracing (PACT) with keyfobs: flash, sync, share, check, simulate, serve")
    .showHelpAfterError("(add --help for the options)")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  addBuildCommand(program);
  addInspectCommand(program);
  addSimCommand(program);
  addServeCommand(program);
  addPermissionsCommand(program);
  addRegionKeyCommands(program);
  addPublishCommand(program);
  addStatsCommand(program);
  addFederateCommand(program);
  return program;
}

/** Runs one command line and says how it ended; never throws and never prints a stack trace for an expected failure. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  try {
    await createProgram().parseAsync([...argv], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CliError) {
      note(`chirpfob: ${error.message}`);
      return error.exitCode;
    }
    throw error;
  }
}
