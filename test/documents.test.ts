import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../tools/cli/program";
import { ROOT } from "./tools";

const DOCUMENTS = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true })
    .map((name) => `docs/${String(name)}`)
    .filter((name) => name.endsWith(".md")),
];

/** The command lines of a document: indented or fenced code that starts with chirpfob, npx chirpfob or npm. */
function commandLines(document: string): string[] {
  const text = readFileSync(join(ROOT, document), "utf8").replace(/\\\n\s*/g, "");
  let fenced = false;
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    const code = fenced || line.startsWith("    ") ? line.trim().replace(/^\$ /, "") : "";
    for (const part of code.replace(/\s#.*$/, "").split(/\s&&\s/))
      if (/^(npx )?chirpfob\s/.test(part) || /^npm (run|start|test)/.test(part))
        lines.push(part.replace(/^npx /, "").trim());
  }
  return lines;
}

function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");
}

/** What is wrong with a chirpfob command line, as far as the command's own definition tells; undefined if nothing is. */
function complaint(line: string): string | undefined {
  const [, ...rest] = words(line.replace(/\s(?:[<>|]+\s.*|&)$/, ""));
  let command: Command = createProgram();
  const known = [...command.options];
  const positional: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] as string;
    const child =
      positional.length === 0
        ? command.commands.find((c) => c.name() === word || c.aliases().includes(word))
        : undefined;
    if (child) {
      command = child;
      known.push(...command.options);
    } else if (word === "--") {
      positional.push(...rest.slice(i + 1));
      break;
    } else if (word.startsWith("-") && word.length > 1) {
      if (word === "--help" || word === "-h") return undefined;
      const [name, inline] = word.split("=");
      const option = known.find((o) => o.long === name || o.short === name);
      if (!option) return `${command.name()} has no option ${word}`;
      if ((option.required || option.optional) && inline === undefined) i++;
    } else positional.push(word);
  }
  if (command.commands.length > 0) return `${command.name()} has no command ${positional[0] ?? "(none given)"}`;
  const required = command.registeredArguments.filter((argument) => argument.required).length;
  const variadic = command.registeredArguments.some((argument) => argument.variadic);
  if (positional.length < required) return `${command.name()} needs ${required} arguments`;
  if (!variadic && positional.length > command.registeredArguments.length)
    return `${command.name()} takes no ${positional.at(-1)}`;
  const missing = command.options.find(
    (o) => o.mandatory && !rest.some((w) => w.split("=")[0] === o.long || w === o.short),
  );
  return missing ? `${command.name()} needs ${missing.long}` : undefined;
}

describe.each(DOCUMENTS)("%s", (document) => {
  it("names only commands, options and npm scripts that exist", () => {
    const scripts = (
      JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
    ).scripts;
    const complaints = commandLines(document).flatMap((line) => {
      const script = /^npm (?:run (?:-s )?)?(\S+)/.exec(line)?.[1];
      const wrong = script === undefined ? complaint(line) : script in scripts ? undefined : `no script ${script}`;
      return wrong ? [`${line}: ${wrong}`] : [];
    });
    expect(complaints).toEqual([]);
  });

  it("links only to files that exist", () => {
    const text = readFileSync(join(ROOT, document), "utf8");
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] as string);
    const missing = targets.filter(
      (t) => !/^(https?|mailto):/.test(t) && !existsSync(join(ROOT, dirname(document), t)),
    );
    expect(missing).toEqual([]);
  });
});

describe("the check of the documents", () => {
  it("notices a command, an option and an argument that do not exist", () => {
    expect(complaint("chirpfob inspect chirp --seed 00 --minute 1")).toBeUndefined();
    expect(complaint("chirpfob inspect cherp")).toContain("no command cherp");
    expect(complaint("chirpfob inspect chirp --seed 00 --minute 1 --colour")).toContain("no option --colour");
    expect(complaint("chirpfob inspect shard")).toContain("needs 1 arguments");
    expect(complaint("chirpfob inspect chirp --seed 00")).toContain("needs --minute");
  });
});
