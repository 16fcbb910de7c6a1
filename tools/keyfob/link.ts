import { DeviceError } from "./deviceError";
import { openSerial } from "./serialLink";
import { openTcp } from "./tcpLink";

/** A two-way stream of bytes to a board. */
export interface Link {
  /** As given by the person: a path or tcp://host:port. */
  readonly address: string;
  /** Resolves when the line can take more. After close() or a lost line it does nothing. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the link; safe to call again. */
  close(): Promise<void>;
}

/** What a link tells its owner. */
export interface LinkEvents {
  data(bytes: Buffer): void;
  /** The other side is gone: cable pulled, connection closed. Not called for one's own close(). */
  lost(reason: string): void;
}

const MAX_TCP_PORT = 65_535;

/** Opens a serial port by its path, or a TCP connection for tcp://host:port. @throws DeviceError */
export function openLink(address: string, events: LinkEvents): Promise<Link> {
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]+):(\d{1,5})\/?$/.exec(address);
  if (tcp && Number(tcp[2]) <= MAX_TCP_PORT)
    return openTcp(address, String(tcp[1]).replace(/^\[|\]$/g, ""), Number(tcp[2]), events);
  if (/^[a-z]+:\/\//i.test(address))
    throw new DeviceError(
      "address",
      `"${address}" is not a port: give a path such as /dev/ttyACM0, or tcp://host:port`,
    );
  return openSerial(address, events);
}
