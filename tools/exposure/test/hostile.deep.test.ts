import { randomBytes, randomInt } from "node:crypto";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import type { ExposureService } from "../service";
import { dataFolder, FakeClock, sendUpload, testService, uploadBytes } from "./fixtures";

const MALFORMED = 10_000;
const CONCURRENT = 16;
const SLOW_CONNECTIONS = 400;

describe("A hostile client", () => {
  let service: ExposureService;
  let port: number;
  beforeAll(async () => {
    service = await testService({ data: await dataFolder(), guessesPerMinute: 1_000_000 }, new FakeClock());
    port = Number(new URL(service.url).port);
  });

  /** What any honest client must still get. */
  const expectServing = async () => {
    const [number = ""] = await service.core.permissions.issue("P", 1);
    expect((await sendUpload(service.url, uploadBytes(), { number })).status).toBe(201);
    expect((await fetch(`${service.url}/v1/keys`)).status).toBe(200);
  };

  it("who sends ten thousand malformed uploads spends no number, stores nothing and stops nobody", async () => {
    const [number = ""] = await service.core.permissions.issue("P", 1);
    const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENT });
    const statuses = new Map<number, number>();
    const before = await service.core.uploads.waiting();
    let sent = 0;
    const worker = async () => {
      while (sent++ < MALFORMED) {
        const status = await post(agent, port, damaged(), number);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, worker));
    agent.destroy();
    expect([...statuses.keys()].filter((status) => status !== 400 && status !== 413)).toEqual([]);
    expect(statuses.get(400)).toBeGreaterThan(MALFORMED / 2);
    expect(await service.core.uploads.waiting()).toBe(before);
    expect((await sendUpload(service.url, uploadBytes(), { number })).status).toBe(201);
    await expectServing();
  });

  it("who opens hundreds of connections and trickles bytes is cut off, and others are served meanwhile", async () => {
    const sockets = Array.from({ length: SLOW_CONNECTIONS }, () => connect(port, "127.0.0.1"));
    for (const socket of sockets) socket.on("error", () => undefined);
    const timer = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write("X-Slow: 1\r\n");
    }, 1000);
    for (const socket of sockets) socket.write("GET /v1/keys HTTP/1.1\r\nHost: x\r\n");
    const started = Date.now();
    await expectServing();
    expect(Date.now() - started).toBeLessThan(5000);
    await Promise.all(sockets.map(closed));
    clearInterval(timer);
    expect(Date.now() - started).toBeLessThan(25_000);
    await expectServing();
  });

  it("who trickles hundreds of bodies in holds up nobody's upload", async () => {
    const sockets = Array.from({ length: SLOW_CONNECTIONS }, () => connect(port, "127.0.0.1"));
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.write("POST /v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 20232\r\n\r\n");
      socket.write(randomBytes(100));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let i = 0; i < 5; i++) await expectServing();
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map(closed));
  });

  it("who sends a megabyte of headers, no HTTP at all, or two lengths for one body is turned away", async () => {
    expect(await exchange(`GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${"a".repeat(1 << 20)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
    expect(await exchange(`GET /${"a".repeat(1 << 20)} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1.1 (431|400)/);
    for (let i = 0; i < 200; i++) expect(await exchange(randomBytes(randomInt(1, 3000)))).toMatch(/^(HTTP\/1.1 400|$)/);
    expect(
      await exchange("POST /v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ).toMatch(/^HTTP\/1.1 400/);
    expect(
      await exchange("POST /v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
    ).toMatch(/^HTTP\/1.1 400/);
    await expectServing();
  });

  it("who hangs up in the middle of a body leaves nothing behind", async () => {
    const before = await service.core.uploads.waiting();
    for (let i = 0; i < 200; i++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(`POST /v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 1032\r\n\r\n`);
      socket.write(randomBytes(randomInt(1, 1000)), () => socket.destroy());
      await closed(socket);
    }
    expect(await service.core.uploads.waiting()).toBe(before);
    expect(service.core.metrics.get("chirpfob_errors_total")).toBe(0);
    await expectServing();
  });

  function exchange(bytes: string | Buffer): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      let answer = "";
      socket.on("data", (part) => {
        answer += part.toString("latin1");
      });
      socket.on("error", () => resolve(answer));
      socket.on("close", () => resolve(answer));
      socket.end(bytes);
    });
  }
});

/** A genuine upload with something wrong, or something that never was one. */
function damaged(): Buffer {
  const file = Buffer.from(uploadBytes({ hours: 3 }));
  switch (randomInt(5)) {
    case 0:
      return randomBytes(randomInt(1, 2000));
    case 1:
      return file.subarray(0, randomInt(file.length));
    case 2:
      return Buffer.concat([file, randomBytes(randomInt(1, 100))]);
    case 3:
      // Header fields are all checked; a flipped bit in a seed would make it another good seed.
      file[randomInt(12)] = randomInt(128, 256);
      return file;
    default:
      file.writeUInt32BE(randomInt(0xffffffff), 72 + 32 + 40 * randomInt(3));
      return file;
  }
}

function post(agent: Agent, port: number, body: Buffer, number: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(
      {
        agent,
        port,
        host: "127.0.0.1",
        method: "POST",
        path: "/v1/uploads",
        headers: {
          "content-type": "application/octet-stream",
          "content-length": body.length,
          authorization: `Permission ${number}`,
          "idempotency-key": randomBytes(16).toString("hex"),
        },
      },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    sending.on("error", reject);
    sending.end(body);
  });
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}
