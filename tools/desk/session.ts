// A keyfob or board in use: everything closed again whatever happens, and found again after its cable was pulled.

import { retry } from "../base/retry";
import { pause } from "../base/timers";
import { BoardConnection } from "../keyfob/board";
import { DeviceError } from "../keyfob/deviceError";
import { Keyfob } from "../keyfob/keyfob";
import { listCandidates, type PortProbe, probeAll } from "../keyfob/ports";
import { DeskError } from "./deskError";
import type { Work } from "./events";

/** How long a pulled cable may stay out before the work is given up. */
const REPLUG_LIMIT_MS = 120_000;
const REPLUG_POLL_MS = 500;

/** A board in use. After the line was lost, reconnect() replaces it. */
export interface BoardSession extends Work {
  readonly board: BoardConnection;
  /** Waits until the same port is there again, at most two minutes. @throws DeviceError */
  reconnect(): Promise<void>;
}

/** A keyfob in use. After the line was lost, reconnect() replaces it. */
export interface KeyfobSession extends Work {
  readonly keyfob: Keyfob;
  /** Waits until the same port is there again, at most two minutes. @throws DeviceError */
  reconnect(): Promise<void>;
}

/** Opens the board on a port, runs `use`, and closes it again. @throws DeviceError */
export async function withBoardOn<T>(
  address: string,
  work: Work,
  use: (session: BoardSession) => Promise<T>,
): Promise<T> {
  let board = await BoardConnection.open(address);
  try {
    return await use({
      ...work,
      get board() {
        return board;
      },
      reconnect: async () => {
        await board.close();
        board = await reopen(address, work.signal);
      },
    });
  } finally {
    await board.close();
  }
}

/** As withBoardOn, for a board that runs a keyfob's program. @throws DeviceError */
export function withKeyfobOn<T>(address: string, work: Work, use: (session: KeyfobSession) => Promise<T>): Promise<T> {
  return withBoardOn(address, work, async (session) => {
    let keyfob = await Keyfob.on(session.board);
    return use({
      ...work,
      get keyfob() {
        return keyfob;
      },
      reconnect: async () => {
        await session.reconnect();
        keyfob = await Keyfob.on(session.board);
      },
    });
  });
}

/**
 * The port of the only keyfob or board that is plugged in, or the one that the person chooses.
 *
 * @param preferred what is meant where several ports have different things; without any, each port may be
 * @param choose is asked where several are left
 * @throws DeskError if there is none
 */
export async function findPort(
  preferred: readonly PortProbe["kind"][],
  choose: (probes: readonly PortProbe[]) => Promise<PortProbe>,
): Promise<string> {
  const candidates = await listCandidates();
  const [only] = candidates;
  if (!only)
    throw new DeskError(
      "noDevice",
      'no keyfob is plugged in: connect it with a cable that carries data, or name its port with --port ("chirpfob doctor" helps)',
    );
  if (candidates.length === 1) return only.address;
  const probes = await probeAll(candidates);
  // A port that another program holds may lead to the very keyfob that is meant: somebody else's must not be taken in its stead.
  const eligible = probes.some(({ kind }) => preferred.includes(kind))
    ? probes.filter(({ kind }) => preferred.includes(kind) || kind === "unavailable")
    : probes;
  const [single] = eligible;
  return (eligible.length === 1 && single ? single : await choose(eligible)).address;
}

async function reopen(address: string, signal: AbortSignal): Promise<BoardConnection> {
  await pause(REPLUG_POLL_MS, signal);
  return (await retry(() => BoardConnection.open(address), {
    pauseMs: REPLUG_POLL_MS,
    limitMs: REPLUG_LIMIT_MS,
    mayPass: (error) => error instanceof DeviceError && error.kind !== "permission",
    signal,
  })) as BoardConnection;
}
