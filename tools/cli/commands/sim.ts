import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { buildOf, type ProgramRole, ROLES } from "../../build/builds";
import { BuildError, buildBytecode } from "../../build/bytecode";
import { SeededRandom } from "../../sim/core/random";
import { blankDeviceFlash, type DeviceFlash, type SimDevice } from "../../sim/device/device";
import { FlashFile, FlashFileError } from "../../sim/device/flashFile";
import { hasSocat, openPty, openTcpPort, type Port } from "../../sim/usb/ports";
import { describePanic } from "../../sim/vm/run";
import { LiveWorld } from "../../sim/world/live";
import { World } from "../../sim/world/world";
import { CliError, EXIT } from "../errors";
import { note, print } from "../output";
import { parseWhole } from "../parse";
import { addSimRunCommand } from "./simRun";

interface SimDeviceOptions {
  role: ProgramRole;
  pty?: string;
  tcp?: string;
  flash?: string;
  pressButton?: boolean;
  log?: boolean;
}

const SAVE_EVERY_MS = 5000;
const PRESS_EVERY_MS = 1500;

/**
 * `chirpfob sim`: keyfobs without hardware. Other files add their commands to the group that this returns.
 *
 * @param module URL of the command line itself, which the computers of a rehearsal run
 */
export function addSimCommand(program: Command, module: string): Command {
  const sim = program.command("sim").description("simulate keyfobs, with the very bytecode that real ones run");
  sim
    .command("device")
    .description("run one simulated device until Ctrl-C, for trying the other commands on")
    .addOption(new Option("--role <role>", "what the device is").choices(ROLES).default("wearable"))
    .addOption(new Option("--pty <path>", "offer it as a serial port at this path (needs socat)").conflicts("tcp"))
    .option("--tcp <port>", "offer it on this TCP port of this machine (0 chooses one; the default)")
    .option("--flash <file>", "keep its flash in this file from one run to the next")
    .option(
      "--press-button",
      "press its button again and again while a host is connected, as a consenting wearer would",
    )
    .option("--log", "print what its program logs")
    .addHelpText(
      "after",
      "\nExample:\n  chirpfob sim device --tcp 7777 &\n  chirpfob status --port tcp://127.0.0.1:7777",
    )
    .action(runDevice);
  addSimRunCommand(sim, { module, noDevice: EXIT.noDevice });
  return sim;
}

async function runDevice(options: SimDeviceOptions): Promise<void> {
  const tcp = options.tcp === undefined ? 0 : parseWhole("--tcp", options.tcp, 0, 65535);
  if (options.pty !== undefined && !hasSocat())
    throw new CliError(EXIT.input, "a simulated serial port needs socat: install it, or use --tcp instead of --pty");
  const file = options.flash === undefined ? undefined : new FlashFile(options.flash);
  const flash = file && existsSync(file.path) ? load(file) : blankDeviceFlash();
  // A file that cannot be written is found out now, not after an hour's use.
  if (file) await save(file, flash);
  const { image, debugFile } = await build(options.role);

  const world = new World({ seed: `sim device ${process.pid} ${Date.now()}` });
  const device = world.add({
    image,
    flash,
    ...(options.log ? { onLog: note } : {}),
    onPanic: (panic) =>
      note(`The simulated device failed and starts again in 5 seconds:\n${describePanic(panic, debugFile)}`),
  });
  const live = new LiveWorld(world);
  live.start();
  const port = await open(live, device, options, tcp);
  // Whoever reads the next line may end the device at once.
  const ended = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, resolve);
  });
  print(`${port.address}\n`);
  note(`A simulated ${options.role} runs behind ${port.address}. Ctrl-C ends it.`);

  const saving = setInterval(() => void (file && saveOrWarn(file, flash)), SAVE_EVERY_MS);
  const pressing = setInterval(() => {
    if (options.pressButton && port.isOpen) device.button.press();
  }, PRESS_EVERY_MS);
  await ended;
  clearInterval(saving);
  clearInterval(pressing);
  live.stop();
  await port.close();
  if (file) await save(file, flash);
}

async function open(live: LiveWorld, device: SimDevice, options: SimDeviceOptions, tcp: number): Promise<Port> {
  const random = new SeededRandom("no faults");
  try {
    if (options.pty !== undefined) return await openPty(live, device, options.pty, { random });
    return await openTcpPort(live, device, tcp, { random });
  } catch (error) {
    throw new CliError(EXIT.input, `cannot offer the simulated device: ${(error as Error).message}`);
  }
}

async function build(role: ProgramRole) {
  try {
    return await buildBytecode(role, buildOf(role).entry);
  } catch (error) {
    if (error instanceof BuildError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

function load(file: FlashFile): DeviceFlash {
  try {
    return file.load();
  } catch (error) {
    if (error instanceof FlashFileError) throw new CliError(EXIT.input, error.message);
    throw new CliError(EXIT.input, `cannot read ${file.path}: ${(error as Error).message}`);
  }
}

async function save(file: FlashFile, flash: DeviceFlash): Promise<void> {
  try {
    await file.saveIfChanged(flash);
  } catch (error) {
    throw new CliError(EXIT.input, `the device's flash cannot be kept in ${file.path}: ${(error as Error).message}`);
  }
}

/** A disk that is full for a while is no reason to end the device; it is said, and tried again. */
async function saveOrWarn(file: FlashFile, flash: DeviceFlash): Promise<void> {
  try {
    await save(file, flash);
  } catch (error) {
    note(`chirpfob: ${(error as Error).message}`);
  }
}
