import type { Socket } from "node:net";
import { SocksClient } from "socks";
import { FeedError } from "./feedError";

/** A SOCKS5 proxy, such as Tor's. */
export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  readonly userId?: string;
  readonly password?: string;
}

const DEFAULT_PORT = 1080;

/** Reads socks5://[user:password@]host[:port]. Names are always resolved by the proxy, so socks5h:// means the same. */
export function parseProxy(text: string): SocksProxy {
  const proxy = read(text);
  if (!proxy) throw new FeedError("address", `--proxy must be socks5://host:port, got "${text}"`);
  return proxy;
}

function read(text: string): SocksProxy | undefined {
  try {
    const url = new URL(text);
    if (!/^socks5h?:$/.test(url.protocol) || url.hostname === "") return undefined;
    return {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? DEFAULT_PORT : Number(url.port),
      ...(url.username ? { userId: decodeURIComponent(url.username), password: decodeURIComponent(url.password) } : {}),
    };
  } catch {
    // No address, or a percent sign in user or password that begins no character.
    return undefined;
  }
}

/**
 * Has the proxy connect `socket`, an open connection to it, with `host`. The name travels to the proxy as a name: this computer
 * asks no DNS server.
 */
export async function connectThrough(socket: Socket, proxy: SocksProxy, host: string, port: number): Promise<void> {
  const { userId, password } = proxy;
  await SocksClient.createConnection({
    command: "connect",
    existing_socket: socket,
    proxy: {
      host: proxy.host,
      port: proxy.port,
      type: 5,
      ...(userId === undefined ? {} : { userId, password: password ?? "" }),
    },
    destination: { host, port },
  });
}
