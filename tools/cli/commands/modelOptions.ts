// What the commands of `chirpfob model` share: options of the disease, numbers, files, errors.

import type { Command } from "commander";
import { ModelError } from "../../epidemic/modelError";
import { DISEASE } from "../../epidemic/parameters";
import { CliError, EXIT } from "../errors";
import { parseNumber, readInput } from "../parse";

/** The line that begins every answer of a model. */
export const NOTICE = "A model, not a forecast.";

/** More people than this are no small network any more. */
export const MAX_PEOPLE = 1_000_000;
const MAX_RATE = 1e6;

export function withRates(command: Command): Command {
  const { incubation, infectious } = DISEASE;
  return command
    .option("--sigma <rate>", `one over the mean days from infection to being infectious`, String(1 / incubation.value))
    .option("--gamma <rate>", `one over the mean days of being infectious`, String(1 / infectious.value));
}

export function ratesOf({ sigma, gamma }: { readonly sigma: string; readonly gamma: string }) {
  return { sigma: positiveRate("--sigma", sigma), gamma: positiveRate("--gamma", gamma) };
}

export function rate(name: string, text: string): number {
  return parseNumber(name, text, 0, MAX_RATE);
}

export function positiveRate(name: string, text: string): number {
  return positive(name, text, MAX_RATE);
}

export function positive(name: string, text: string, max: number): number {
  const value = parseNumber(name, text, 0, max);
  if (value === 0) throw new CliError(EXIT.input, `${name} must be more than 0`);
  return value;
}

export async function readWith<T>(path: string, read: (text: string, name: string) => T): Promise<T> {
  const bytes = await readInput(path);
  return expected(() => read(bytes.toString("utf8"), path));
}

export function expected<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ModelError) throw new CliError(EXIT.input, error.message);
    throw error;
  }
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
