// Turns the VM's stack lines (`!  at main_F0 (pc:34)`) into source lines with the compiler's -dbg.json.

import { existsSync, readFileSync } from "node:fs";
import { programFile } from "../../base/root";

const STACK_LINE = /at (\S*)_F(\d+) \(pc:(\d+)\)/;

interface DebugInfo {
  functions: { name: string; startpc: number }[];
  /** Triples: source position (difference to the one before), length, program counter (difference). */
  srcmap: number[];
  sources: { path: string; length: number }[];
}

/** Finds the source line of a program counter. */
export class SourceLines {
  private readonly info: DebugInfo;

  /** @param debugFile the `-dbg.json` that the compiler wrote beside the bytecode */
  constructor(debugFile: string) {
    this.info = JSON.parse(readFileSync(debugFile, "utf8")) as DebugInfo;
  }

  /** The line with `(firmware/main.ts:12)` added, if it is a stack line of this program; otherwise as it is. */
  annotate(line: string): string {
    const match = STACK_LINE.exec(line);
    if (!match) return line;
    const start = this.info.functions[Number(match[2])]?.startpc;
    // The counter already stands behind the call or the failing operation.
    const where = start === undefined ? undefined : this.find(start + Number(match[3]) - 1);
    return where ? `${line} (${where})` : line;
  }

  private find(counter: number): string | undefined {
    let position = 0;
    let at = 0;
    let found: number | undefined;
    const { srcmap } = this.info;
    for (let i = 0; i + 2 < srcmap.length; i += 3) {
      position += srcmap[i] as number;
      at += srcmap[i + 2] as number;
      if (at > counter) break;
      found = position;
    }
    return found === undefined ? undefined : this.describe(found);
  }

  private describe(position: number): string | undefined {
    let start = 0;
    for (const source of this.info.sources) {
      if (position < start + source.length) {
        const path = programFile(source.path);
        if (!existsSync(path)) return source.path;
        const before = readFileSync(path, "utf8").slice(0, position - start);
        return `${source.path}:${before.split("\n").length}`;
      }
      start += source.length;
    }
    return undefined;
  }
}
