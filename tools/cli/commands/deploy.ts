import { type Command, Option } from "commander";
import { readWhole } from "../../base/files";
import { type ProgramRole, ROLES } from "../../build/builds";
import { deployTo } from "../../desk/deployment";
import { addPortOption, type PortChoice, withBoard } from "../device";
import { CliError, EXIT } from "../errors";
import { note, print, printJson } from "../output";
import { buildRole } from "./build";

interface Options extends PortChoice {
  role?: ProgramRole;
  board?: string;
  file?: string;
  force?: boolean;
  json?: boolean;
}

/** More than any board takes. */
const MAX_IMAGE_BYTES = 4 * 1024 * 1024;
/** First bytes of a compiled DeviceScript program: "DevS\n". */
const DEVS_MAGIC = Buffer.from("446576530a", "hex");

/** `chirpfob deploy`: a program onto a board that has the DeviceScript runtime; needs nothing but the cable. */
export function addDeployCommand(program: Command): void {
  addPortOption(
    program
      .command("deploy")
      .description("put the program on a board that has the DeviceScript runtime; seeds and contacts on it stay")
      .addOption(new Option("--role <role>", "compile and deploy this program").choices(ROLES))
      .option("--board <id>", "with --role: for this board (chirpfob boards lists them); without it, for the simulator")
      .addOption(new Option("--file <file>", "deploy this compiled .devs file instead").conflicts(["role", "board"]))
      .option("--force", "write it even if the board has it already")
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  chirpfob deploy --role wearable --board devkitc-esp32"),
  ).action(async (options: Options) => {
    const image = await readImage(options);
    const result = await withBoard(options, (session) => deployTo(session, image, options.force === true));
    if (options.json) printJson(result);
    else
      print(
        result.wasThere
          ? "The board has this program already; nothing was written (--force writes it again).\n"
          : `The board runs the program (${result.bytes} bytes, SHA-256 ${result.sha256.slice(0, 16)}...), and starts it by itself from now on.\n`,
      );
  });
}

async function readImage({ role, board, file }: Options): Promise<Buffer> {
  if ((role === undefined) === (file === undefined))
    throw new CliError(EXIT.usage, "say what to deploy: --role wearable, --role repeater, or --file PROGRAM.devs");
  if (role !== undefined) {
    if (board === undefined)
      note(
        "This program is for the simulator: it looks for radio and flash on the bus. For a real board give --board (chirpfob boards lists them).",
      );
    return (await buildRole(role, board)).image;
  }
  const image = await readWhole(file ?? "", MAX_IMAGE_BYTES);
  if (!image.subarray(0, DEVS_MAGIC.length).equals(DEVS_MAGIC))
    throw new CliError(EXIT.input, `${file} is no compiled DeviceScript program ("chirpfob build" makes one)`);
  return image;
}
