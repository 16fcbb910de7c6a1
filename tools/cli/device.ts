// How commands reach a keyfob: which port, an interrupt that leaves it in order, and what is told meanwhile.

import type { Command } from "commander";
import type { Work } from "../desk/events";
import { type BoardSession, findPort, type KeyfobSession, withBoardOn, withKeyfobOn } from "../desk/session";
import type { PortProbe } from "../keyfob/ports";
import { CliError, EXIT } from "./errors";
import { interruptible } from "./interrupt";
import { Narrator } from "./narrator";
import { choose, isInteractive } from "./terminal";

export interface PortChoice {
  port?: string;
}

/** What most commands are about. */
const KEYFOBS: readonly PortProbe["kind"][] = ["keyfob", "repeater"];

/** Adds --port, which every command that talks to a device has. */
export function addPortOption(command: Command): Command {
  return command.option(
    "--port <port>",
    "serial port, or tcp://host:port of a simulated keyfob; found by itself if there is one (or set CHIRPFOB_PORT)",
  );
}

/** Runs a use case of the desk, tells what it tells, and lets Ctrl-C end it in order. */
export function atDesk<T>(use: (work: Work) => Promise<T>): Promise<T> {
  return interruptible((signal) => use(new Narrator().work(signal)));
}

/** Opens the keyfob that the options name, runs `use`, and closes it again. */
export function withKeyfob<T>(options: PortChoice, use: (session: KeyfobSession) => Promise<T>): Promise<T> {
  return atDesk(async (work) => withKeyfobOn(await choosePort(options, KEYFOBS, work.signal), work, use));
}

/** As withKeyfob, for a board that may have no keyfob program yet, and so never takes the one that has for what is meant. */
export function withBoard<T>(options: PortChoice, use: (session: BoardSession) => Promise<T>): Promise<T> {
  return atDesk(async (work) => withBoardOn(await choosePort(options, [], work.signal), work, use));
}

/** The port that the options or the environment name. */
export function namedPort(options: PortChoice): string | undefined {
  return options.port ?? (process.env.CHIRPFOB_PORT || undefined);
}

/** The port that --port or CHIRPFOB_PORT names, or the only one, or the one that the person chooses. */
export async function choosePort(
  options: PortChoice,
  preferred: readonly PortProbe["kind"][],
  signal: AbortSignal,
): Promise<string> {
  return namedPort(options) || findPort(preferred, (probes) => chooseProbe(probes, signal));
}

async function chooseProbe(probes: readonly PortProbe[], signal: AbortSignal): Promise<PortProbe> {
  const lines = probes.map(describeProbe);
  if (!isInteractive() || process.stdin.isTTY !== true)
    throw new CliError(EXIT.noDevice, `several devices are plugged in: choose one with --port\n${lines.join("\n")}`);
  return probes[await choose("Several devices are plugged in:", lines, "--port", signal)] as PortProbe;
}

/** One line about a port: what is there. */
export function describeProbe({ address, description, kind, status, reason }: PortProbe): string {
  const what = status
    ? `${kind} ${status.version}`
    : kind === "board"
      ? "board without keyfob program"
      : (reason ?? kind);
  return `${address}  ${what}  (${description})`;
}
