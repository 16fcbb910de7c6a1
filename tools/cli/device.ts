// How commands reach a keyfob: which port, and everything closed again whatever happens.

import type { Command } from "commander";
import { Board } from "../keyfob/board";
import { DeviceError } from "../keyfob/deviceError";
import { Keyfob, pause } from "../keyfob/keyfob";
import { listCandidates, type PortProbe, probeAll } from "../keyfob/ports";
import { CliError, EXIT } from "./errors";
import { interruptible } from "./interrupt";
import { note } from "./output";
import { choose, isInteractive } from "./terminal";

export interface PortOptions {
  port?: string;
}

/** How long a pulled cable may stay out before a command gives up. */
const REPLUG_LIMIT_MS = 120_000;
const REPLUG_POLL_MS = 500;

/** What most commands are about. */
const KEYFOBS: readonly PortProbe["kind"][] = ["keyfob", "repeater"];

/** Adds --port, which every command that talks to a device has. */
export function addPortOption(command: Command): Command {
  return command.option(
    "--port <port>",
    "serial port, or tcp://host:port of a simulated keyfob; found by itself if there is one (or set CHIRPFOB_PORT)",
  );
}

/** A keyfob in use. After the line was lost, reconnect() replaces it. */
export interface KeyfobSession {
  readonly keyfob: Keyfob;
  readonly signal: AbortSignal;
  /** Waits until the same port is there again, at most two minutes. @throws DeviceError */
  reconnect(): Promise<void>;
}

/** Opens the keyfob that the options name, runs `work`, and closes it again. */
export function withKeyfob<T>(options: PortOptions, work: (session: KeyfobSession) => Promise<T>): Promise<T> {
  return withPort(options, KEYFOBS, async (session) => {
    let keyfob = await Keyfob.on(session.board);
    return work({
      get keyfob() {
        return keyfob;
      },
      signal: session.signal,
      reconnect: async () => {
        await session.reconnect();
        keyfob = await Keyfob.on(session.board);
      },
    });
  });
}

/** A board in use. After the line was lost, reconnect() replaces it. */
export interface BoardSession {
  readonly board: Board;
  readonly signal: AbortSignal;
  /** Waits until the same port is there again, at most two minutes. @throws DeviceError */
  reconnect(): Promise<void>;
}

/** As withKeyfob, for a board that may have no keyfob program yet, and so never takes the one that has for what is meant. */
export function withBoard<T>(options: PortOptions, work: (session: BoardSession) => Promise<T>): Promise<T> {
  return withPort(options, [], work);
}

function withPort<T>(
  options: PortOptions,
  preferred: readonly PortProbe["kind"][],
  work: (session: BoardSession) => Promise<T>,
): Promise<T> {
  return interruptible(async (signal) => {
    const address = await choosePort(options, preferred, signal);
    let board = await Board.open(address);
    try {
      return await work({
        get board() {
          return board;
        },
        signal,
        reconnect: async () => {
          await board.close();
          board = await reopen(address, signal);
        },
      });
    } finally {
      await board.close();
    }
  });
}

/**
 * The port that --port or CHIRPFOB_PORT names, or the only one, or the one that the person chooses.
 *
 * @param preferred what is meant where several ports have different things; without any, each port may be
 */
export async function choosePort(
  options: PortOptions,
  preferred: readonly PortProbe["kind"][],
  signal: AbortSignal,
): Promise<string> {
  const named = options.port ?? process.env.CHIRPFOB_PORT;
  if (named) return named;
  const candidates = await listCandidates();
  const [only] = candidates;
  if (!only)
    throw new CliError(
      EXIT.noDevice,
      'no keyfob is plugged in: connect it with a cable that carries data, or name its port with --port ("chirpfob doctor" helps)',
    );
  if (candidates.length === 1) return only.address;
  const probes = await probeAll(candidates);
  // A port that another program holds may lead to the very keyfob that is meant: somebody else's must not be taken in its stead.
  const eligible = probes.some(({ kind }) => preferred.includes(kind))
    ? probes.filter(({ kind }) => preferred.includes(kind) || kind === "unavailable")
    : probes;
  const [single] = eligible;
  if (eligible.length === 1 && single) return single.address;
  const lines = eligible.map(describeProbe);
  if (!isInteractive() || process.stdin.isTTY !== true)
    throw new CliError(EXIT.noDevice, `several devices are plugged in: choose one with --port\n${lines.join("\n")}`);
  const chosen = eligible[await choose("Several devices are plugged in:", lines, "--port", signal)];
  return chosen?.address ?? "";
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

async function reopen(address: string, signal: AbortSignal): Promise<Board> {
  const deadline = Date.now() + REPLUG_LIMIT_MS;
  for (;;) {
    await pause(REPLUG_POLL_MS, signal);
    try {
      return await Board.open(address);
    } catch (error) {
      if (!(error instanceof DeviceError) || error.kind === "permission" || Date.now() > deadline) throw error;
    }
  }
}

/** Whether an error means that the line broke, so that reconnecting may help. */
export function isLineLoss(error: unknown): boolean {
  return error instanceof DeviceError && (error.kind === "lost" || error.kind === "noAnswer");
}

/** Tells that the keyfob was unplugged, and what happens now. */
export function noteUnplugged(): void {
  note(
    "The keyfob was unplugged or restarted. Plug it in again: the work goes on where it stopped (waiting up to 2 minutes).",
  );
}
