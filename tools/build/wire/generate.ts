import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { programFile } from "../../base/root";
import { renderWire } from "./render";
import { parseWireSpec } from "./spec";

/** The files of protocol/keyfob/ as they have to be: formatted text by path from the project's root. @throws WireSpecError */
export function generateWire(): ReadonlyMap<string, string> {
  const spec = parseWireSpec(readFileSync(programFile("services/keyfob.md"), "utf8"));
  return new Map([...renderWire(spec)].map(([path, text]) => [path, format(path, text)]));
}

function format(path: string, text: string): string {
  const biome = programFile("node_modules/@biomejs/biome/bin/biome");
  return execFileSync(process.execPath, [biome, "format", `--stdin-file-path=${path}`], {
    input: text,
    cwd: programFile("."),
    encoding: "utf8",
  });
}
