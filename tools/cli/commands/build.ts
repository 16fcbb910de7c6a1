import { Argument, type Command } from "commander";
import { type BoardEntry, BoardsError, findBoard } from "../../boards/boards";
import { writeEntry } from "../../boards/entry";
import { BuildsError, buildOf, type ProgramRole, ROLES } from "../../build/builds";
import { BuildError, type Bytecode, buildBytecode } from "../../build/bytecode";
import { codeBytesOf, MAX_CODE_BYTES } from "../../build/codeSize";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson } from "../output";

/** `chirpfob build`: compiles a device's program to DeviceScript bytecode. */
export function addBuildCommand(program: Command): void {
  program
    .command("build")
    .description("compile the program of a keyfob or of a repeater")
    .addArgument(new Argument("<role>", "what the device will be").choices(ROLES))
    .option("--board <id>", "for this board (chirpfob boards); without it, for the simulator")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  chirpfob build wearable\n  chirpfob build repeater --board devkitc-esp32")
    .action(async (role: ProgramRole, options: { board?: string; json?: boolean }) => {
      const { image, file } = await buildRole(role, options.board);
      const codeBytes = codeBytesOf(image);
      const facts = {
        role,
        ...(options.board === undefined ? {} : { board: options.board }),
        file,
        bytes: image.length,
        codeBytes,
        codeBytesFree: MAX_CODE_BYTES - codeBytes,
      };
      if (options.json) printJson(facts);
      else printFacts(facts);
    });
}

/** What the compiler's check says of a program whose code ends beyond 64 KB. */
const TOO_LARGE = "verification error: -1051";

/**
 * Compiles a role's program, for a board of boards.json or for the simulator.
 *
 * @throws CliError for an unknown board, for one that DeviceScript does not bear out, or with the compiler's diagnostics
 */
export async function buildRole(role: ProgramRole, boardId?: string): Promise<Bytecode> {
  try {
    if (boardId === undefined) return await buildBytecode(role, buildOf(role).entry);
    const board = boardFor(boardId, role);
    return await buildBytecode(`${role}-${board.id}`, await writeEntry(board, role));
  } catch (error) {
    if (error instanceof BuildsError || error instanceof BoardsError) throw new CliError(EXIT.input, error.message);
    if (!(error instanceof BuildError)) throw error;
    if (error.message.includes(TOO_LARGE))
      throw new CliError(
        EXIT.input,
        `the ${role} is too large for this board's parts: DeviceScript takes 64 KB of code, and the drivers of radio module, flash chip and clock chip count. Leave out the clock chip, or take a board with its own radio`,
      );
    throw new CliError(EXIT.input, error.message);
  }
}

/** The board of that name. @throws CliError if there is none, or it is not meant for the role */
export function boardFor(id: string, role: ProgramRole): BoardEntry {
  try {
    const board = findBoard(id);
    if (board.roles.includes(role)) return board;
    throw new BoardsError(`the board ${id} is meant to be a ${board.roles.join(" or ")}, not a ${role}`);
  } catch (error) {
    if (error instanceof BoardsError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}
