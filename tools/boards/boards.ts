// boards.json: which boards chirpfob knows, and what is soldered to which pin.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { programFile } from "../base/root";

const BOARDS_FILE = programFile("boards.json");

const pin = z.string().min(1).describe("A pin by the name that DeviceScript's board definition gives it");
const txPowerDbm = z.int().min(-40).max(20).describe("Transmit power in dBm; it is sent in every chirp");

const radio = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("native"), txPowerDbm }).describe("The chip's own radio, through firmware/native"),
  z
    .strictObject({ kind: z.literal("bluenrg-ms"), select: pin, interrupt: pin, reset: pin, txPowerDbm })
    .describe("ST BlueNRG-MS on the SPI bus"),
  z
    .strictObject({
      kind: z.literal("zephyr-spi"),
      chip: z.enum(["nrf52832", "nrf52840", "nrf5340"]),
      select: pin,
      interrupt: pin,
      reset: pin.optional(),
      txPowerDbm,
    })
    .describe("A Nordic module that runs Zephyr's hci_spi, on the SPI bus"),
]);

const flash = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("partition") }).describe("The partition chirplog, through firmware/native"),
  z
    .strictObject({ kind: z.literal("spi-nor"), chip: z.string().min(1), select: pin })
    .describe("A NOR flash chip on the SPI bus; `chip` is for the parts list, the driver asks the chip itself"),
]);

const board = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be lower-case words joined by hyphens")
      .describe("What is typed after --board"),
    name: z.string().min(1).describe("Maker and product, and what is added to it"),
    deviceScript: z.string().min(1).describe("DeviceScript's board id, as in @dsboard/ID"),
    family: z.enum(["esp32", "esp32c3", "esp32s2", "esp32s3"]).describe("The chip"),
    roles: z.array(z.enum(["wearable", "repeater"])).min(1),
    features: z
      .array(z.enum(["findMy"]))
      .describe("What the wearable's program can do beyond the least, where the board has code space for it"),
    radio,
    flash,
    spi: z
      .strictObject({ sck: pin, miso: pin, mosi: pin, hz: z.int().min(100_000).max(8_000_000) })
      .optional()
      .describe("The SPI bus that radio module and NOR flash share"),
    clock: z
      .enum(["none", "ds3231", "pcf8563"])
      .describe("The clock chip on the I2C pins of DeviceScript's board definition"),
    button: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("board"), name: z.string().min(1) }).describe("A button that the board has"),
      z.strictObject({ kind: z.literal("pin"), pin }).describe("A button from this pin to ground"),
    ]),
    light: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("board"), rgb: z.boolean() }).describe("The board's status light"),
      z.strictObject({ kind: z.literal("pin"), pin, activeHigh: z.boolean() }).describe("An LED at this pin"),
    ]),
    battery: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("lipo"), capacityMah: z.int().min(50).max(20_000) }),
      z.strictObject({ kind: z.literal("mains") }).describe("A USB supply"),
    ]),
    overheadMa: z.number().min(0).max(100).describe("What regulator, charger and power light of the board draw"),
  })
  .superRefine((entry, context) => {
    for (const message of contradictions(entry)) context.addIssue({ code: "custom", message, path: [] });
  });

const boardsFile = z.strictObject({ $schema: z.string().optional(), boards: z.array(board).min(1) });

/** A board and what is connected to it. */
export type BoardEntry = z.infer<typeof board>;

/** boards.json is not valid; the message lists everything that is wrong with it, one line each. */
export class BoardsError extends Error {
  override readonly name = "BoardsError";
}

/** The JSON schema of boards.json, for editors; tools/boards/boards.schema.json holds it. */
export function boardsSchema(): unknown {
  return z.toJSONSchema(boardsFile);
}

/** Reads boards.json. @throws BoardsError */
export function loadBoards(path = BOARDS_FILE): BoardEntry[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new BoardsError(`${path} cannot be read: ${(error as Error).message}`);
  }
  return parseBoards(text);
}

/** Parses the text of a boards.json. @throws BoardsError */
export function parseBoards(text: string): BoardEntry[] {
  let json: unknown;
  try {
    // Windows programs begin a text with a byte order mark.
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new BoardsError(`boards.json is not JSON: ${(error as Error).message}`);
  }
  const result = boardsFile.safeParse(json);
  if (!result.success)
    throw new BoardsError(result.error.issues.map(({ path, message }) => describe(json, path, message)).join("\n"));
  const { boards } = result.data;
  const doubled = boards.find(({ id }, at) => boards.findIndex((other) => other.id === id) !== at);
  if (doubled) throw new BoardsError(`boards.json: the id ${doubled.id} is given twice`);
  return boards;
}

/** The board with this id. @throws BoardsError that lists those there are */
export function findBoard(id: string, boards = loadBoards()): BoardEntry {
  const found = boards.find((entry) => entry.id === id);
  if (found) return found;
  throw new BoardsError(`no board is called "${id}"; there are ${boards.map((entry) => entry.id).join(", ")}`);
}

/** Every pin of a board that an entry uses, by what it is used for. */
export function pinsOf(entry: BoardEntry): Map<string, string> {
  const { radio: r, flash: f, spi, button, light } = entry;
  const uses: [string, string | undefined][] = [
    ["spi.sck", spi?.sck],
    ["spi.miso", spi?.miso],
    ["spi.mosi", spi?.mosi],
    ["radio.select", "select" in r ? r.select : undefined],
    ["radio.interrupt", "interrupt" in r ? r.interrupt : undefined],
    ["radio.reset", "reset" in r ? r.reset : undefined],
    ["flash.select", "select" in f ? f.select : undefined],
    ["button.pin", "pin" in button ? button.pin : undefined],
    ["light.pin", "pin" in light ? light.pin : undefined],
  ];
  return new Map(uses.filter((use): use is [string, string] => use[1] !== undefined));
}

/** What a schema cannot say: rules between the fields of an entry. */
function contradictions(entry: BoardEntry): string[] {
  const found: string[] = [];
  const { family, radio: r, flash: f, spi, roles, battery } = entry;
  if (family === "esp32s2" && r.kind === "native")
    found.push("the ESP32-S2 has no Bluetooth: radio.kind must be a radio module");
  if (f.kind === "partition" && r.kind !== "native")
    found.push('flash.kind "partition" needs the native component, and so radio.kind "native"');
  if ((r.kind !== "native" || f.kind === "spi-nor") && !spi)
    found.push("spi is missing: radio module and NOR need a bus");
  if (spi && r.kind === "native" && f.kind === "partition") found.push("spi is given, but nothing is connected to it");
  if (battery.kind === "mains" && roles.includes("wearable") && !roles.includes("repeater"))
    found.push("a board that is only a wearable needs a battery");
  const used = [...pinsOf(entry)];
  for (const [at, [use, name]] of used.entries()) {
    const [earlier] = used.slice(0, at).find(([, other]) => other === name) ?? [];
    if (earlier) found.push(`${use} and ${earlier} are the same pin, ${name}`);
  }
  return found;
}

/** "boards.json: board 3 (xiao-c3), radio.kind: ..." */
function describe(json: unknown, path: readonly PropertyKey[], message: string): string {
  const [list, at, ...rest] = path;
  if (list !== "boards" || typeof at !== "number") return `boards.json: ${[...path.map(String), message].join(": ")}`;
  const entry = (json as { boards: { id?: unknown }[] }).boards[at];
  const named = typeof entry?.id === "string" ? ` (${entry.id})` : "";
  const field = rest.length > 0 ? `, ${rest.join(".")}` : "";
  return `boards.json: board ${at + 1}${named}${field}: ${message}`;
}
