// Puts a compiled program on a board through the DeviceScript manager service, over the same serial line as everything else.
// The image travels in a Jacdac pipe: numbered packets, each acknowledged by the CRC of its frame.

import type { Packet } from "jacdac-ts";
import { retry } from "../base/retry";
import { sha256 } from "../base/sha256";
import { pause } from "../base/timers";
import { type BoardConnection, packetTo, type ServiceAddress } from "./board";
import { DeviceError } from "./deviceError";

/** Class of the DeviceScript manager service. */
const MANAGER_SERVICE_CLASS = 0x1134ea2b;

const COMMAND_DEPLOY = 0x80;
const REGISTER_RUNNING = 0x80;
const REGISTER_AUTOSTART = 0x81;
const REGISTER_PROGRAM_SHA256 = 0x182;
const CONTROL_SERVICE_INDEX = 0;
const CONTROL_COMMAND_RESET = 0x82;

const PIPE_SERVICE_INDEX = 0x3e;
const ACK_SERVICE_INDEX = 0x3f;
const PIPE_PORT_SHIFT = 7;
const PIPE_COUNTER_MASK = 0x1f;
const PIPE_CLOSE = 0x20;
/** Bytes of a pipe packet; the manager takes multiples of 8. */
const CHUNK_BYTES = 224;

const FIND_MS = 5000;
/** The manager erases its flash before it opens the pipe. */
const OPEN_TRIES_MS = [3000, 3000, 3000];
const ACK_TRIES_MS = [60, 120, 250, 500, 1000, 2000];
const RESTART_MS = 10_000;
const RESTART_POLL_MS = 200;

/** The manager of a board's programs. @throws DeviceError if the board has none */
export async function findManager(board: BoardConnection): Promise<ServiceAddress> {
  const manager = await board.findService(MANAGER_SERVICE_CLASS, FIND_MS);
  if (manager) return manager;
  throw new DeviceError(
    "notKeyfob",
    `the device on ${board.address} has no DeviceScript runtime that takes programs: put one there with "chirpfob flash"`,
  );
}

/** SHA-256 of the program that the board holds, or undefined if it has none. */
export async function programDigest(board: BoardConnection, manager: ServiceAddress): Promise<Buffer | undefined> {
  const digest = await board.readRegister(manager, REGISTER_PROGRAM_SHA256);
  return digest?.some((byte) => byte !== 0) ? digest : undefined;
}

/**
 * Writes `image` to the board and restarts the board. Some boards drop off the bus with that: open the port again then,
 * and call awaitProgram().
 *
 * @throws DeviceError
 */
export async function deploy(
  board: BoardConnection,
  image: Uint8Array,
  onProgress: (bytes: number) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const manager = await findManager(board);
  const port = await openPipe(board, manager, image.length);
  let count = 0;
  const send = async (flags: number, data: Uint8Array) => {
    const command = (port << PIPE_PORT_SHIFT) | flags | (count++ & PIPE_COUNTER_MASK);
    await sendAcknowledged(board, { deviceId: manager.deviceId, serviceIndex: PIPE_SERVICE_INDEX }, command, data);
  };
  for (let at = 0; at < image.length; at += CHUNK_BYTES) {
    signal?.throwIfAborted();
    await send(0, image.subarray(at, at + CHUNK_BYTES));
    onProgress(Math.min(at + CHUNK_BYTES, image.length));
  }
  await send(PIPE_CLOSE, Buffer.alloc(0));
  await board.writeRegister(manager, REGISTER_AUTOSTART, Buffer.from([1]));
  await restartBoard(board, manager);
}

/**
 * Waits until the board runs `image`.
 *
 * @returns SHA-256 of the program as the board read it back
 * @throws DeviceError if the line breaks, or the board does not start, or holds something else
 */
export async function awaitProgram(board: BoardConnection, image: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
  const manager = await findManager(board);
  const expected = sha256(Buffer.from(image));
  let held: Buffer | undefined;
  const isHeld = async (): Promise<Buffer | undefined> => {
    const running = await board.readRegister(manager, REGISTER_RUNNING);
    if (running?.[0] !== 1) return undefined;
    held = await programDigest(board, manager);
    return held?.equals(expected) ? held : undefined;
  };
  // It goes on for a moment before it restarts.
  await pause(RESTART_POLL_MS, signal);
  const program = await retry(isHeld, { pauseMs: RESTART_POLL_MS, limitMs: RESTART_MS, signal });
  if (program) return program;
  throw new DeviceError(
    "noAnswer",
    held
      ? "the board runs another program than the one it was given: repeat the command"
      : "the board took the program but does not start it: repeat the command, and if that fails flash it anew",
  );
}

/** Restarts a board as its reset button does. */
export async function restartBoard(board: BoardConnection, anyService: ServiceAddress): Promise<void> {
  await board.send(
    { deviceId: anyService.deviceId, serviceIndex: CONTROL_SERVICE_INDEX },
    CONTROL_COMMAND_RESET,
    Buffer.alloc(0),
  );
}

async function openPipe(board: BoardConnection, manager: ServiceAddress, bytes: number): Promise<number> {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes);
  const port = await board.exchange(
    manager,
    () => packetTo(manager, COMMAND_DEPLOY, size),
    OPEN_TRIES_MS,
    (packet) =>
      packet.serviceCommand === COMMAND_DEPLOY && packet.data.length >= 2
        ? Buffer.from(packet.data).readUInt16LE(0)
        : undefined,
  );
  if (port) return port;
  if (port === 0)
    throw new DeviceError("noAnswer", `the board refuses a program of ${bytes} bytes: it has no room for it`);
  throw new DeviceError("noAnswer", "the board does not take a program: unplug it, plug it in again and try again");
}

async function sendAcknowledged(
  board: BoardConnection,
  pipe: ServiceAddress,
  command: number,
  data: Uint8Array,
): Promise<void> {
  const packet = packetTo(pipe, command, data);
  packet.requiresAck = true;
  const frameCrc = Buffer.from(packet.toBuffer()).readUInt16LE(0);
  const acknowledges = (got: Packet) => (got.serviceCommand === frameCrc ? true : undefined);
  const from = { deviceId: pipe.deviceId, serviceIndex: ACK_SERVICE_INDEX };
  if (await board.exchange(from, () => packet, ACK_TRIES_MS, acknowledges)) return;
  throw new DeviceError(
    "noAnswer",
    "the board stopped taking the program: unplug it, plug it in again and repeat the command (nothing else is lost)",
  );
}
