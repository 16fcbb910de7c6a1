// Words of the command line to values; every refusal is one line that says what was expected.

import { readFile } from "node:fs/promises";
import { FormatError } from "../../protocol/base/formatError";
import { CliError, EXIT } from "./errors";

/** Reads hexadecimal digits as bytes. @param bytes how many there must be; without it any number */
export function parseHex(name: string, text: string, bytes?: number): Buffer {
  if (!/^([0-9a-fA-F]{2})*$/.test(text))
    throw new CliError(EXIT.input, `${name} must be hexadecimal digits in pairs, got "${shorten(text)}"`);
  if (bytes !== undefined && text.length !== 2 * bytes)
    throw new CliError(
      EXIT.input,
      `${name} must be ${bytes} bytes (${2 * bytes} hexadecimal digits), got ${text.length / 2}`,
    );
  return Buffer.from(text, "hex");
}

/** Reads a whole decimal number from `min` to `max`. */
export function parseWhole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max)
    throw new CliError(EXIT.input, `${name} must be a whole number from ${min} to ${max}, got "${shorten(text)}"`);
  return value;
}

/** Reads a decimal number, such as 0.25 or 1e-4, from `min` to `max`. */
export function parseNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || value < min || value > max)
    throw new CliError(EXIT.input, `${name} must be a number from ${min} to ${max}, got "${shorten(text)}"`);
  return value;
}

/** More numbers than this are a mistake. */
const MAX_NUMBERS = 1001;

/** Reads a list of numbers, `0,0.5,1`, or a span with a step, `0:1:0.1`; ascending, each once. */
export function parseNumbers(name: string, text: string, min: number, max: number): number[] {
  const [from, to, step, ...more] = text.split(":").map((part) => part.trim());
  if (from === undefined || to === undefined)
    return [...new Set(text.split(",").map((part) => parseNumber(name, part.trim(), min, max)))].sort((a, b) => a - b);
  if (step === undefined || more.length > 0)
    throw new CliError(
      EXIT.input,
      `${name} must be a list (0,0.5,1) or from:to:step (0:1:0.1), got "${shorten(text)}"`,
    );
  const [first, last, by] = [
    parseNumber(name, from, min, max),
    parseNumber(name, to, min, max),
    parseNumber(name, step, 0, max),
  ];
  if (!(by > 0 && last >= first && (last - first) / by < MAX_NUMBERS))
    throw new CliError(
      EXIT.input,
      `${name} must go from a smaller to a larger number in at most ${MAX_NUMBERS - 1} steps, got "${shorten(text)}"`,
    );
  return Array.from({ length: Math.floor((last - first) / by + 1e-9) + 1 }, (_, i) =>
    Number((first + i * by).toPrecision(12)),
  );
}

/** Reads a whole file, or says in one line why it cannot be read. */
export async function readInput(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : String(code);
    throw new CliError(EXIT.input, `cannot read ${path}: ${why}`);
  }
}

/** Runs a decoder of protocol/ and turns its FormatError into a message for people. */
export function decodeInput<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof FormatError) throw new CliError(EXIT.input, `${what} is not valid: ${error.message}`);
    throw error;
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
