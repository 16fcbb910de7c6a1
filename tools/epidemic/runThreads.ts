// Runs of a study on all processors: each run is a piece of work of its own, and comes out the same wherever it is computed.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { KeyfobOutcome } from "./keyfobEpidemic";
import { type Runner, runOnce } from "./keyfobStudy";
import type { ThreadTask } from "./threadTask";

/** People times runs times settings that are done before a thread has started. */
const LITTLE_WORK = 5e6;

/**
 * A runner for this computer.
 *
 * @param threads to use; where there is little to do, none
 * @param progress is told how many runs are done
 */
export function threadedRunner(
  progress: (done: number, of: number) => void = () => undefined,
  threads = availableParallelism(),
): Runner {
  return async (world, settings, names) => {
    const outcomes: KeyfobOutcome[][] = [];
    const workers = Math.min(threads, names.length);
    if (workers < 2 || world.population * settings.length * names.length < LITTLE_WORK) {
      for (const name of names) {
        outcomes.push(runOnce(world, settings, name));
        progress(outcomes.length, names.length);
        // Lets Ctrl-C and the progress bar have their turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return outcomes;
    }
    let [next, done] = [0, 0];
    const work = async (): Promise<void> => {
      const worker = new Worker(new URL("./runBoot.mjs", import.meta.url), {
        workerData: { world, settings } satisfies ThreadTask,
      });
      try {
        while (next < names.length) {
          const run = next++;
          outcomes[run] = await ask(worker, names[run] as string);
          progress(++done, names.length);
        }
      } finally {
        await worker.terminate();
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    return outcomes;
  };
}

function ask(worker: Worker, name: string): Promise<KeyfobOutcome[]> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners("message").removeAllListeners("error");
    worker.once("message", resolve).once("error", reject);
    worker.postMessage(name);
  });
}
