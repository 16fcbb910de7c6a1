// A way to a server through a SOCKS proxy, encrypted up to the server, whatever the proxy sees of it.

import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { connectThrough, type SocksProxy } from "./proxy";

const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/**
 * Opens a connection through the proxy, with TLS for an https address.
 *
 * @param timeoutMs for all of it: reaching the proxy, its reaching the server, and the handshake
 * @throws the error of the operating system, of the proxy or of TLS; ETIMEDOUT
 */
export async function openTunnel(
  proxy: SocksProxy,
  url: URL,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (isTls ? HTTPS_PORT : HTTP_PORT) : Number(url.port);
  const socket = connect(proxy.port, proxy.host);
  const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
  const giveUp = () => socket.destroy();
  limit.addEventListener("abort", giveUp);
  try {
    await once(socket, "connect", { signal: limit });
    await connectThrough(socket, proxy, host, port);
    return isTls ? await encrypted(socket, host) : socket;
  } catch (error) {
    socket.destroy();
    if (limit.aborted) throw Object.assign(new Error("timeout"), { code: "ETIMEDOUT" });
    throw error;
  } finally {
    limit.removeEventListener("abort", giveUp);
  }
}

/** Shakes hands with the server at the other end, whose certificate must be for `host`. */
function encrypted(socket: Socket, host: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    // An address is no server name (RFC 6066), but is compared with the certificate all the same.
    const name = isIP(host) === 0 ? { servername: host } : { host };
    const tls = connectTls({ socket, ...name, ALPNProtocols: ["http/1.1"] }, () => resolve(tls));
    tls.once("error", reject);
    tls.once("close", () => reject(Object.assign(new Error("cut off"), { code: "ECONNRESET" })));
  });
}
