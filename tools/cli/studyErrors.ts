import { FileError } from "../base/files";
import { StudyError } from "../study/base/errors";
import { CliError, EXIT, type ExitCode } from "./errors";

const EXIT_OF: Record<StudyError["trouble"], ExitCode> = {
  input: EXIT.input,
  unreachable: EXIT.network,
  refused: EXIT.refused,
};

/** Runs `work`, and turns what an operator or participant can mend into a one-line error with an exit code. */
export async function asStudyCliError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StudyError) throw new CliError(EXIT_OF[error.trouble], error.message);
    // Nothing of a study is ever replaced: a receipt or a list of invitations exists once.
    if (error instanceof FileError && error.kind === "taken")
      throw new CliError(EXIT.input, `${error.message}: choose another name`);
    throw error;
  }
}
