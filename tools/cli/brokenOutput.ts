// What becomes of a command whose output goes nowhere any more.

import { EXIT, type ExitCode } from "./errors";

/** Errors of an output whose reader has gone, as `head` goes when it has seen enough. */
const READER_GONE = ["EPIPE", "ERR_STREAM_DESTROYED"];

/**
 * From now on a failing stdout or stderr ends no command half way: what it began on the keyfob it finishes.
 *
 * @returns what the shell is to be told: a reader that has seen enough is no failure, a full disk under `> file` is one
 */
export function survivePrinting(): { exitCode(code: ExitCode): ExitCode } {
  let lost: string | undefined;
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
    if (lost !== undefined || READER_GONE.includes(code)) return;
    lost = code;
    process.stderr.write(
      `chirpfob: the output cannot be written (${code === "ENOSPC" ? "the disk is full" : code}): what was printed is not complete\n`,
    );
  });
  return { exitCode: (code) => (lost !== undefined && code === EXIT.ok ? EXIT.input : code) };
}
