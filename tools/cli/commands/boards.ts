import type { Command } from "commander";
import { type BoardEntry, BoardsError, findBoard, loadBoards, pinsOf } from "../../boards/boards";
import { checkAgainstDeviceScript } from "../../boards/catalog";
import { CliError, EXIT } from "../errors";
import { printFacts, printJson, printLine } from "../output";

/** `chirpfob boards`: which boards there are, and what is connected to which pin of one. */
export function addBoardsCommand(program: Command): void {
  program
    .command("boards")
    .description("list the supported boards, or show the wiring of one")
    .argument("[id]", "a board's id")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nNone has been run on hardware yet.\n\nExamples:\n  chirpfob boards\n  chirpfob boards feather-s2-nrf",
    )
    .action((id: string | undefined, { json }: { json?: boolean }) => {
      const boards = read(() => (id === undefined ? loadBoards() : [checked(findBoard(id))]));
      if (json) printJson(id === undefined ? boards : boards[0]);
      else if (id !== undefined) printFacts(wiring(boards[0] as BoardEntry));
      else for (const line of table(boards)) printLine(line);
    });
}

/** The board, if DeviceScript has its pins, light and button. @throws BoardsError */
function checked(board: BoardEntry): BoardEntry {
  checkAgainstDeviceScript(board);
  return board;
}

function read<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof BoardsError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

function table(boards: readonly BoardEntry[]): string[] {
  const width = Math.max(...boards.map(({ id }) => id.length));
  return boards.map(({ id, name, radio, flash, clock, battery }) => {
    const parts = [radio.kind, flash.kind, clock, battery.kind === "lipo" ? `${battery.capacityMah} mAh` : "mains"];
    return `${id.padEnd(width)}  ${name} (${parts.filter((part) => part !== "none").join(", ")})`;
  });
}

function wiring(board: BoardEntry): Record<string, unknown> {
  const { id, name, deviceScript, family, roles, radio, flash, clock, button, light, battery } = board;
  return {
    id,
    name,
    "DeviceScript board": deviceScript,
    chip: family,
    roles: roles.join(", "),
    radio: "chip" in radio ? `${radio.kind}, ${radio.chip}` : radio.kind,
    flash: "chip" in flash ? `${flash.kind}, ${flash.chip}` : flash.kind,
    "clock chip": clock,
    button: button.kind === "board" ? button.name : `pin ${button.pin} to ground`,
    light: light.kind === "board" ? `of the board, ${light.rgb ? "RGB" : "one colour"}` : `pin ${light.pin}`,
    battery: battery.kind === "lipo" ? `lithium cell, ${battery.capacityMah} mAh` : "none, USB supply",
    ...Object.fromEntries([...pinsOf(board)].map(([use, pin]) => [`pin ${pin}`, use])),
  };
}
