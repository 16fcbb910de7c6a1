// The computer that a keyfob is plugged into: the real command line, one command after the other, in a thread of its own, so
// that it works while the simulated devices do.

import { Worker } from "node:worker_threads";
import type { ComputerProgram, FromComputer, ToComputer } from "./computerMessages";

/** A command that the run needs did not succeed; the message carries what it printed. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";

  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** One computer with a program on it. */
export class Computer {
  private waiting: ((message: FromComputer) => void) | undefined;
  private failed: ((error: Error) => void) | undefined;

  private constructor(
    readonly program: ComputerProgram,
    private readonly worker: Worker,
  ) {
    worker.on("message", (message: FromComputer) => this.waiting?.(message));
    worker.on("error", (error) => this.failed?.(error));
  }

  /** Switches it on. */
  static async start(program: ComputerProgram): Promise<Computer> {
    const computer = new Computer(
      program,
      new Worker(new URL("./computerBoot.mjs", import.meta.url), { workerData: program.module }),
    );
    await computer.until((message) => (message.kind === "ready" ? true : undefined));
    return computer;
  }

  /**
   * Runs `chirpfob ...argv --json` and returns the document that it prints.
   *
   * @param onMessage gets what it says to people meanwhile, such as "press the button"
   * @throws CommandFailed
   */
  async run(argv: readonly string[], onMessage: (text: string) => void = () => undefined): Promise<unknown> {
    let said = "";
    this.worker.postMessage({ argv: [...argv, "--json"] } satisfies ToComputer);
    const { exitCode, stdout } = await this.until((message) => {
      if (message.kind === "stderr") {
        said += message.text;
        onMessage(message.text);
      }
      return message.kind === "done" ? message : undefined;
    });
    if (exitCode !== 0)
      throw new CommandFailed(
        exitCode,
        `"chirpfob ${argv.join(" ")}" ended with exit code ${exitCode}: ${said.trim()}`,
      );
    return JSON.parse(stdout);
  }

  async switchOff(): Promise<void> {
    await this.worker.terminate();
  }

  private until<T>(take: (message: FromComputer) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      this.failed = reject;
      this.waiting = (message) => {
        const taken = take(message);
        if (taken !== undefined) resolve(taken);
      };
    });
  }
}
