// What goes wrong on purpose. None of it may change an answer, but for minutes in which a keyfob had no power.

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Authority } from "./authority";

export interface Faults {
  /** Moments (Unix seconds of the scene) at which keyfobs lose power for a second. */
  readonly powerCuts: readonly { readonly id: string; readonly atS: number }[];
  /** Share of advertising reports that get lost between radio and program. */
  readonly lostReports: number;
  /** The service is killed in the middle of each upload, and started again. */
  readonly killsService: boolean;
  /** Each keyfob's cable is pulled once, in the middle of its import. */
  readonly pullsCables: boolean;
}

export const NO_FAULTS: Faults = { powerCuts: [], lostReports: 0, killsService: false, pullsCables: false };

/** A line to a service that dies when it has been given an upload, before its answer gets through. */
export interface DeadlyLine {
  readonly url: string;
  /** How often the service was killed. */
  readonly kills: () => number;
  close(): Promise<void>;
}

/** A cable to a keyfob that is pulled once. */
export interface LooseCable {
  /** For `--port`. */
  readonly port: string;
  readonly pulls: () => number;
  close(): Promise<void>;
}

/** More than a command says before it sends a shard, and less than the smallest shard, which is a signature and little else. */
const PULLED_AFTER_BYTES = 6000;

/** Lays such a line; the second try over it goes through. */
export async function layDeadlyLine(authority: Authority): Promise<DeadlyLine> {
  const target = new URL(authority.url);
  let kills = 0;
  let crashing: Promise<void> = Promise.resolve();
  const line = await layLine((client) => {
    const isDeadly = kills === 0;
    void crashing.then(() => {
      const upstream = connect(Number(target.port), target.hostname);
      upstream.on("error", () => client.destroy());
      client.on("close", () => upstream.destroy());
      client.pipe(upstream);
      if (!isDeadly) {
        upstream.pipe(client);
        return;
      }
      // The first byte of an answer shows that the service has decided; the client never learns what.
      upstream.once("data", () => {
        kills++;
        client.destroy();
        crashing = authority.crash();
      });
    });
  });
  return {
    url: `http://127.0.0.1:${line.port}`,
    kills: () => kills,
    close: async () => {
      await crashing;
      await line.close();
    },
  };
}

/** Lays such a cable to a device's port (`tcp://...`); it is pulled in the middle of what is imported first over it. */
export async function layLooseCable(port: string): Promise<LooseCable> {
  const target = new URL(port);
  let pulls = 0;
  const line = await layLine((host) => {
    const device = connect(Number(target.port), target.hostname);
    device.on("error", () => host.destroy());
    device.on("close", () => host.destroy());
    host.on("close", () => device.destroy());
    device.pipe(host);
    let carried = 0;
    host.on("data", (part) => {
      carried += part.length;
      if (pulls > 0 || carried < PULLED_AFTER_BYTES) device.write(part);
      else {
        pulls++;
        host.destroy();
      }
    });
  });
  return { port: `tcp://127.0.0.1:${line.port}`, pulls: () => pulls, close: line.close };
}

/** A port of this machine through which others reach something, if `connected` sees to it. */
async function layLine(connected: (socket: Socket) => void): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    connected(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
