// The thread behind computer.ts.

import { parentPort, workerData } from "node:worker_threads";
import type { FromComputer, ToComputer } from "./computerMessages";

const { run } = (await import(String(workerData))) as { run(argv: readonly string[]): Promise<number> };

const tell = (message: FromComputer): void => parentPort?.postMessage(message);

let stdout = "";
process.stdout.write = (text: string | Uint8Array) => {
  stdout += String(text);
  return true;
};
process.stderr.write = (text: string | Uint8Array) => {
  tell({ kind: "stderr", text: String(text) });
  return true;
};

parentPort?.on("message", ({ argv }: ToComputer) => {
  stdout = "";
  run(argv).then(
    (exitCode) => tell({ kind: "done", exitCode, stdout }),
    (error: Error) => {
      tell({ kind: "stderr", text: error.stack ?? error.message });
      tell({ kind: "done", exitCode: 1, stdout });
    },
  );
});
tell({ kind: "ready" });
