import { spawn } from "node:child_process";
import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Command, Option } from "commander";
import { SLH_DSA_PUBLIC_KEY_BYTES } from "../../../protocol/crypto/slhDsa";
import { pause } from "../../base/timers";
import { buildOf, type ProgramRole, ROLES } from "../../build/builds";
import { change } from "../../desk/change";
import { type Deployment, deployTo } from "../../desk/deployment";
import { ESPTOOL_OLDEST, findEsptool, isAtLeast } from "../../desk/esptool";
import type { Work } from "../../desk/events";
import { Keyfob } from "../../keyfob/keyfob";
import { CONFIG_NAMES, type ConfigName } from "../../keyfob/keyfobWire";
import { addPortOption, choosePort, type PortChoice, withBoard } from "../device";
import { CliError, EXIT } from "../errors";
import { interruptible } from "../interrupt";
import { note, print, printJson } from "../output";
import { parseHex, parseRegion, parseWhole } from "../parse";
import { boardFor, buildRole } from "./build";
import { write } from "./config";

interface Options extends PortChoice {
  board: string;
  role: ProgramRole;
  runtime?: string;
  esptool?: string;
  set?: string[];
  key?: string[];
  json?: boolean;
}

interface Configuration {
  readonly values: readonly [ConfigName, number][];
  readonly keys: readonly { readonly region: string; readonly key: Buffer }[];
}

const BOARD_RESTART_MS = 3000;
/** `devs flash` takes the offset in flash from the file's name, and knows lower case only. */
const OFFSET_IN_NAME = /-0x[0-9a-f]+\.bin$/;
const collect = (value: string, before: string[] = []) => [...before, value];

/** `chirpfob flash`: from a bare board to a keyfob, in one go. */
export function addFlashCommand(program: Command): void {
  addPortOption(
    program
      .command("flash")
      .description("make a keyfob or repeater of a bare board: runtime, program, clock and configuration")
      .requiredOption("--board <id>", "which board it is (chirpfob boards lists them)")
      .addOption(new Option("--role <role>", "what it becomes").choices(ROLES).makeOptionMandatory())
      .option("--runtime <file>", "flash this DeviceScript runtime; without it, it is downloaded from GitHub")
      .option("--esptool <file>", "the esptool to use, if it is not on the search path")
      .option("--set <name=value>", "configure this value (repeatable; see chirpfob config get)", collect)
      .option("--key <region=hex>", "trust this region's key (repeatable)", collect)
      .option("--json", "print JSON")
      .addHelpText(
        "after",
        "\nSteps: 1 the runtime (needs esptool; the internet too unless --runtime is given); 2 the program; 3 clock and\n" +
          "configuration (both over the cable alone).\n\nExamples:\n" +
          "  chirpfob flash --board devkitc-esp32 --role wearable\n" +
          "  chirpfob flash --board devkitc-esp32 --role wearable --runtime devicescript-esp32-0x1000.bin",
      ),
  ).action(flash);
}

async function flash(options: Options): Promise<void> {
  const { deviceScript } = boardFor(options.board, options.role);
  const configuration = parseConfiguration(options);
  const esptool = await findEsptool(options.esptool);
  if (!esptool || !isAtLeast(esptool.version, ESPTOOL_OLDEST))
    throw new CliError(
      EXIT.input,
      `the runtime is flashed with esptool ${ESPTOOL_OLDEST} or newer, ${esptool ? `this is ${esptool.version}` : "which is not here"}: install it ("pip install esptool", or your system's package), or name it with --esptool. A board that has the runtime needs only "chirpfob deploy --role ${options.role} --board ${options.board}"`,
    );
  if (options.runtime !== undefined) await expectRuntime(options.runtime);
  const { image } = await buildRole(options.role, options.board);
  const port = await interruptible((signal) => choosePort(options, [], signal));

  note(
    options.runtime === undefined
      ? "Step 1 of 3: the DeviceScript runtime. It is downloaded from GitHub (this step needs the internet; --runtime FILE does without) and flashed with esptool."
      : "Step 1 of 3: the DeviceScript runtime, from the file, flashed with esptool. No internet is needed.",
  );
  await interruptible((signal) => flashRuntime(options, deviceScript, esptool.command, port, signal));
  note("Step 2 of 3: the program, over the cable.");
  const deployment = await withBoard({ port }, async (session) => {
    const result = await deployTo(session, image, true);
    note("Step 3 of 3: clock and configuration, over the cable.");
    await configure(await Keyfob.on(session.board), configuration, session);
    return result;
  });
  report(options, deployment);
}

