import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../test/tools";
import { EXIT } from "../errors";
import { createProgram } from "../start/program";
import { runCli } from "./runCli";

/** All commands that do something, with their names from the top. */
function leaves(command: Command, path: string[] = []): { path: string[]; command: Command }[] {
  const here = [...path, command.name()];
  return command.commands.length === 0
    ? [{ path: here, command }]
    : command.commands.flatMap((sub) => leaves(sub, here));
}

const ALL = (await createProgram()).commands.flatMap((command) => leaves(command));
const DOCUMENT = readFileSync(join(ROOT, "docs/cli.md"), "utf8");

describe("the command line", () => {
  it.each(ALL.map(({ path }) => [path.join(" "), path] as const))(
    "explains %s with an example",
    async (_name, path) => {
      const { stdout, exitCode } = await runCli([...path, "--help"]);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}chirpfob ${path.join(" ")}`));
    },
  );

  it.each(
    ALL.filter(
      ({ path }) =>
        !["serve", "sim", "power", "federate", "study serve"].some((name) => path.join(" ").startsWith(name)),
    ).map(({ path, command }) => [path.join(" "), command] as const),
  )("can be read by machines: %s has --json", (_name, command) => {
    expect(command.options.map(({ long }) => long)).toContain("--json");
  });

  it("has every command of keyfobs in its document", () => {
    const elsewhere =
      /^(serve|sim|power|federate|permissions|publish|stats|inspect|model|study|gaen|keys (generate|rotate|show))\b/;
    const names = ALL.map(({ path }) => path.join(" ")).filter((name) => !elsewhere.test(name));
    expect(names.filter((name) => !DOCUMENT.includes(`chirpfob ${name}`))).toEqual([]);
  });
});

describe("the exit codes", () => {
  it("are distinct, and stand in the document as they are", () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.values(EXIT).length);
    const table = [...DOCUMENT.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, code, name]) => [name, Number(code)]);
    expect(Object.fromEntries(table)).toEqual(EXIT);
  });

  const cases: [keyof typeof EXIT, string[]][] = [
    ["ok", ["--help"]],
    ["usage", ["no-such-command"]],
    ["usage", ["status", "--no-such-option"]],
    ["usage", ["snooze"]],
    ["usage", ["shards", "fetch", "--server", "https://x.example", "-o", "x"]],
    ["usage", ["deploy"]],
    ["usage", ["deploy", "--file", "x.devs", "--board", "xiao-c3"]],
    ["usage", ["upload", "x", "--verify", "--permission", "1", "--server", "https://x.example"]],
    ["usage", ["upload", "x", "--verify", "--reverse", "2026-11-08", "--server", "https://x.example"]],
    ["usage", ["doctor", "--udev", "--json"]],
    ["usage", ["config", "set", "noSuchValue", "1"]],
    ["input", ["snooze", "99999"]],
    ["input", ["keys", "add", "nowhere", "00"]],
    ["input", ["keys", "add", "US-MA", "00"]],
    ["input", ["status", "--port", "ftp://x"]],
    ["input", ["seeds", "export", "-o", "/no/such/folder/x.pact"]],
    ["input", ["seeds", "export", "--redact", "yesterday", "-o", "x.pact"]],
    ["input", ["upload", "/no/such/file", "--verify", "--server", "https://x.example"]],
    ["input", ["deploy", "--file", "package.json"]],
    ["input", ["shards", "fetch", "--server", "http://x.example", "--region", "DE", "-o", "x"]],
    ["input", ["upload", "x", "--verify", "--server", "http://192.0.2.1"]],
    ["noDevice", ["status", "--port", "/dev/no-such-port"]],
    ["noDevice", ["status", "--port", "tcp://127.0.0.1:9"]],
    ["network", ["shards", "fetch", "--server", "http://127.0.0.1:9", "--region", "DE", "-o", "/tmp"]],
  ];
  it.each(cases)("%s: chirpfob %j", async (name, args) => {
    const { exitCode, stderr } = await runCli(args);
    expect([exitCode, stderr]).toEqual([EXIT[name], expect.any(String)]);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
