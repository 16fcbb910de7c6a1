import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./tools";

interface Config {
  readonly compilerOptions: { readonly strict?: boolean };
  readonly files: readonly string[];
}

/** The type checks that `npm run check` runs, with the files that each names (and not what those import). */
const CONFIGS = ["tsconfig.json", "tsconfig.device.json"].map((name) => {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const text = execFileSync(process.execPath, [tsc, "--showConfig", "-p", name], { cwd: ROOT, encoding: "utf8" });
  const { compilerOptions, files } = JSON.parse(text) as Config;
  return { name, compilerOptions, files: new Set(files.map((path) => path.replace(/^\.\//, ""))) };
});

const SOURCES = ["protocol", "firmware", "repeater", "tools", "test"].flatMap((folder) =>
  (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter((name) => /(?<!\.d)\.ts$/.test(name))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
);

describe("the types", () => {
  it.each(CONFIGS)("of $name are checked strictly, by `npm run check`", ({ name, compilerOptions }) => {
    expect(compilerOptions.strict).toBe(true);
    const { check } = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: { check: string } })
      .scripts;
    const commands = check.split(" && ");
    expect(commands).toContain(name === "tsconfig.json" ? "tsc --noEmit" : `tsc --noEmit -p ${name}`);
  });

  it("of every source file are in exactly one of these checks", () => {
    expect(SOURCES.length).toBeGreaterThan(300);
    const checks = SOURCES.map((path) => `${path}: ${CONFIGS.filter(({ files }) => files.has(path)).length}`);
    expect(checks.filter((line) => !line.endsWith(": 1"))).toEqual([]);
  });

  it("of what a device runs are checked as a device has them", () => {
    const device = CONFIGS.find(({ name }) => name === "tsconfig.device.json")?.files ?? new Set();
    const programs = SOURCES.filter(
      (path) => /^(firmware|repeater)\/(?!(native\/)?test\/)/.test(path) || path.includes("/programs/"),
    );
    expect(programs.length).toBeGreaterThan(90);
    expect(programs.filter((path) => !device.has(path))).toEqual([]);
  });
});