async function expectRuntime(file: string): Promise<void> {
  if (!(await stat(file).catch(() => undefined))?.isFile())
    throw new CliError(EXIT.input, `cannot read ${file}: there is no such file`);
  if (!OFFSET_IN_NAME.test(file.toLowerCase()))
    throw new CliError(
      EXIT.input,
      `${file} does not say where in flash it belongs: give it a name that ends in -0x1000.bin for an ESP32 or ESP32-S2, or in -0x0.bin for an ESP32-C3 or ESP32-S3, as DeviceScript's own runtimes have`,
    );
}

function report(options: Options, deployment: Deployment): void {
  if (options.json) printJson({ board: options.board, role: options.role, ...deployment });
  else print(`Done: a ${options.role}, ready for use. "chirpfob status" shows how it does.\n`);
}

/** Runs the pinned `devs flash`; what it says goes to stderr. */
async function flashRuntime(
  options: Options,
  deviceScriptBoard: string,
  esptool: string,
  port: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "chirpfob-flash-"));
  try {
    const args = [
      // The pinned DeviceScript command line.
      createRequire(import.meta.url).resolve("@devicescript/cli/devicescript"),
      "flash",
      "esp32",
      "--board",
      deviceScriptBoard,
      "--port",
      port,
      "--esptool",
      esptool,
    ];
    if (options.runtime !== undefined) {
      const file = join(folder, basename(options.runtime).toLowerCase());
      await copyFile(options.runtime, file);
      args.push("--file", file);
    }
    await runProgram(process.execPath, args, signal);
    await pause(BOARD_RESTART_MS, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runProgram(command: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // In a process group of its own, so that what it starts (esptool) ends with it.
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    for (const output of [child.stdout, child.stderr]) output.on("data", (text: Buffer) => process.stderr.write(text));
    const onAbort = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
    };
    signal.addEventListener("abort", onAbort, { once: true });
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted)
        reject(
          new CliError(
            EXIT.interrupted,
            "interrupted while the runtime was being written: the board may not start until you repeat the command",
          ),
        );
      else if (code === 0) resolve();
      else
        reject(
          new CliError(
            EXIT.noDevice,
            `the runtime could not be flashed (devs flash ended with ${code}, see above): hold the board's BOOT button while plugging it in and try again; without internet give the runtime with --runtime`,
          ),
        );
    });
  });
}

/** What the options say, and the region keys that devs.config.json gives to every device of the role. */
function parseConfiguration({ role, set = [], key = [] }: Options): Configuration {
  const deployed = Object.entries(buildOf(role).regionKeys).map(([region, hex]) => `${region}=${hex}`);
  return {
    values: set.map((text) => {
      const [name = "", value = ""] = text.split("=");
      if (!CONFIG_NAMES.includes(name as ConfigName))
        throw new CliError(EXIT.input, `--set ${text}: there is no value called "${name}"`);
      return [name as ConfigName, parseWhole(name, value, -0x80000000, 0x7fffffff)];
    }),
    keys: [...deployed, ...key].map((text) => {
      const [region = "", hex = ""] = text.split("=");
      return { region: parseRegion(region), key: parseHex("--key", hex, SLH_DSA_PUBLIC_KEY_BYTES) };
    }),
  };
}

async function configure(keyfob: Keyfob, { values, keys }: Configuration, work: Work): Promise<void> {
  const { role } = await keyfob.status();
  await change(keyfob, work, async () => {
    for (const [name, value] of values) await write(keyfob, name, value);
    for (const { region, key } of keys) await keyfob.addRegionKey(region, key);
    // Last: a new keyfob takes everything else without a press only until it knows the time.
    if (role === "wearable") await keyfob.setClock(Date.now);
  });
}
