// Everything that commands print. Much of it was said by a device, a server or a file: nothing may move the cursor.

import { layOutTable, type Side } from "../base/tables";

/** What a terminal must not get from a stranger: control and formatting characters, but for our own line ends and bold type. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const UNSAFE = /(?!\n|\x1b\[(?:1|22)m)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function safe(text: string): string {
  return text.replace(UNSAFE, "?");
}

/** Prints a command's answer as it stands, line ends included. */
export function print(text: string): void {
  process.stdout.write(safe(text));
}

/** Prints one machine-readable answer, pretty enough to read. */
export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints one line of a command's answer. */
export function printLine(line: string): void {
  print(`${line}\n`);
}

/** Prints a message for people; it goes to stderr, so that stdout stays parseable. */
export function note(message: string): void {
  process.stderr.write(`${safe(message)}\n`);
}

/** Writes over the last line of stderr, on a terminal that can. */
export function drawLine(text: string): void {
  process.stderr.write(`\r\x1b[K${safe(text)}`);
}

/** Clears that line, for the message that follows. */
export function clearLine(): void {
  process.stderr.write("\r\x1b[K");
}

/** Prints named facts for people, one a line; nested values as compact JSON. */
export function printFacts(facts: Record<string, unknown>): void {
  const rows = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "-"),
  ]);
  printRows(rows);
}

/** Rows without a head, in columns. */
export function printRows(rows: readonly (readonly string[])[], sides?: readonly Side[]): void {
  for (const line of layOutTable(rows, sides)) printLine(line);
}

/** A table: the first and the last column begin at their left edge, the figures between them end at their right one. */
export function printTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  sides?: readonly Side[],
): void {
  printRows([head, ...rows], sides);
}
