import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { FileError } from "../../base/files";
import { type DeskFault, faultOf } from "../../desk/deskError";
import { VmBundleError } from "../../sim/vm/bundle";
import { CliError, EXIT, type ExitCode } from "../errors";
import { note } from "../output";

const { version: VERSION } = createRequire(import.meta.url)("../../../package.json") as { version: string };

/**
 * Every command adds itself; in the order in which `chirpfob --help` lists them. Each is read only when it is asked for: to read
 * the whole program takes three times as long as what a keyfob's commands need, and an old computer at a counter shows it.
 */
const COMMANDS: readonly {
  readonly name: string;
  readonly load: () => Promise<(program: Command, module: string) => void>;
}[] = [
  { name: "devices", load: async () => (await import("../commands/devices")).addDevicesCommand },
  { name: "status", load: async () => (await import("../commands/status")).addStatusCommand },
  { name: "sync", load: async () => (await import("../commands/sync")).addSyncCommand },
  { name: "clock", load: async () => (await import("../commands/clock")).addClockCommand },
  { name: "config", load: async () => (await import("../commands/config")).addConfigCommand },
  { name: "snooze", load: async () => (await import("../commands/snooze")).addSnoozeCommand },
  { name: "seeds", load: async () => (await import("../commands/seeds")).addSeedsCommand },
  { name: "upload", load: async () => (await import("../commands/upload")).addUploadCommand },
  { name: "shards", load: async () => (await import("../commands/shards")).addShardsCommand },
  { name: "exposures", load: async () => (await import("../commands/exposures")).addExposuresCommand },
  { name: "erase", load: async () => (await import("../commands/erase")).addEraseCommand },
  { name: "boards", load: async () => (await import("../commands/boards")).addBoardsCommand },
  { name: "build", load: async () => (await import("../commands/build")).addBuildCommand },
  { name: "deploy", load: async () => (await import("../commands/deploy")).addDeployCommand },
  { name: "flash", load: async () => (await import("../commands/flash")).addFlashCommand },
  { name: "doctor", load: async () => (await import("../commands/doctor")).addDoctorCommand },
  { name: "power", load: async () => (await import("../commands/power")).addPowerCommand },
  { name: "model", load: async () => (await import("../commands/model")).addModelCommand },
  { name: "inspect", load: async () => (await import("../commands/inspect")).addInspectCommand },
  { name: "gaen", load: async () => (await import("../commands/gaen")).addGaenCommand },
  { name: "sim", load: async () => (await import("../commands/sim")).addSimCommand },
  { name: "serve", load: async () => (await import("../commands/serve")).addServeCommand },
  { name: "permissions", load: async () => (await import("../commands/permissions")).addPermissionsCommand },
  { name: "keys", load: async () => (await import("../commands/keyfobKeys")).addKeyfobKeyCommands },
  { name: "keys", load: async () => (await import("../commands/keys")).addRegionKeyCommands },
  { name: "publish", load: async () => (await import("../commands/publish")).addPublishCommand },
  { name: "stats", load: async () => (await import("../commands/stats")).addStatsCommand },
  { name: "study", load: async () => (await import("../commands/study")).addStudyCommand },
  { name: "federate", load: async () => (await import("../commands/federate")).addFederateCommand },
];

/** @param name of the only command that is wanted; all are there if it is not given, or if there is none of that name */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command("chirpfob")
    .description("Private contact tracing (PACT) with keyfobs: flash, sync, share, check, simulate, serve")
    .version(VERSION, "-V, --version", "print the version")
    .showHelpAfterError("(add --help for the options)")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const wanted = COMMANDS.filter((command) => command.name === name);
  for (const { load } of wanted.length > 0 ? wanted : COMMANDS) (await load())(program, import.meta.url);
  return program;
}

/** Runs one command line and says how it ended; never throws and never prints a stack trace for an expected failure. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  try {
    const program = await createProgram(argv[0]);
    await program.parseAsync([...argv], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CliError) {
      note(`chirpfob: ${error.message}`);
      return error.exitCode;
    }
    const exitCode = exitOf(error);
    if (exitCode === undefined) throw error;
    note(`chirpfob: ${(error as Error).message}${isTaken(error) ? INSTEAD_OF_TAKEN : ""}`);
    return exitCode;
  }
}

const EXIT_OF: Record<DeskFault, ExitCode> = {
  input: EXIT.input,
  incomplete: EXIT.usage,
  noDevice: EXIT.noDevice,
  refused: EXIT.refused,
  network: EXIT.network,
};

/** What an error means to the shell; undefined for one that nobody expected. */
function exitOf(error: unknown): ExitCode | undefined {
  if (error instanceof VmBundleError) return EXIT.input;
  const fault = faultOf(error);
  return fault && EXIT_OF[fault];
}

const INSTEAD_OF_TAKEN = ": choose another name, or replace it with --force";

function isTaken(error: unknown): boolean {
  return error instanceof FileError && error.kind === "taken";
}
