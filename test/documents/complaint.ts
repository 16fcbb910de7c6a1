import type { Command } from "commander";
import { createProgram } from "../../tools/cli/start/program";
import { words } from "./commandLines";

const PROGRAM: Command = await createProgram();

/**
 * What is wrong with a chirpfob command line, as far as the command's own definition tells; undefined if nothing is.
 *
 * @param isQuoted it only names a command in prose, so that arguments may be missing
 */
export function complaint(line: string, isQuoted = false): string | undefined {
  const [, ...rest] = words(line);
  const { command, options, positional, help, unknown } = read(rest);
  if (unknown !== undefined) return `${command.name()} has no option ${unknown}`;
  if (help) return undefined;
  if (command.commands.length > 0)
    return isQuoted && positional.length === 0
      ? undefined
      : `${command.name()} has no command ${positional[0] ?? "(none given)"}`;
  const variadic = command.registeredArguments.some((argument) => argument.variadic);
  if (!variadic && positional.length > command.registeredArguments.length)
    return `${command.name()} takes no ${positional.at(-1)}`;
  if (isQuoted) return undefined;
  const required = command.registeredArguments.filter((argument) => argument.required).length;
  if (positional.length < required) return `${command.name()} needs ${required} arguments`;
  const missing = command.options.find((o) => o.mandatory && !options.includes(o.long ?? ""));
  return missing ? `${command.name()} needs ${missing.long}` : undefined;
}

/** Whether a command line talks to a keyfob, and does not say which. */
export function needsKeyfob(line: string): boolean {
  const { command, options } = read(words(line).slice(1));
  return command.name() !== "serve" && command.options.some((o) => o.long === "--port") && !options.includes("--port");
}

/** The command that a command line names: "shards import". */
export function commandName(line: string): string {
  let { command } = read(words(line).slice(1));
  const names: string[] = [];
  for (; command.parent; command = command.parent) names.unshift(command.name());
  return names.join(" ");
}

interface Reading {
  readonly command: Command;
  /** Long names of the options that are given. */
  readonly options: readonly string[];
  readonly positional: readonly string[];
  readonly help: boolean;
  readonly unknown?: string;
}

function read(rest: readonly string[]): Reading {
  let command = PROGRAM;
  const known = [...command.options];
  const options: string[] = [];
  const positional: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] as string;
    const child = positional.length === 0 ? command.commands.find((c) => c.name() === word) : undefined;
    if (child) {
      command = child;
      known.push(...command.options);
    } else if (word === "--") {
      positional.push(...rest.slice(i + 1));
      break;
    } else if (word.startsWith("-") && word.length > 1) {
      if (word === "--help" || word === "-h") return { command, options, positional, help: true };
      const [name, inline] = word.split("=");
      const option = known.find((o) => o.long === name || o.short === name);
      if (!option) return { command, options, positional, help: false, unknown: word };
      options.push(option.long ?? word);
      if ((option.required || option.optional) && inline === undefined) i++;
    } else positional.push(word);
  }
  return { command, options, positional, help: false };
}
