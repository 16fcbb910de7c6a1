import { readdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { get } from "node:http";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ROOT } from "../../../test/tools";
import { blockOf, customerOf } from "../http/addressBlock";
import { Connections } from "../http/connections";
import { type Handler, type ListeningServer, listen, type ServerOptions } from "../http/server";

const BODY_BYTES = 8_000_000;
const PIECE = Buffer.alloc(65_536, 7);

/** Opens a file for each download, as the feeds do. */
const handler: Handler = async (_request, response, _path, download) => {
  async function* pieces(): AsyncGenerator<Buffer> {
    const file = await open(`${ROOT}/package.json`, "r");
    try {
      for (let at = 0; at < BODY_BYTES; at += PIECE.length) yield PIECE.subarray(0, BODY_BYTES - at);
    } finally {
      await file.close();
    }
  }
  await download(() => response.writeHead(200, { "content-length": BODY_BYTES }), pieces());
};

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const openFiles = () => readdirSync("/proc/self/fd").length;
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));

describe("The HTTP server", () => {
  let errors = 0;
  const servers: ListeningServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    expect(errors).toBe(0);
  });

  const start = async (options: Partial<ServerOptions> = {}) => {
    const server = await listen(
      handler,
      { host: "127.0.0.1", port: 0, ...options },
      () => undefined,
      () => errors++,
    );
    servers.push(server);
    return { server, port: Number(new URL(server.url).port) };
  };
  const silently = (socket: Socket): Socket => socket.on("error", () => undefined);
  const readWhole = (socket: Socket): Promise<number> =>
    new Promise((resolve) => {
      let length = 0;
      socket.on("data", (part: Buffer) => {
        length += part.length;
      });
      socket.once("close", () => resolve(length));
    });
  const download = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      get({ port, host: "127.0.0.1" }, (response) => {
        let length = 0;
        response.on("data", (part: Buffer) => {
          length += part.length;
        });
        response.on("end", () => resolve(length));
      }).on("error", reject);
    });

  it("serves one request of a connection at a time: pipelined ones leave no file open when the client hangs up", async () => {
    const { port } = await start();
    const before = openFiles();
    for (let i = 0; i < 12; i++) {
      const socket = silently(connect(port, "127.0.0.1"));
      await new Promise<void>((resolve) => socket.write(REQUEST.repeat(600), () => resolve()));
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
      await closed(socket);
    }
    await expect.poll(openFiles, { timeout: 5_000 }).toBeLessThan(before + 12);
    expect(await download(port)).toBe(BODY_BYTES);
  });

  it("answers many requests of one connection, each after the other", async () => {
    const { port } = await start();
    for (let i = 0; i < 20; i++) expect(await download(port)).toBe(BODY_BYTES);
  });

  it("gives the whole answer to a client that has closed its own direction", async () => {
    const plain = await start();
    const socket = silently(connect(plain.port, "127.0.0.1"));
    socket.end(REQUEST);
    expect(await readWhole(socket)).toBeGreaterThan(BODY_BYTES);
  });

  it("closes at once when asked to, whoever is connected and silent", async () => {
    const { server, port } = await start();
    const sockets = Array.from({ length: 20 }, () => silently(connect(port, "127.0.0.1")));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    const half = silently(connect(port, "127.0.0.1"));
    half.write("GET / HT");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close();
    await Promise.all([...sockets, half].map(closed));
  });

  it("ends within seconds though a client does not read what it asked for", async () => {
    const { server, port } = await start();
    const socket = silently(connect(port, "127.0.0.1"));
    socket.write(REQUEST);
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(8_000);
    socket.destroy();
  });

  it("drops clients that do not read when others wait, first those whose block holds most", async () => {
    const { port } = await start();
    const greedy = Array.from({ length: 100 }, () =>
      silently(connect({ port, host: "127.0.0.1", localAddress: "127.7.7.7" })),
    );
    for (const socket of greedy) {
      socket.write(REQUEST);
      socket.pause();
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await download(port)).toBe(BODY_BYTES);
    for (const socket of greedy) socket.destroy();
  });
});

describe("The connections of a server", () => {
  it("stay bounded, in all and for each address block: who has done nothing for longest makes room", async () => {
    let now = 0;
    const connections = new Connections({ total: 4, perBlock: 2 }, () => now);
    const accepted: Socket[] = [];
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      connections.admit(socket);
      accepted.push(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const clients: Socket[] = [];
    const join = async (localAddress: string) => {
      now++;
      const client = connect({ port, host: "127.0.0.1", localAddress });
      client.on("error", () => undefined);
      clients.push(client);
      await expect.poll(() => accepted.length).toBe(clients.length);
    };
    const alive = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return accepted.map(({ destroyed }) => !destroyed);
    };
    await join("127.1.1.1");
    await join("127.1.1.2");
    await join("127.1.1.3");
    expect(await alive()).toEqual([false, true, true]);
    await join("127.1.2.1");
    await join("127.1.3.1");
    connections.of(accepted[1] as Socket)?.work();
    await join("127.1.4.1");
    expect(await alive()).toEqual([false, true, false, true, true, true]);
    for (const client of clients) client.destroy();
    connections.closeAll();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("Address blocks", () => {
  it("are the /64 of an IPv6 address, however it is written, and the /24 of an IPv4 address", () => {
    for (const address of ["2001:db8::1", "2001:0db8:0:0::ffff:1", "2001:db8:0:0:1:2:3:4", "2001:DB8::192.0.2.1%eth0"])
      expect([customerOf(address), blockOf(address)]).toEqual(["2001:db8:0:0::/64", "2001:db8:0:0::/64"]);
    expect(customerOf("2001:db8:0:1::1")).not.toBe(customerOf("2001:db8::1"));
    expect(customerOf("::ffff:192.0.2.7")).toBe("192.0.2.7");
    expect(blockOf("::ffff:192.0.2.7")).toBe(blockOf("192.0.2.9"));
    expect(blockOf("192.0.3.7")).not.toBe(blockOf("192.0.2.7"));
    expect(customerOf("::1")).toBe("0:0:0:0::/64");
  });
});
