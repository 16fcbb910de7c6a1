import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { DeviceError } from "../device/deviceError";
import { KeyfobError } from "../device/keyfobError";
import { addBoardsCommand } from "./commands/boards";
import { addBuildCommand } from "./commands/build";
import { addClockCommand } from "./commands/clock";
import { addConfigCommand } from "./commands/config";
import { addDeployCommand } from "./commands/deploy";
import { addDevicesCommand } from "./commands/devices";
import { addDoctorCommand } from "./commands/doctor";
import { addEraseCommand } from "./commands/erase";
import { addExposuresCommand } from "./commands/exposures";
import { addFederateCommand } from "./commands/federate";
import { addFlashCommand } from "./commands/flash";
import { addInspectCommand } from "./commands/inspect";
import { addKeyfobKeyCommands } from "./commands/keyfobKeys";
import { addRegionKeyCommands } from "./commands/keys";
import { addPermissionsCommand } from "./commands/permissions";
import { addPowerCommand } from "./commands/power";
import { addPublishCommand } from "./commands/publish";
import { addSeedsCommand } from "./commands/seeds";
import { addServeCommand } from "./commands/serve";
import { addShardsCommand } from "./commands/shards";
import { addSimCommand } from "./commands/sim";
import { addSnoozeCommand } from "./commands/snooze";
import { addStatsCommand } from "./commands/stats";
import { addStatusCommand } from "./commands/status";
import { addUploadCommand } from "./commands/upload";
import { CliError, EXIT, type ExitCode } from "./errors";
import { note } from "./output";

const { version: VERSION } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** Every command adds itself; one line each, in the order in which `chirpfob --help` lists them. */
export function createProgram(): Command {
  const program = new Command("chirpfob")
    .description("Private contact tracing (PACT) with keyfobs: flash, sync, share, check, simulate, serve")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(add --help for the options)")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  addDevicesCommand(program);
  addStatusCommand(program);
  addClockCommand(program);
  addConfigCommand(program);
  addSnoozeCommand(program);
  addSeedsCommand(program);
  addUploadCommand(program);
  addShardsCommand(program);
  addExposuresCommand(program);
  addEraseCommand(program);
  addBoardsCommand(program);
  addBuildCommand(program);
  addDeployCommand(program);
  addFlashCommand(program);
  addDoctorCommand(program);
  addPowerCommand(program);
  addInspectCommand(program);
  addSimCommand(program);
  addServeCommand(program);
  addPermissionsCommand(program);
  addKeyfobKeyCommands(program);
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
    const expected = exitOfDevice(error);
    if (expected === undefined) throw error;
    note(`chirpfob: ${(error as Error).message}`);
    return expected;
  }
}

/** What the keyfob's errors mean to the shell; undefined for everything else. */
function exitOfDevice(error: unknown): ExitCode | undefined {
  if (error instanceof DeviceError) return error.kind === "address" ? EXIT.input : EXIT.noDevice;
  if (!(error instanceof KeyfobError)) return undefined;
  return FILE_FAULTS.includes(error.status) ? EXIT.input : EXIT.refused;
}

/** The keyfob found fault with what it was given, rather than with being asked. */
const FILE_FAULTS: readonly string[] = ["BadHeader", "BadBlock", "BadSignature", "OutOfRange", "Malformed"];
