// What depends on whether a person is looking: colours, progress bars, questions.

import { createInterface } from "node:readline/promises";
import { CliError, EXIT } from "./errors";

/** Whether stderr is a terminal: somebody is looking. */
export function isInteractive(): boolean {
  return process.stderr.isTTY === true;
}

/** Whether a line on stderr can be written over; a "dumb" terminal (an editor's, a teletype) only adds to it. */
export function canRedraw(environment: NodeJS.ProcessEnv = process.env): boolean {
  return isInteractive() && environment.TERM !== "dumb";
}

/** Text in bold on a terminal, unless NO_COLOR says otherwise (no-color.org). */
export function bold(text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return isColoured(stream) ? `\x1b[1m${text}\x1b[22m` : text;
}

/** Whether escape sequences for colour may be written to a stream. */
export function isColoured(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
}

/** Asks a yes/no question. Without a terminal there is nobody to ask. */
export async function confirm(question: string, insteadOption: string, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, `answer it beforehand with ${insteadOption}`, signal);
  return /^y(es)?$/i.test(answer.trim());
}

/** Lets a person choose one of several. @returns its index */
export async function choose(
  title: string,
  choices: readonly string[],
  insteadOption: string,
  signal: AbortSignal,
): Promise<number> {
  process.stderr.write(`${title}\n${choices.map((choice, i) => `  ${i + 1}  ${choice}\n`).join("")}`);
  for (;;) {
    const answer = await ask(`Which one? (1 to ${choices.length}) `, `choose with ${insteadOption}`, signal);
    const number = Number(answer.trim());
    if (Number.isInteger(number) && number >= 1 && number <= choices.length) return number - 1;
  }
}

async function ask(question: string, instead: string, signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new CliError(EXIT.usage, `there is no terminal to ask on: ${instead}`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const controller = new AbortController();
  // Ctrl-C at the prompt reaches readline, not the process; a closed stdin is no answer either.
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  lines.on("close", () => controller.abort());
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, controller.signal]) });
  } catch {
    signal.throwIfAborted();
    throw new CliError(EXIT.usage, `no answer was given: ${instead}`);
  } finally {
    lines.close();
  }
}
