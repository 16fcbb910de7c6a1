// Things to put on the way between the command line and a server: a tap that sees and spoils what passes, a SOCKS5 proxy.

import { connect, createServer, type Server, type Socket } from "node:net";

export interface Tap {
  /** http://127.0.0.1:PORT, in place of the server's own address. */
  readonly url: string;
  /** Everything that clients sent, one entry a connection. */
  readonly sent: string[];
  /** From now on, so many answers are swallowed and their connection is cut. */
  loseAnswers(count: number): void;
  /** From now on, answers to requests for shards are cut off after so many bytes; undefined for never. */
  cutShardsAfter(bytes: number | undefined): void;
  close(): Promise<void>;
}

/** Puts a tap in front of a server. */
export async function startTap(target: string): Promise<Tap> {
  const { port: targetPort } = new URL(target);
  const sent: string[] = [];
  let toLose = 0;
  let cutBytes: number | undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), "127.0.0.1");
    const index = sent.push("") - 1;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    let passed = 0;
    client.on("data", (bytes) => {
      sent[index] += bytes.toString("latin1");
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (toLose > 0) {
        toLose--;
        end();
        return;
      }
      const limit = sent[index]?.includes("/v1/keys/") ? cutBytes : undefined;
      const room = limit === undefined ? bytes.length : Math.max(0, limit - passed);
      passed += bytes.length;
      client.write(bytes.subarray(0, room), () => {
        if (limit !== undefined && passed >= limit) end();
      });
    });
    for (const socket of [client, upstream]) {
      socket.on("error", end);
      socket.on("close", end);
    }
  });
  const close = closerOf(server);
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    sent,
    loseAnswers: (count) => {
      toLose = count;
    },
    cutShardsAfter: (bytes) => {
      cutBytes = bytes;
    },
    close,
  };
}

export interface SocksServer {
  readonly url: string;
  /** "name:port" or "address:port" that clients asked for; a name means that the proxy was to resolve it. */
  readonly asked: { readonly type: "name" | "address"; readonly target: string }[];
  close(): Promise<void>;
}

/** A SOCKS5 proxy (RFC 1928, no authentication) that leads every connection to one port of this machine. */
export async function startSocks(leadTo: number): Promise<SocksServer> {
  const asked: SocksServer["asked"] = [];
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", () => {
      client.write(Buffer.from([5, 0]));
      client.once("data", (request) => {
        const isName = request[3] === 3;
        const length = isName ? Number(request[4]) : 4;
        const at = isName ? 5 : 4;
        const host = isName ? request.toString("latin1", at, at + length) : [...request.subarray(at, at + 4)].join(".");
        asked.push({ type: isName ? "name" : "address", target: `${host}:${request.readUInt16BE(at + length)}` });
        const upstream: Socket = connect(leadTo, "127.0.0.1", () => {
          client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          client.pipe(upstream).pipe(client);
        });
        upstream.on("error", () => client.destroy());
        client.on("close", () => upstream.destroy());
      });
    });
  });
  const close = closerOf(server);
  return { url: `socks5://127.0.0.1:${await listen(server)}`, asked, close };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

/** How to close a server, with whatever is still connected to it. */
function closerOf(server: Server): () => Promise<void> {
  const connected = new Set<Socket>();
  server.on("connection", (socket) => {
    connected.add(socket);
    socket.once("close", () => connected.delete(socket));
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of connected) socket.destroy();
    });
}
