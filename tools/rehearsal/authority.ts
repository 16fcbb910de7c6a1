// The health department of a run: a real exposure service on loopback, in a process of its own that can be killed, with the
// scenario's time for a clock.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { type AuthorityReady, type AuthorityStart, type AuthorityTime, dataOf } from "./authorityMessages";

/** The health department of a run. */
export class Authority {
  private constructor(
    /** Everything of this run that lies on disk: the service's data, uploads, fetched shards. */
    readonly folder: string,
    readonly url: string,
    private process: ChildProcess,
    private epochMs: number,
  ) {}

  /** Opens for business. @param nowS Unix seconds on the devices' calendar */
  static async open(nowS: number): Promise<Authority> {
    const { child, url, folder } = await serve({ port: 0, nowS });
    return new Authority(folder, url, child, epochMs(nowS));
  }

  /** For --data of the commands beside it. */
  get data(): string {
    return dataOf(this.folder);
  }

  /** A simulated day goes by faster than the service's own clock: this is what time it is now. */
  async setTime(nowS: number): Promise<void> {
    this.epochMs = epochMs(nowS);
    const known = once(this.process, "message");
    this.process.send({ nowS } satisfies AuthorityTime);
    await known;
  }

  /** Kills the service as a power cut does, and starts it again at the same address. */
  async crash(): Promise<void> {
    await end(this.process, "SIGKILL");
    const nowS = Math.floor((Date.now() - this.epochMs) / 1000);
    const { child } = await serve({ folder: this.folder, port: Number(new URL(this.url).port), nowS });
    this.process = child;
  }

  async close(): Promise<void> {
    await end(this.process, "SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The moment of this machine's clock at which the service's clock, now at `nowS`, would have stood at 0. */
function epochMs(nowS: number): number {
  return Date.now() - nowS * 1000;
}

async function serve(start: AuthorityStart): Promise<{ child: ChildProcess; url: string; folder: string }> {
  const child = fork(new URL("./authorityBoot.mjs", import.meta.url), [JSON.stringify(start)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: [],
    // Ctrl-C in a terminal is for the run, not for us: when it is gone, the process cleans up after it.
    detached: true,
  });
  const [ready] = (await Promise.race([once(child, "message"), once(child, "exit").then(() => [])])) as [
    AuthorityReady?,
  ];
  if (ready && "url" in ready) return { child, ...ready };
  await end(child, "SIGKILL");
  throw new Error(`the exposure service of this run did not start: ${ready?.error ?? "it ended at once"}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}
