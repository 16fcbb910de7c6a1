// A thread of runThreads.ts: a run's name comes in, its outcomes go out.

import { parentPort, workerData } from "node:worker_threads";
import { runOnce } from "./keyfobStudy";
import type { ThreadTask } from "./threadTask";

const { world, settings } = workerData as ThreadTask;
parentPort?.on("message", (name: string) => parentPort?.postMessage(runOnce(world, settings, name)));
