// The program of one board: DeviceScript wants pins by name at compile time, so an entry of boards.json becomes a few lines
// of source that put the board together and start the role. It imports each part from its own file, and not all of them from
// one list: DeviceScript compiles the tables and constants of every file that it reads, whether the program uses them or not.

import { mkdir, writeFile } from "node:fs/promises";
import { programFile } from "../base/root";
import { buildOf, configDefaults } from "../build/builds";
import type { BoardEntry } from "./boards";
import { checkAgainstDeviceScript } from "./catalog";

const FOLDER = "build/entries";

export type BoardRole = BoardEntry["roles"][number];

/** How each role starts. */
const ROLES: Record<BoardRole, { start: string; startFrom: string }> = {
  wearable: { start: "startWearable", startFrom: "firmware/wearable/startWearable" },
  repeater: { start: "startRepeater", startFrom: "repeater/startRepeater" },
};

/**
 * Writes the program of a role on a board under build/.
 *
 * @returns its path from the project's root, for buildBytecode
 * @throws BoardsError if DeviceScript does not know the board or a pin of it
 */
export async function writeEntry(board: BoardEntry, role: BoardRole): Promise<string> {
  checkAgainstDeviceScript(board);
  const path = `${FOLDER}/${role}-${board.id}.ts`;
  await mkdir(programFile(FOLDER), { recursive: true });
  await writeFile(programFile(path), entrySource(board, role));
  return path;
}

/** The source of the program. */
export function entrySource(board: BoardEntry, role: BoardRole): string {
  const imports = new Imports();
  const body: string[] = [];
  const { radio, flash, spi } = board;
  const pin = (name: string) => imports.use("pins", `@dsboard/${board.deviceScript}`, `pins.${name}`);
  const chips = (name: string, file: string) => imports.use(name, `../../firmware/chips/${file}`);

  if (spi) {
    imports.use("timer", "../../firmware/jacdac/deviceScriptRuntime");
    body.push(
      `const bus = new ${chips("BoardSpi", "boardSpi")}(${pin(spi.sck)}, ${pin(spi.miso)}, ${pin(spi.mosi)}, ${spi.hz});`,
    );
    body.push(`const turn = new ${imports.use("Turn", "../../firmware/base/turn")}(async () => await timer.sleep(1));`);
  }
  const onBus = (select: string) =>
    `new ${chips("SpiDevice", "spiDevice")}(bus, turn, new ${chips("PinOutput", "boardPins")}(${pin(select)}))`;

  // Both select lines go high before the first transfer.
  if (flash.kind === "spi-nor") body.push(`const norChip = ${onBus(flash.select)};`);
  if (radio.kind === "native") {
    body.push(`const radio = new ${imports.use("JacdacHciTransport", "../../firmware/jacdac/jacdacTransport")}();`);
  } else {
    const dialect =
      radio.kind === "bluenrg-ms" ? chips("BlueNrgMs", "blueNrgMs") : chips("ZephyrHciSpi", "zephyrHciSpi");
    const reset = radio.reset === undefined ? "undefined" : `new PinOutput(${pin(radio.reset)})`;
    const interrupt = `new ${chips("PinInput", "boardPins")}(${pin(radio.interrupt)})`;
    body.push(`const dialect = new ${dialect}(${onBus(radio.select)}, timer);`);
    body.push(
      `const radio = new ${chips("SpiHciTransport", "spiHciTransport")}(dialect, ${interrupt}, ${reset}, timer);`,
    );
    body.push(`const radioJob = ${chips("pollingOf", "polling")}(radio, timer);`);
  }
  body.push(
    flash.kind === "spi-nor"
      ? `const openFlash = async () => await ${chips("SpiNorStore", "spiNorStore")}.open(norChip, timer);`
      : `const openFlash = ${imports.use("openPartition", "../../firmware/jacdac/jacdacFlash")};`,
  );
  body.push(`const button = ${buttonSource(board, imports, pin)};`);
  body.push(`const light = ${lightSource(board, chips, pin)};`);
  const onPress = imports.use("onPress", "../../firmware/jacdac/roleHooks");
  const clockChip = clockSource(board, chips);
  const { start, startFrom } = ROLES[role];
  imports.use(start, `../../${startFrom}`);
  const pact = `${imports.use("pactCodec", "../../protocol/beacon/pact")}()`;
  const findMy = () => `${imports.use("findMyCodec", "../../protocol/beacon/findMy")}()`;
  // A repeater sends again what asks for it, and Find My does not.
  const hearsFindMy = role === "wearable" && board.features.includes("findMy");
  const codecs = role === "repeater" ? pact : `[${hearsFindMy ? `${pact}, ${findMy()}` : pact}]`;
  const defaults = configDefaults(role, { ...buildOf(role).tunables, txPowerDbm: radio.txPowerDbm });
  body.push(
    `await ${start}(${JSON.stringify(defaults)}, ${codecs}, { radio, radioJob${radio.kind === "native" ? ": undefined" : ""}, openFlash, clockChip: ${clockChip}, onPress: (handler) => ${onPress}(button, handler), light });`,
  );
  return `// ${board.name}, written out of boards.json.\n\n${imports.lines().join("\n")}\n\n${body.join("\n")}\n`;
}

function clockSource({ clock }: BoardEntry, chips: (name: string, file: string) => string): string {
  if (clock === "none") return "undefined";
  const driver = clock === "ds3231" ? chips("Ds3231", "ds3231") : chips("Pcf8563", "pcf8563");
  return `new ${driver}(new ${chips("BoardI2c", "boardI2c")}())`;
}

function buttonSource({ button, deviceScript }: BoardEntry, imports: Imports, pin: (name: string) => string): string {
  if (button.kind === "pin")
    return `${imports.use("startButton", "@devicescript/servers")}({ pin: ${pin(button.pin)} })`;
  const start = `start${button.name[0]?.toUpperCase()}${button.name.slice(1)}`;
  return imports.use("board", `@dsboard/${deviceScript}`, `board.${start}()`);
}

function lightSource(
  { light }: BoardEntry,
  chips: (name: string, file: string) => string,
  pin: (name: string) => string,
): string {
  if (light.kind === "board") return `new ${chips("StatusLight", "boardLight")}()`;
  const line = `new ${chips("PinOutput", "boardPins")}(${pin(light.pin)})`;
  return `new ${chips("PinLight", "pinLight")}(${line}, ${light.activeHigh})`;
}

/** Collects what the program imports, while its body is being written. */
class Imports {
  private readonly names = new Map<string, Set<string>>();

  /** Notes that `name` comes from `module`, and returns the expression that uses it. */
  use(name: string, module: string, expression = name): string {
    const known = this.names.get(module) ?? new Set();
    this.names.set(module, known.add(name));
    return expression;
  }

  lines(): string[] {
    return [...this.names]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([module, names]) => `import { ${[...names].sort().join(", ")} } from "${module}";`);
  }
}
