import { SeededRandom } from "../core/random";
import { SourceLines } from "./sourceLines";
import { blankSettingsFlash, type Panic, Vm } from "./vm";

export interface RunOptions {
  /** The line (as given to console.log) with which the program says that it is done. */
  readonly endMarker: string;
  /** How long the program may take on its own clock, in milliseconds. Sleeping costs no real time. */
  readonly timeoutVirtualMs: number;
  /** Called with every line that the program prints with console.log, without the VM's `> `. */
  readonly onLog?: (line: string) => void;
  /** The compiler's `-dbg.json`: panics then name source lines. */
  readonly debugFile?: string;
}

/** A program panicked, or did not print its end marker in time; the message holds the VM's report. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
}

/**
 * Runs a program that prints results and then an end marker, on virtual time, as fast as this machine can.
 *
 *     const { image, debugFile } = await buildBytecode("protocol-cases", "protocol/test/vm/main.ts");
 *     const lines = runToCompletion(image, { endMarker: "done", timeoutVirtualMs: 60_000, debugFile });
 *
 * The program is alone: no radio, no flash store, no bus. The VM cuts a printed line after 252 bytes.
 *
 * @returns what the program printed with console.log before the end marker
 * @throws ProgramFailed
 */
export function runToCompletion(image: Uint8Array, options: RunOptions): string[] {
  const lines: string[] = [];
  let done = false;
  let panic: Panic | undefined;
  let lastLogged: string[] = [];
  let nowUs = 0;
  const random = new SeededRandom("runToCompletion");
  const vm = new Vm({
    deviceId: 0x1e5701a7_1234_5678n,
    localMicros: () => nowUs,
    randomBytes: (length) => random.bytes(length),
    settingsFlash: blankSettingsFlash(),
    onLog: (line) => {
      lastLogged = [...lastLogged.slice(-9), line];
      if (done || !line.startsWith("> ")) return;
      const text = line.slice(2);
      if (text === options.endMarker) done = true;
      else {
        lines.push(text);
        options.onLog?.(text);
      }
    },
    onPanic: (p) => {
      panic ??= p;
    },
  });
  vm.deploy(image);
  while (!done && !panic) {
    if (nowUs > options.timeoutVirtualMs * 1000)
      throw new ProgramFailed(
        `the program did not print "${options.endMarker}" within ${options.timeoutVirtualMs} ms; its last lines:\n${lastLogged.join("\n")}`,
      );
    nowUs += vm.step();
  }
  if (panic) throw new ProgramFailed(describePanic(panic, options.debugFile));
  return lines;
}

/** A panic in words: its code, the VM's report, and source lines where the debug file is at hand. */
export function describePanic(panic: Panic, debugFile?: string): string {
  const source = debugFile === undefined ? undefined : new SourceLines(debugFile);
  const report = panic.report.map((line) => (source ? source.annotate(line) : line));
  return [`the program panicked with code ${panic.code}`, ...report].join("\n");
}
