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
