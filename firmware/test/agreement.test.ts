import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_SCORE } from "../../protocol/score";
import { ROOT } from "../../test/tools";
import { Command, Purpose, Role, StateFlag, Status } from "../keyfob/codes";
import { Config, ConfigKey, DEFAULT_TUNABLES } from "../state/config";

const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const service = read("services/keyfob.md");

/** Name and number of everything that a pattern finds in the service specification. */
function found(pattern: RegExp, text = service): Record<string, number> {
  const entries = [...text.matchAll(pattern)].map((m) => [m[1] as string, Number(m[2])] as const);
  return Object.fromEntries(entries);
}

function numbers(codes: object): Record<string, number> {
  return Object.fromEntries(Object.entries(codes).filter(([name]) => Number.isNaN(Number(name)))) as Record<
    string,
    number
  >;
}

const pascal = (name: string): string =>
  name.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase());

describe("the program and the specification of its service", () => {
  it("agree on every command and report", () => {
    const specified = found(/^ {4}(?:command|report) (\w+) @ (0x[0-9a-f]+)/gm);
    expect(Object.fromEntries(Object.entries(specified).map(([name, code]) => [pascal(name), code]))).toEqual(
      numbers(Command),
    );
  });

  it.each([
    ["Status", Status],
    ["Role", Role],
    ["StateFlags", StateFlag],
    ["Purpose", Purpose],
  ])("agree on the values of %s", (name, codes) => {
    const block = new RegExp(`^ {4}(?:enum|flags) ${name}: u\\d+ \\{\\n([^}]*)\\}`, "m").exec(service)?.[1];
    expect(found(/(\w+) = (\w+)/g, block ?? "")).toEqual(numbers(codes));
  });

  it("agree on configuration keys, their names and ranges", async () => {
    const rows = [...service.matchAll(/^\| (\d+) \| (\w+) \|/gm)];
    expect(rows).toHaveLength(Object.keys(numbers(ConfigKey)).length);
    const store = { get: async () => undefined, set: async () => undefined, remove: async () => undefined };
    const wearable = new Config(store, DEFAULT_TUNABLES, false);
    const repeater = new Config(store, DEFAULT_TUNABLES, true);
    for (const [line, key, name] of rows as unknown as [string, string, string][]) {
      expect(numbers(ConfigKey)[pascal(name)]).toBe(Number(key));
      const role = service
        .split("\n")
        .find((text) => text.startsWith(line))
        ?.split("|")
        .at(-2)
        ?.trim();
      expect([wearable.get(Number(key)) !== undefined, repeater.get(Number(key)) !== undefined]).toEqual([
        role !== "repeater",
        role !== "wearable",
      ]);
    }
  });

  it("agree on the defaults of the configuration, and these with the score's", () => {
    const store = { get: async () => undefined, set: async () => undefined, remove: async () => undefined };
    const wearable = new Config(store, DEFAULT_TUNABLES, false);
    expect(wearable.score()).toEqual(DEFAULT_SCORE);
    expect(wearable.value(ConfigKey.SnoozeMinutes)).toBe(60);
    expect(wearable.value(ConfigKey.HearFindMy)).toBe(0);
  });

  it("recommend what the power model recommends", () => {
    expect(DEFAULT_TUNABLES).toMatchObject(JSON.parse(read("tools/power/defaults.json")) as object);
  });
});
