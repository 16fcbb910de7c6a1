// Many devices on all processors: the simulator's front door for scenarios.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Micros } from "../core/scheduler";
import { vmModule } from "../vm/bundle";
import { abortExchange, createExchange } from "./exchange";
import { shareOut } from "./share";
import type { CrowdSpec, DeviceState, Message, Request } from "./spec";
import type { WorkerStart } from "./worker";

/** A request without its number, which the crowd gives. */
type Ask = Request extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

/** What a crowd tells while it runs. */
export interface CrowdEvents {
  /** Some times a second during run(). */
  readonly onProgress?: (nowUs: Micros) => void;
  /** A program panicked; it starts again by itself. Default: run() fails with the report. */
  readonly onPanic?: (radio: number, atUs: Micros, report: string) => void;
  /** A line of a program's log, where CrowdSpec.logs is set. */
  readonly onLog?: (radio: number, atUs: Micros, line: string) => void;
}

export interface CrowdOptions extends CrowdEvents {
  /** Threads; default: as many as there are processors, and not more than devices. */
  readonly threads?: number;
}

/** The simulation failed: a program panicked, or a thread died. */
export class CrowdError extends Error {
  override readonly name = "CrowdError";
}

/**
 * A running crowd. Same spec, same bytes, whatever the number of threads.
 *
 *     const crowd = await Crowd.start(spec, { onProgress });
 *     await crowd.run(8 * 3600e6);
 *     const address = await crowd.openPort(3);   // from here on in real time: chirpfob status --port <address>
 *     await crowd.press(3);
 *     await crowd.closePort(3);
 *     await crowd.close();
 */
export class Crowd {
  private readonly pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private readonly panics: string[] = [];
  private readonly openPorts = new Set<number>();
  private nextId = 1;
  private hasFailed = false;

  private constructor(
    private readonly workers: readonly Worker[],
    private readonly threadOf: readonly number[],
    private readonly shared: SharedArrayBuffer,
    private readonly events: CrowdEvents,
  ) {}

  /** Starts the threads and prepares the devices; no time passes yet. @throws CrowdError */
  static async start(spec: CrowdSpec, options: CrowdOptions = {}): Promise<Crowd> {
    const threads = Math.max(1, Math.min(options.threads ?? availableParallelism(), spec.devices.length));
    const threadOf = shareOut(spec.devices, threads);
    const shared = createExchange(threads);
    const workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: WorkerStart = { spec, thread, threads, threadOf, shared, vm: vmModule() };
      return new Worker(new URL("./boot.mjs", import.meta.url), { workerData });
    });
    const crowd = new Crowd(workers, threadOf, shared, options);
    await Promise.all(workers.map((worker) => crowd.attach(worker)));
    return crowd;
  }

  /** Lets all devices live for a span, as fast as this machine can. @throws CrowdError if a program panics and onPanic is not given */
  async run(spanUs: Micros): Promise<void> {
    if (this.openPorts.size > 0) throw new CrowdError("close the USB ports before the crowd goes on");
    // While ports were open each thread kept its own time.
    const nows = (await this.askAll({ kind: "now" })) as Micros[];
    await this.askAll({ kind: "alignTo", atUs: Math.max(...nows) });
    await this.askAll({ kind: "run", spanUs });
    if (this.panics.length > 0) throw new CrowdError(this.panics.splice(0).join("\n\n"));
  }

  /** A device's flash, and digests to compare runs by. */
  async state(radio: number): Promise<DeviceState> {
    return (await this.askDevice(radio, { kind: "state", radio })) as DeviceState;
  }

  /** Presses a device's button. */
  async press(radio: number, durationMs = 100): Promise<void> {
    await this.askDevice(radio, { kind: "press", radio, durationMs });
  }

  /** Takes a device's power away for a moment. */
  async powerCycle(radio: number): Promise<void> {
    await this.askDevice(radio, { kind: "powerCycle", radio });
  }

  /**
   * Offers a device's USB on a TCP port of this machine. While any port is open, time runs along with real time, radios hear only
   * devices of the same thread, and run() is refused.
   *
   * @param lossRate share of bytes that get lost on the line
   * @returns the address for `--port`
   */
  async openPort(radio: number, lossRate = 0): Promise<string> {
    const address = (await this.askDevice(radio, { kind: "openPort", radio, lossRate })) as string;
    this.openPorts.add(radio);
    return address;
  }

  /** Pulls the cable of an open port; the port stays for another try. */
  async unplug(radio: number): Promise<void> {
    await this.askDevice(radio, { kind: "unplug", radio });
  }

  async closePort(radio: number): Promise<void> {
    await this.askDevice(radio, { kind: "closePort", radio });
    this.openPorts.delete(radio);
  }

  /** Ends all threads; traces are complete then. */
  async close(): Promise<void> {
    if (!this.hasFailed) await this.askAll({ kind: "end" });
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private askDevice(radio: number, request: Ask): Promise<unknown> {
    return this.ask(this.workers[this.threadOf[radio] ?? 0] as Worker, request);
  }

  private askAll(request: Ask): Promise<unknown[]> {
    return Promise.all(this.workers.map((worker) => this.ask(worker, request)));
  }

  private ask(worker: Worker, request: Ask): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      worker.postMessage({ ...request, id });
    });
  }

  /** Resolves when the thread is ready. */
  private attach(worker: Worker): Promise<void> {
    return new Promise((resolve, reject) => {
      worker.on("message", (message: Message) => {
        if (message.kind === "ready") resolve();
        else this.hear(message);
      });
      worker.on("error", (error) => {
        reject(new CrowdError(`a thread of the simulation failed: ${error.message}`));
        this.failAll(error);
      });
    });
  }

  private hear(message: Exclude<Message, { kind: "ready" }>): void {
    const { events } = this;
    switch (message.kind) {
      case "answer":
        this.pending.get(message.id)?.resolve(message.value);
        this.pending.delete(message.id);
        break;
      case "failure":
        this.pending.get(message.id)?.reject(new CrowdError(message.message));
        this.pending.delete(message.id);
        break;
      case "progress":
        events.onProgress?.(message.nowUs);
        break;
      case "log":
        events.onLog?.(message.radio, message.atUs, message.line);
        break;
      case "panic":
        if (events.onPanic) events.onPanic(message.radio, message.atUs, message.report);
        else this.panics.push(`device ${message.radio} at ${(message.atUs / 1e6).toFixed(3)} s: ${message.report}`);
    }
  }

  private failAll(error: Error): void {
    this.hasFailed = true;
    abortExchange(this.shared);
    for (const { reject } of this.pending.values()) reject(new CrowdError(error.message));
    this.pending.clear();
  }
}
