// What takes openssl, thousands of connections or ten seconds of silence. The server runs in a process of its own, so that
// its memory is its own, too.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect as connectTls } from "node:tls";
import { describe, expect, it, vi } from "vitest";
import { ROOT } from "../../../test/tools";
import { TestAuthority } from "./certificates";
import { cleanUpLater, temporaryFolder } from "./cleanUp";

vi.setConfig({ testTimeout: 120_000 });

/** As large as what tools/daemon/test/processes/server.ts answers with. */
const BODY_BYTES = 3_400_000;
const READERS = 2_040;
const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

interface Served {
  readonly child: ChildProcess;
  readonly port: number;
}

async function serve(...args: string[]): Promise<Served> {
  const program = join(ROOT, "tools/daemon/test/processes/server.ts");
  const child = spawn(process.execPath, ["--import", "tsx", program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanUpLater(async () => child.kill("SIGKILL"));
  const [line] = await new Promise<string[]>((resolve) =>
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", (text) => resolve([text])),
  );
  return { child, port: Number(new URL(line ?? "").port) };
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once("exit", resolve));
}

/** Milliseconds that an honest reader waits for a whole answer, from an address block of its own. */
function timedDownload(port: number): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", localAddress: "127.200.1.1", agent: false }, (response) => {
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
      });
      response.on("error", reject);
      response.on("end", () =>
        length === BODY_BYTES ? resolve(performance.now() - started) : reject(new Error(`${length} bytes`)),
      );
    }).on("error", reject);
  });
}

/** Kilobytes: the process's memory, and what the kernel keeps for TCP in all. */
function memory(pid: number | undefined): { processKb: number; kernelKb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const pages = /^TCP:.* mem (\d+)/m.exec(readFileSync("/proc/net/sockstat", "utf8"))?.[1];
  return { processKb: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]), kernelKb: Number(pages) * 4 };
}

const silently = (socket: Socket): Socket => socket.on("error", () => undefined);

describe("A server beside thousands who ask and do not read", () => {
  // From one block, and from two thousand.
  it.each([
    ["one address", () => "127.9.9.9"],
    ["as many address blocks", (i: number) => `127.${10 + (i >> 8)}.${i & 255}.1`],
  ])("serves an honest reader at once and stays small (%s)", async (_name, addressOf) => {
    const { child, port } = await serve();
    expect(await timedDownload(port)).toBeGreaterThan(0);
    const kernelBefore = memory(child.pid).kernelKb;
    const sockets: Socket[] = [];
    for (let i = 0; i < READERS; i++) {
      const socket = silently(connect({ port, host: "127.0.0.1", localAddress: addressOf(i) }));
      socket.pause();
      socket.write(REQUEST);
      sockets.push(socket);
    }
    const times: number[] = [];
    // While they arrive, an honest reader may be asked to come back; how long that lasts is the machine's speed.
    const arrived = performance.now();
    while ((await timedDownload(port).catch(() => undefined)) === undefined);
    const firstMs = performance.now() - arrived;
    for (let i = 0; i < 10; i++) {
      times.push(await timedDownload(port));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { processKb, kernelKb } = memory(child.pid);
    console.log(
      `${_name}: first served after ${firstMs.toFixed(0)} ms, then ${times.map((ms) => ms.toFixed(0)).join(", ")} ms; process ${Math.round(processKb / 1024)} MB, kernel ${Math.round((kernelKb - kernelBefore) / 1024)} MB`,
    );
    expect(times.sort((a, b) => a - b)[5]).toBeLessThan(500);
    expect(processKb).toBeLessThan(300 * 1024);
    expect(kernelKb - kernelBefore).toBeLessThan(700 * 1024);
    for (const socket of sockets) socket.destroy();
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });
});

describe("A server with TLS", () => {
  it("closes connections that never finish their handshake, gives half-closed clients everything, and ends when told to", async () => {
    const authority = new TestAuthority(await temporaryFolder());
    const { certificate, key } = authority.issue("localhost");
    const { child, port } = await serve(certificate, key);
    const ca = readFileSync(authority.certificate);
    const half = silently(connectTls({ port, host: "127.0.0.1", ca }));
    let length = 0;
    half.on("data", (part: Buffer) => {
      length += part.length;
    });
    half.end(REQUEST);
    await new Promise((resolve) => half.once("close", resolve));
    expect(length).toBeGreaterThan(BODY_BYTES);
    const silent = Array.from({ length: 50 }, () => silently(connect(port, "127.0.0.1")));
    const begun = silently(connect(port, "127.0.0.1"));
    begun.write(Buffer.from("16030100ff0100", "hex"));
    await Promise.all([...silent, begun].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    silently(connect(port, "127.0.0.1"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill("SIGTERM");
    const started = performance.now();
    expect(await ended(child)).toBe(0);
    expect(performance.now() - started).toBeLessThan(8_000);
  });
});
