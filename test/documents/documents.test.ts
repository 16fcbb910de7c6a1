import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../tools/cli/start/program";
import { ROOT } from "../tools";
import { chaptersOf, commandLines, DOCUMENTS, quotedCommands } from "./commandLines";
import { commandName, complaint } from "./complaint";
import { Stage } from "./stage";
import { ASK, ENDS, GO_ON, NOT_RUN, SLOW, SUBSTITUTIONS } from "./tables";

const SCRIPTS = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> })
  .scripts;
const NPM = new Set(["ci", "link", "start", "test", ...Object.keys(SCRIPTS)]);

describe.each(DOCUMENTS)("%s", (document) => {
  it("names only commands, options and npm scripts that exist", () => {
    const complaints = commandLines(document).flatMap(({ line, text }) => {
      const script = /^npm (?:run (?:-s )?)?(\S+)/.exec(text)?.[1];
      const wrong = script === undefined ? complaint(text) : NPM.has(script) ? undefined : `no script ${script}`;
      return wrong ? [`${line}: ${text}: ${wrong}`] : [];
    });
    const quoted = quotedCommands(document).flatMap((text) => {
      const wrong = complaint(text, true);
      return wrong ? [`${text}: ${wrong}`] : [];
    });
    expect([...complaints, ...quoted]).toEqual([]);
  });

  it("links only to files that exist", () => {
    const text = readFileSync(join(ROOT, document), "utf8");
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|<img [^>]*src="([^"]+)"/g)].map(
      (match) => (match[1] ?? match[2]) as string,
    );
    const missing = targets.filter(
      (t) => !/^(https?|mailto):/.test(t) && !existsSync(join(ROOT, dirname(document), t)),
    );
    expect(missing).toEqual([]);
  });
});

describe("README.md, followed word for word", () => {
  const isQuick = (text: string): boolean => !SLOW.some(({ command }) => command.test(text));
  const stage = new Stage();

  it.each(chaptersOf("README.md").filter(({ blocks }) => blocks.some((b) => b.commands.some((c) => isQuick(c.text)))))(
    "does and prints what it says under $title",
    async (chapter) => expect(await stage.run(chapter, isQuick)).toEqual([]),
    300_000,
  );
});

describe("the documents together", () => {
  const all = DOCUMENTS.flatMap(commandLines).map(({ text }) => text);

  it("show every command that there is", async () => {
    const shown = new Set(all.filter((text) => text.startsWith("chirpfob")).map(commandName));
    expect(leaves(await createProgram()).filter((name) => !shown.has(name))).toEqual([]);
  });

  it("use every substitution and exception of this test", () => {
    const patterns = [
      ...SUBSTITUTIONS.map(({ written }) => written),
      ...[...GO_ON, ...ASK, ...NOT_RUN, ...ENDS, ...SLOW].map(({ command }) => command),
    ];
    expect(patterns.filter((pattern) => !all.some((text) => pattern.test(text)))).toEqual([]);
  });

  it("leave out here only what continuous integration does before and with this test", () => {
    const script = readFileSync(join(ROOT, ".ci/run"), "utf8");
    for (const { command } of NOT_RUN) {
      const line = all.find((text) => command.test(text)) ?? "";
      expect(script).toMatch(new RegExp(`^(run_tests )?${line}\\b`, "m"));
    }
  });
});

describe("the check of the documents", () => {
  it("notices a command, an option and an argument that do not exist", () => {
    expect(complaint("chirpfob inspect chirp --seed 00 --minute 1")).toBeUndefined();
    expect(complaint("chirpfob inspect cherp")).toContain("no command cherp");
    expect(complaint("chirpfob inspect chirp --seed 00 --minute 1 --colour")).toContain("no option --colour");
    expect(complaint("chirpfob inspect shard")).toContain("needs 1 arguments");
    expect(complaint("chirpfob inspect chirp --seed 00")).toContain("needs --minute");
    expect(complaint("chirpfob inspect chirp", true)).toBeUndefined();
    expect(complaint("chirpfob inspect cherp", true)).toContain("no command cherp");
  });

  it("notices a wrong exit code and output that is not printed", async () => {
    const [chapter] = chaptersOf(
      "made up",
      "## A\n\n    npx chirpfob inspect upload missing.pact\n\n```text\nnothing of the kind\n```\n",
    );
    const complaints = chapter ? await new Stage().run(chapter) : [];
    expect(complaints).toEqual([
      expect.stringMatching(/^made up:3: chirpfob inspect upload missing\.pact: exit code 1, not 0/),
      expect.stringMatching(/nothing printed "nothing of the kind"/),
    ]);
  });

  it("finds command lines that are indented, fenced, joined or sent to the background, and nothing else", () => {
    const text =
      "## A\n    npm ci && npm start\n\n```sh\nchirpfob boards # all\nrsync a b\n```\n    chirpfob serve --data x &\n";
    expect(chaptersOf("made up", text)[0]?.blocks.map(({ commands }) => commands.map((c) => c.text))).toEqual([
      ["npm ci", "npm start"],
      ["chirpfob boards"],
      ["chirpfob serve --data x"],
    ]);
  });
});

/** Full names of the commands that do something. */
function leaves(command: Command, name = ""): string[] {
  if (command.commands.length === 0) return [name];
  return command.commands.flatMap((child) => leaves(child, `${name} ${child.name()}`.trim()));
}
