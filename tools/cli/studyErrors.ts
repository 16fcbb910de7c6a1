import { StudyError } from "../study/errors";
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
    throw error;
  }
}
