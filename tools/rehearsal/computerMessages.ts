// What a run and the thread of one of its computers tell each other.

/** The program that the computers of a run have: the command line. */
export interface ComputerProgram {
  /** URL of a module whose `run(argv)` carries out a command line and resolves to its exit code. */
  readonly module: string;
  /** The exit code that says that a device's port is not there, or taken. */
  readonly noDevice: number;
}

/** A command line for the thread, and what comes back. */
export type ToComputer = { readonly argv: readonly string[] };
export type FromComputer =
  | { readonly kind: "ready" }
  | { readonly kind: "stderr"; readonly text: string }
  | { readonly kind: "done"; readonly exitCode: number; readonly stdout: string };
