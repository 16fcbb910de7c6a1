import { writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type BoardEntry, BoardsError, findBoard } from "../../boards/boards";
import DEFAULTS from "../../power/defaults.json" with { type: "json" };
import {
  chancesOfContact,
  FACE_TO_FACE,
  type RadioTimes,
  type Surroundings,
  shareOfMinutes,
} from "../../power/detection";
import { estimatePower } from "../../power/estimate";
import { plotTradeOff } from "../../power/plot";
import { TRADE_OFF_MINUTES, type TradeOff, tradeOffTable } from "../../power/tradeOff";
import { CliError, EXIT } from "../errors";
import { note, printJson, printLine, printTable } from "../output";

const CONTACT_MINUTES = [1, 2, 5, 10, 15];
/** What a Bluetooth controller can do: Core specification vol 4 part E 7.8.5 and 7.8.10. */
const SHORTEST_CHIRP_MS = 100;
const SHORTEST_SCAN_MS = 2.5;
const LONGEST_MS = 10_240;

interface PowerOptions {
  readonly board: string;
  readonly scan: { readonly windowMs: number; readonly intervalMs: number };
  readonly chirp: number;
  readonly neighbours: number;
  readonly svg?: string;
  readonly json?: boolean;
}

/** `chirpfob power`: battery life, and what is found for it. */
export function addPowerCommand(program: Command): void {
  const { scanWindowMs, scanIntervalMs, chirpIntervalMs } = DEFAULTS;
  program
    .command("power")
    .description("estimate battery life and the chance of hearing a contact")
    .requiredOption("--board <id>", "a board of `chirpfob boards`")
    .addOption(
      new Option("--scan <window/interval>", "milliseconds that the radio listens, of how many")
        .argParser(parseScan)
        .default({ windowMs: scanWindowMs, intervalMs: scanIntervalMs }, `${scanWindowMs}/${scanIntervalMs}`),
    )
    .option("--chirp <ms>", "milliseconds between two chirps", parseMilliseconds, chirpIntervalMs)
    .option("--neighbours <n>", "other keyfobs in range", parseCount, FACE_TO_FACE.neighbours)
    .option("--svg <file>", "write a picture of the trade-off (replaces the file)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nAn estimate, not a measurement: docs/hardware.md explains the model and names its sources.\n\nExample:\n  chirpfob power --board xiao-c3 --scan 1100/10000 --chirp 1000 --svg power.svg",
    )
    .action(power);
}

function power(options: PowerOptions): void {
  const board = boardOf(options.board);
  const times: RadioTimes = {
    chirpIntervalMs: options.chirp,
    scanIntervalMs: options.scan.intervalMs,
    scanWindowMs: options.scan.windowMs,
  };
  const surroundings: Surroundings = { ...FACE_TO_FACE, neighbours: options.neighbours };
  const estimate = estimatePower(board, times);
  const chances = chancesOfContact(times, surroundings, CONTACT_MINUTES);
  const contacts = CONTACT_MINUTES.map((minutes, i) => ({ minutes, found: chances[i] as number }));
  const minutesCounted = shareOfMinutes(times, surroundings);
  const tradeOff = tradeOffTable(board, times, surroundings);
  if (options.svg !== undefined) writePicture(options.svg, plotTradeOff(board, times, surroundings));
  if (options.json) printJson({ board: board.id, ...times, ...estimate, contacts, minutesCounted, tradeOff });
  else {
    printLine(`${board.name}\n`);
    for (const { what, milliamperes, source } of estimate.shares)
      printLine(`  ${what.padEnd(18)}${milliamperes.toFixed(2).padStart(8)} mA   ${source}`);
    printLine(`  ${"together".padEnd(18)}${estimate.milliamperes.toFixed(2).padStart(8)} mA`);
    printLine(`\n${batteryLine(board, estimate.hours)}\n`);
    for (const { minutes, found } of contacts)
      printLine(`  a contact of ${String(minutes).padStart(2)} min is found in ${percent(found)} of cases`);
    printLine(`  of a long contact's minutes ${percent(minutesCounted)} are counted\n`);
    printTradeOff(tradeOff, times);
  }
}

/** A line for each scan window: what it costs, and what it finds. */
function printTradeOff(rows: readonly TradeOff[], { scanIntervalMs, chirpIntervalMs }: RadioTimes): void {
  printLine(`Listening less or more, of each ${scanIntervalMs} ms, with a chirp every ${chirpIntervalMs} ms:\n`);
  const found = TRADE_OFF_MINUTES.map((minutes) => `${minutes} min found`);
  const cells = rows.map(({ scanWindowMs, milliamperes, hours, found: chances, isChosen }) => [
    `  ${scanWindowMs} ms`,
    `${milliamperes.toFixed(2)} mA`,
    hours === undefined ? "mains" : `${Math.round(hours)} h`,
    ...chances.map(percent),
    isChosen ? "<- this setting" : "",
  ]);
  printTable(["  window", "current", "battery", ...found, ""], cells);
}

function batteryLine(board: BoardEntry, hours: number | undefined): string {
  if (board.battery.kind !== "lipo" || hours === undefined) return "It runs from a USB supply.";
  return `A cell of ${board.battery.capacityMah} mAh lasts about ${Math.round(hours)} hours.`;
}

function boardOf(id: string): BoardEntry {
  try {
    return findBoard(id);
  } catch (error) {
    if (error instanceof BoardsError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

function writePicture(path: string, svg: string): void {
  try {
    writeFileSync(path, svg);
  } catch (error) {
    throw new CliError(EXIT.input, `the picture cannot be written: ${(error as Error).message}`);
  }
  note(`wrote ${path}`);
}

function parseScan(value: string): { windowMs: number; intervalMs: number } {
  const [window = "", interval = "", ...rest] = value.split("/");
  const [windowMs, intervalMs] = [Number(window), Number(interval)];
  if (rest.length > 0 || !(windowMs >= SHORTEST_SCAN_MS && windowMs <= intervalMs && intervalMs <= LONGEST_MS))
    throw new InvalidArgumentError(`give window/interval in ms, such as 1100/10000; both from 2.5 to ${LONGEST_MS}.`);
  return { windowMs, intervalMs };
}

function parseMilliseconds(value: string): number {
  const ms = Number(value);
  if (!(ms >= SHORTEST_CHIRP_MS && ms <= LONGEST_MS))
    throw new InvalidArgumentError(`give milliseconds from ${SHORTEST_CHIRP_MS} to ${LONGEST_MS}.`);
  return ms;
}

function parseCount(value: string): number {
  const count = Number(value);
  if (!(Number.isInteger(count) && count >= 0 && count <= 10_000))
    throw new InvalidArgumentError("give a whole number.");
  return count;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
