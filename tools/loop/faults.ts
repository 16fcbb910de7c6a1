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
  /** Each keyfob's cable is pulled once in the middle of its import. */
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

/** Lays such a line; the second try over it goes through. */
export async function layDeadlyLine(authority: Authority): Promise<DeadlyLine> {
  const target = new URL(authority.url);
  let kills = 0;
  let crashing: Promise<void> = Promise.resolve();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => sockets.delete(client));
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
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    kills: () => kills,
    close: async () => {
      await crashing;
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
