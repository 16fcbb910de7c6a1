// One thread of a crowd: runs its share of the devices, and offers their USB on TCP ports when asked to.

import { parentPort, workerData } from "node:worker_threads";
import { SeededRandom } from "../core/random";
import { openTcpPort, type Port } from "../usb/ports";
import { adoptVmModule } from "../vm/bundle";
import { LiveWorld } from "../world/live";
import { abortExchange, Exchange } from "./exchange";
import { Members } from "./members";
import type { CrowdSpec, Message, Request } from "./spec";

/** What the crowd hands to each of its threads. */
export interface WorkerStart {
  readonly spec: CrowdSpec;
  readonly thread: number;
  readonly threads: number;
  /** For each device, the thread that runs it. */
  readonly threadOf: readonly number[];
  readonly shared: SharedArrayBuffer;
  readonly vm: WebAssembly.Module;
}

const PROGRESS_EVERY_MS = 250;

const { spec, thread, threads, threadOf, shared, vm } = workerData as WorkerStart;
adoptVmModule(vm);
const tell = (message: Message): void => parentPort?.postMessage(message);
const members = new Members(spec, (radio) => threadOf[radio] === thread, tell);
const exchange = new Exchange(shared, thread, threads);
const live = new LiveWorld(members.world);
const ports = new Map<number, Port>();

function run(spanUs: number): void {
  let told = Date.now();
  members.world.runShared(spanUs, (sent, idleUntilUs, windowEndUs) => {
    if (thread === 0 && Date.now() - told > PROGRESS_EVERY_MS) {
      told = Date.now();
      tell({ kind: "progress", nowUs: members.world.nowUs });
    }
    return exchange.swap(sent, idleUntilUs, windowEndUs);
  });
}

async function carryOut(request: Request): Promise<unknown> {
  switch (request.kind) {
    case "run":
      try {
        run(request.spanUs);
      } catch (error) {
        abortExchange(shared);
        throw error;
      }
      return undefined;
    case "now":
      return members.world.nowUs;
    case "alignTo":
      members.world.run(request.atUs - members.world.nowUs);
      return undefined;
    case "end":
      for (const port of ports.values()) await port.close();
      live.stop();
      members.close();
      return undefined;
    case "state":
      return members.state(request.radio);
    case "press":
      members.device(request.radio).button.press(request.durationMs);
      if (ports.size > 0) live.nudge();
      return undefined;
    case "powerCycle":
      members.device(request.radio).powerOn();
      if (ports.size > 0) live.nudge();
      return undefined;
    case "openPort": {
      if (ports.size === 0) live.start();
      const random = new SeededRandom(`${spec.seed}/line ${request.radio}`);
      const faults = { lossRate: request.lossRate };
      const port = await openTcpPort(live, members.device(request.radio), 0, { random, faults });
      ports.set(request.radio, port);
      return port.address;
    }
    case "closePort":
      await ports.get(request.radio)?.close();
      ports.delete(request.radio);
      if (ports.size === 0) live.stop();
      return undefined;
    case "unplug":
      ports.get(request.radio)?.unplug();
      return undefined;
  }
}

parentPort?.on("message", (request: Request) => {
  carryOut(request).then(
    (value) => tell({ kind: "answer", id: request.id, value }),
    (error: Error) => tell({ kind: "failure", id: request.id, message: error.message }),
  );
});
tell({ kind: "ready" });
