import { connect } from "node:net";
import { within } from "../base/timers";
import { DeviceError } from "./deviceError";
import type { Link, LinkEvents } from "./link";

const CONNECT_TIMEOUT_MS = 5000;

/** Connects to a simulated board, or to a serial port that another machine offers over TCP. @throws DeviceError */
export async function openTcp(address: string, host: string, port: number, events: LinkEvents): Promise<Link> {
  const socket = connect({ host, port, noDelay: true });
  const isConnected = await within<true>(CONNECT_TIMEOUT_MS, (done, fail) => {
    const onError = (error: NodeJS.ErrnoException) =>
      fail(
        new DeviceError("notFound", `cannot connect to ${address} (${error.code}): is the simulated keyfob running?`),
      );
    socket.once("connect", () => done(true));
    socket.on("error", onError);
    return () => socket.off("error", onError);
  });
  if (!isConnected) {
    socket.destroy();
    throw new DeviceError("notFound", `${address} does not answer: is the simulated keyfob running?`);
  }
  let open = true;
  const lose = (reason: string) => {
    if (!open) return;
    open = false;
    socket.destroy();
    events.lost(reason);
  };
  socket.on("data", (bytes: Buffer) => events.data(bytes));
  socket.on("error", (error: NodeJS.ErrnoException) => lose(`the connection broke (${error.code})`));
  socket.on("close", () => lose("the connection was closed by the other side"));
  return {
    address,
    write: (bytes) =>
      new Promise((resolve) => {
        if (!open) resolve();
        else socket.write(bytes, () => resolve());
      }),
    close: async () => {
      open = false;
      if (socket.destroyed) return;
      await new Promise<void>((resolve) => {
        socket.once("close", () => resolve());
        socket.end(() => socket.destroy());
      });
    },
  };
}
