import { Argument, type Command } from "commander";
import { BuildError, type Bytecode, buildBytecode } from "../../build/bytecode";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson } from "../output";

/** The two programs of a device, and where each begins. */
export const ROLE_ENTRIES = { wearable: "firmware/main.ts", repeater: "repeater/main.ts" } as const;

export type Role = keyof typeof ROLE_ENTRIES;

/** `chirpfob build`: compiles a device's program to DeviceScript bytecode. */
export function addBuildCommand(program: Command): void {
  program
    .command("build")
    .description("compile the program of a keyfob or of a repeater")
    .addArgument(new Argument("<role>", "what the device will be").choices(Object.keys(ROLE_ENTRIES)))
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  chirpfob build wearable")
    .action(async (role: Role, options: { json?: boolean }) => {
      const { image, file } = await buildRole(role);
      const facts = { role, file, bytes: image.length };
      if (options.json) printJson(facts);
      else printFacts(facts);
    });
}

/** Compiles a role's program. @throws CliError with the compiler's diagnostics */
export async function buildRole(role: Role): Promise<Bytecode> {
  try {
    return await buildBytecode(role, ROLE_ENTRIES[role]);
  } catch (error) {
    if (error instanceof BuildError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}
