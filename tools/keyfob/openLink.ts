import { DeviceError } from "./deviceError";
import type { Link, LinkEvents } from "./link";
import { openSerial } from "./serialLink";
import { openTcp } from "./tcpLink";

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
