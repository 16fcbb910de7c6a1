import { SerialPort } from "serialport";
import { BoardConnection } from "./board";
import { DeviceError } from "./deviceError";
import { Keyfob } from "./keyfob";
import type { KeyfobStatus } from "./keyfobWire";

/** USB vendors whose chips sit on DeviceScript boards: Espressif, Silicon Labs, WCH, FTDI, Raspberry Pi, Seeed, Adafruit. */
const BOARD_VENDORS = ["303a", "10c4", "1a86", "0403", "2e8a", "2886", "239a"];

/** Further ports to look at, comma separated: for adapters that are not known here, and simulated keyfobs. */
export const PORTS_VARIABLE = "CHIRPFOB_PORTS";

const PROBE_HANDSHAKE_MS = 1500;
const PROBE_FIND_MS = 2000;

/** A port on which a keyfob may sit. */
export interface PortCandidate {
  readonly address: string;
  /** What the system says about it, or where we have it from. */
  readonly description: string;
}

/** What was found on a port. */
export interface PortProbe extends PortCandidate {
  readonly kind: "keyfob" | "repeater" | "board" | "other" | "unavailable";
  readonly status: KeyfobStatus | undefined;
  /** Why it is no keyfob. */
  readonly reason: string | undefined;
}

/**
 * Serial ports that may be a keyfob's, and those that CHIRPFOB_PORTS names. Nothing is opened.
 *
 * @throws DeviceError if the system does not say which ports it has, and none is named
 */
export async function listCandidates(environment: NodeJS.ProcessEnv = process.env): Promise<PortCandidate[]> {
  const ports = await SerialPort.list().catch((error: NodeJS.ErrnoException) => {
    if (environment[PORTS_VARIABLE]) return [];
    throw new DeviceError(
      "notFound",
      `the system does not say which serial ports it has (${error.code === "ENOENT" ? "there is no udevadm here" : error.message}): name the keyfob's with --port, or in ${PORTS_VARIABLE}`,
    );
  });
  const candidates = ports
    .filter(({ vendorId }) => vendorId !== undefined && BOARD_VENDORS.includes(vendorId.toLowerCase()))
    .map(({ path, manufacturer, serialNumber }) => ({
      address: path,
      description: [manufacturer, serialNumber].filter(Boolean).join(" ") || "USB serial port",
    }));
  const named = (environment[PORTS_VARIABLE] ?? "")
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "" && !candidates.some(({ address }) => address === text))
    .map((address) => ({ address, description: `named in ${PORTS_VARIABLE}` }));
  return [...candidates, ...named];
}

/** Opens a port for a moment to see what is there; changes nothing. */
export async function probe(candidate: PortCandidate): Promise<PortProbe> {
  let board: BoardConnection | undefined;
  try {
    board = await BoardConnection.open(candidate.address, { handshakeMs: PROBE_HANDSHAKE_MS });
    const keyfob = await Keyfob.on(board, PROBE_FIND_MS);
    const status = await keyfob.status();
    return { ...candidate, kind: status.role === "repeater" ? "repeater" : "keyfob", status, reason: undefined };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const kind =
      error.kind === "notKeyfob" || error.kind === "noAnswer"
        ? "board"
        : error.kind === "silent" || error.kind === "notJacdac"
          ? "other"
          : "unavailable";
    return { ...candidate, kind, status: undefined, reason: error.message };
  } finally {
    await board?.close();
  }
}

/** Probes all candidates at the same time. */
export async function probeAll(candidates: readonly PortCandidate[]): Promise<PortProbe[]> {
  return Promise.all(candidates.map(probe));
}
