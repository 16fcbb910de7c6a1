// What a command reports to the shell. The table stands in docs/cli.md too; a test keeps them equal.

/** Process exit codes; stable, so that scripts can rely on them. */
export const EXIT = {
  ok: 0,
  /** A file, number or frame that was given is not valid. */
  input: 1,
  /** The command line itself is wrong: unknown option, missing argument. */
  usage: 2,
  /** No keyfob was found, or several and none was chosen. */
  noDevice: 3,
  /** The keyfob (that is, its wearer) did not consent, or refused the request. */
  refused: 4,
  /** The server or the proxy cannot be reached or gave no usable answer. */
  network: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that a person can act on: printed as one line without a stack trace. */
export class CliError extends Error {
  /** @param message what happened, what it means, what to do next */
  constructor(
    readonly exitCode: ExitCode,
    message: string,
  ) {
    super(message);
    this.name = "CliError";
  }
}
