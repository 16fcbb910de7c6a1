// The boards that DeviceScript itself knows. Their definitions are part of @devicescript/cli's bundle, which says what
// pins, lights and buttons `import { pins, board } from "@dsboard/ID"` offers.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import { type BoardEntry, BoardsError, pinsOf } from "./boards";

/** What we need of DeviceScript's definition of a board. */
export interface DeviceScriptBoard {
  readonly id: string;
  readonly archId: string;
  readonly devName: string;
  readonly productId: string;
  /** GPIO number by pin name. */
  readonly pins: Readonly<Record<string, number>>;
  readonly i2c?: { readonly pinSDA: string | number; readonly pinSCL: string | number };
  readonly led?: { readonly isMono?: boolean; readonly type?: number; readonly pin?: number | string };
  readonly services?: readonly DeviceScriptService[];
  readonly $services?: readonly DeviceScriptService[];
}

interface DeviceScriptService {
  readonly name: string;
  readonly service: string;
  readonly pin?: number | string;
}

const FIRST_BOARD = "adafruit_feather_esp32_s2: {";

let catalog: Readonly<Record<string, DeviceScriptBoard>> | undefined;

/** All boards of the installed DeviceScript, by id. @throws BoardsError if its bundle is not as expected */
function deviceScriptBoards(): Readonly<Record<string, DeviceScriptBoard>> {
  if (!catalog) {
    const path = createRequire(import.meta.url).resolve("@devicescript/cli/built/devicescript-cli.cjs");
    const bundle = readFileSync(path, "utf8");
    const start = bundle.lastIndexOf("{", bundle.indexOf(FIRST_BOARD) - 1);
    if (start < 0)
      throw new BoardsError("the installed @devicescript/cli lists no boards where chirpfob looks for them");
    // An object literal of constants, out of a package that is pinned by its digest in package-lock.json.
    catalog = runInNewContext(`(${objectLiteral(bundle, start)})`, {}) as Record<string, DeviceScriptBoard>;
  }
  return catalog;
}

/**
 * DeviceScript's definition of a board of ours.
 *
 * @throws BoardsError if it has no such board, pin, button or light, or uses a pin of the entry for something else
 */
export function checkAgainstDeviceScript(board: BoardEntry): DeviceScriptBoard {
  const known = deviceScriptBoards()[board.deviceScript];
  const fail = (message: string): never => {
    throw new BoardsError(`boards.json: board ${board.id}: ${message}`);
  };
  if (!known) return fail(`DeviceScript has no board "${board.deviceScript}"`);
  if (known.archId !== board.family) fail(`${board.deviceScript} is an ${known.archId}, not an ${board.family}`);
  const names = Object.keys(known.pins);
  for (const [use, name] of pinsOf(board))
    if (!names.includes(name)) fail(`${use}: ${board.deviceScript} has no pin ${name}; it has ${names.join(", ")}`);
  if (board.clock !== "none" && !known.i2c)
    fail(`DeviceScript's definition of ${board.deviceScript} names no I2C pins, so it can have no clock chip`);
  if (board.light.kind === "board" && known.led?.isMono !== undefined && known.led.isMono === board.light.rgb)
    fail(`the light of ${board.deviceScript} is ${known.led.isMono ? "not " : ""}RGB`);
  if (board.light.kind === "board" && !known.led) fail(`${board.deviceScript} has no light of its own`);
  const buttons = [...(known.services ?? []), ...(known.$services ?? [])].filter((s) => s.service === "button");
  const { button } = board;
  const own = button.kind === "board" ? buttons.find(({ name }) => name === button.name) : undefined;
  if (button.kind === "board" && !own) fail(`${board.deviceScript} has no button "${button.name}"`);
  const gpio = (pin: number | string | undefined) => (typeof pin === "string" ? known.pins[pin] : pin);
  const taken = new Map<number | undefined, string>();
  if (board.light.kind === "board") taken.set(gpio(known.led?.pin), "the light");
  if (own) taken.set(gpio(own.pin), "the button");
  if (board.clock !== "none")
    for (const pin of [known.i2c?.pinSDA, known.i2c?.pinSCL]) taken.set(gpio(pin), "the clock chip");
  for (const [use, name] of pinsOf(board)) {
    const owner = taken.get(known.pins[name]);
    if (owner !== undefined) fail(`${use}: ${name} is the pin of ${owner} on ${board.deviceScript}`);
  }
  return known;
}

/** The object literal that begins at `start`: up to its closing brace, strings skipped. */
function objectLiteral(text: string, start: number): string {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
    } else if (character === "{") depth++;
    else if (character === "}" && --depth === 0) return text.slice(start, at + 1);
  }
  throw new BoardsError("the installed @devicescript/cli holds an unfinished list of boards");
}
