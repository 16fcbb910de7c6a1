import { CliError, EXIT } from "./errors";

/**
 * Runs `work` with a signal that Ctrl-C (or SIGTERM) aborts, so that it can leave the keyfob and its files in order. A second
 * Ctrl-C ends the program at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(
      new CliError(EXIT.interrupted, "interrupted: nothing is left half done, repeat the command to go on"),
    );
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of signals) process.off(name, onSignal);
  }
}
