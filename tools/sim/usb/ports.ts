// Where real programs reach a simulated device: a TCP port, or a pseudo terminal made by socat.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, readlinkSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { retry } from "../../base/retry";
import type { SeededRandom } from "../core/random";
import type { Scheduler } from "../core/scheduler";
import type { SimDevice } from "../device/device";
import { UsbBridge } from "./bridge";
import { type LineFaultOptions, LineFaults } from "./lineFaults";

/** Bytes that may wait for a host that does not read; more are lost, as on a real port. */
const BACKLOG_BYTES = 64 * 1024;

const LINK_POLL_MS = 2;

/** Linux and macOS name them so. */
const PSEUDO_TERMINAL = /^\/dev\/(pts\/|ttys)\d+$/;

/** What lets a device live along with real time, for hosts on the other side of a real port. */
export interface RealTime {
  readonly scheduler: Scheduler;
  /** Brings the device to the present, so that what comes from outside now happens now. */
  catchUp(): void;
  /** To be called after something came from outside: it is dealt with soon. */
  nudge(): void;
}

/** A port on which a host can open the device. */
export interface Port {
  /** What to give to `--port`. */
  readonly address: string;
  /** Whether a host has the port open. */
  readonly isOpen: boolean;
  /** Pulls the cable; a TCP port or pseudo terminal stays there for the next host. */
  unplug(): void;
  close(): Promise<void>;
}

export interface PortOptions {
  readonly faults?: LineFaultOptions;
  /** Chance of the faults. */
  readonly random: SeededRandom;
  readonly baud?: number;
}

/** A cable between the device and whatever can send bytes. */
class Cable {
  private readonly bridge: UsbBridge;
  private readonly toDevice: LineFaults;

  constructor(
    private readonly live: RealTime,
    device: SimDevice,
    options: PortOptions,
    send: (bytes: Uint8Array) => void,
    pulled: () => void,
  ) {
    const faults = options.faults ?? {};
    this.toDevice = new LineFaults(faults, options.random.fork("to device"), pulled);
    const toHost = new LineFaults(faults, options.random.fork("to host"), pulled);
    this.bridge = new UsbBridge(device, {
      scheduler: live.scheduler,
      onBytes: (bytes) => send(toHost.pass(bytes)),
      ...(options.baud === undefined ? {} : { baud: options.baud }),
    });
  }

  receive(bytes: Uint8Array): void {
    this.live.catchUp();
    this.bridge.receive(this.toDevice.pass(bytes));
    this.live.nudge();
  }

  unplug(): void {
    this.bridge.unplug();
  }
}

/** Offers a device on a TCP port of this machine; 0 chooses a free one. One host at a time; others are turned away. */
export async function openTcpPort(
  live: RealTime,
  device: SimDevice,
  port: number,
  options: PortOptions,
): Promise<Port> {
  let current: Socket | undefined;
  const server: Server = createServer({ noDelay: true }, (socket) => {
    if (current) {
      socket.destroy();
      return;
    }
    current = socket;
    const send = (bytes: Uint8Array): void => {
      if (socket.writable && socket.writableLength < BACKLOG_BYTES) socket.write(bytes);
    };
    const cable = new Cable(live, device, options, send, () => socket.destroy());
    socket.on("data", (bytes) => cable.receive(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      cable.unplug();
      current = undefined;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: chosen } = server.address() as { port: number };
  return {
    address: `tcp://127.0.0.1:${chosen}`,
    get isOpen() {
      return current !== undefined;
    },
    unplug: () => void current?.destroy(),
    close: () =>
      new Promise((resolve) => {
        current?.destroy();
        server.close(() => resolve());
      }),
  };
}

/** socat names its terminal a moment before it makes the link. */
async function waitForLink(path: string, isEnded: () => boolean): Promise<void> {
  await retry(async () => existsSync(path) || isEnded() || undefined, { pauseMs: LINK_POLL_MS });
}

/** Whether socat is installed, without which there are no pseudo terminals. */
export function hasSocat(): boolean {
  return spawnSync("socat", ["-V"], { stdio: "ignore" }).status === 0;
}

/** Takes away the link that a run which was killed left behind. @throws Error if anything else is at `path`: it is not ours */
function makeWayForLink(path: string): void {
  if (!existsSync(dirname(path))) throw new Error(`there is no folder ${dirname(path)}`);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSymbolicLink() || !PSEUDO_TERMINAL.test(readlinkSync(path)))
    throw new Error(`${path} exists already and is no serial port: choose a path that is free`);
  rmSync(path);
}

/** A path as socat's address options take it: what they give a meaning to stands behind a backslash. */
function socatPath(path: string): string {
  return path.replace(/[\\,:!"'()[\]{}]/g, "\\$&");
}

/**
 * Offers a device as a pseudo terminal at `path` (a link), through socat. When the host closes it, socat ends and a new terminal
 * takes its place, as a real port forgets what it had not sent.
 *
 * @throws Error if something else is at `path`, which is left alone, or socat cannot make a terminal there
 */
export async function openPty(live: RealTime, device: SimDevice, path: string, options: PortOptions): Promise<Port> {
  let child: ChildProcess;
  let cable: Cable | undefined;
  let isClosing = false;
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      makeWayForLink(path);
      let isEnded = false;
      let isUp = false;
      // wait-slave: socat goes on, and says so in its log, when a host opens the terminal.
      const pty = `PTY,link=${socatPath(path)},rawer,wait-slave,pty-interval=0.02`;
      child = spawn("socat", ["-d", "-d", "-t", "0", pty, "STDIO"], { stdio: ["pipe", "pipe", "pipe"] });
      const { stdin, stdout, stderr } = child;
      if (!stdin || !stdout || !stderr) throw new Error("socat has no pipes");
      stdin.on("error", () => undefined);
      stdout.on("data", (bytes: Buffer) => cable?.receive(bytes));
      let messages = "";
      stderr.on("data", (text: Buffer) => {
        messages += text.toString();
        if (/PTY is/.test(messages))
          void waitForLink(path, () => isEnded).then(() => {
            isUp = !isEnded;
            if (isUp) resolve();
          });
        if (!cable && /starting data transfer loop/.test(messages)) {
          const send = (bytes: Uint8Array): void => {
            if (stdin.writable && stdin.writableLength < BACKLOG_BYTES) stdin.write(bytes);
          };
          cable = new Cable(live, device, options, send, () => child.kill());
        }
      });
      child.once("error", (error) => reject(error));
      child.once("exit", () => {
        isEnded = true;
        cable?.unplug();
        cable = undefined;
        reject(new Error(`socat cannot make a terminal at ${path}:\n${messages}`));
        if (isUp && !isClosing) start().catch(() => undefined);
      });
    });
  await start();
  return {
    address: path,
    get isOpen() {
      return cable !== undefined;
    },
    unplug: () => void child.kill(),
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        const ended = (): void => {
          try {
            makeWayForLink(path);
          } catch {
            // Somebody else put something in the link's place.
          }
          resolve();
        };
        if (child.exitCode !== null || child.signalCode !== null) ended();
        else {
          child.once("exit", ended);
          child.kill();
        }
      }),
  };
}
