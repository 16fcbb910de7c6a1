import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Beacon } from "../../protocol/beacon/sighting";
import { Command, Counter, Purpose, Role, StateFlag, Status } from "../../protocol/keyfob/codes";
import { ConfigKey, REPEATER_DEFAULTS, WEARABLE_DEFAULTS } from "../../protocol/keyfob/configKeys";
import { DEFAULT_SCORE } from "../../protocol/match/defaultScore";
import { ROOT } from "../../test/tools";
import { HAS_BYTES, isWellFormed, refusal, requestOf, valuesOf } from "../host/layouts";
import { Config } from "../state/config";

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

/** A command with its code and its fields, and then its report's; or a report of its own. */
const LAYOUT = /^ {4}(?:command|report) (\w+) @ (0x[0-9a-f]+) \{\n([^}]*)\}(?:\n {4}report \{\n([^}]*)\})?/gm;
/** Region and key in the answer to `regionKeyGet`, which come even if there are none. */
const TRUST_BYTES = 38;
const TYPE_BYTES: Record<string, number> = { u8: 1, u16: 2, u32: 4, i32: 4, bytes: 0, StateFlags: 2 };

interface Field {
  readonly name: string;
  /** 0: as many as there are. */
  readonly bytes: number;
}

function fieldsOf(text: string): Field[] {
  return [...text.matchAll(/(\w+): (\w+)(?:\[(\d+)\])?/g)].map(([, name, type, count]) => ({
    name: name as string,
    bytes: (TYPE_BYTES[type as string] ?? 1) * Number(count ?? 1),
  }));
}

/** Where a field starts. */
function atOf(fields: Field[], name: string): number {
  const index = fields.findIndex((field) => field.name === name);
  return fields.slice(0, index).reduce((sum, { bytes }) => sum + bytes, 0);
}

const pascal = (name: string): string =>
  name.replace(/(?:^|_)([a-z])/g, (_all, letter: string) => letter.toUpperCase());

/** What a build with Find My hears, and one without. */
const ALL_KINDS = (1 << Beacon.Pact) | (1 << Beacon.FindMy);
const PACT_ONLY = 1 << Beacon.Pact;

describe("the program and the specification of its service", () => {
  it("agree on every command and report", () => {
    const specified = found(/^ {4}(?:command|report) (\w+) @ (0x[0-9a-f]+)/gm);
    expect(Object.fromEntries(Object.entries(specified).map(([name, code]) => [pascal(name), code]))).toEqual(
      numbers(Command),
    );
  });

  it("agree on the length and fields of every command and report", () => {
    const layouts = [...service.matchAll(LAYOUT)].map((m) => m.slice(1, 5) as [string, string, string, string?]);
    expect(layouts).toHaveLength(Object.keys(numbers(Command)).length);
    for (const [, code, commandFields, reportFields] of layouts) {
      const command = fieldsOf(commandFields);
      const report = fieldsOf(reportFields ?? "");
      const isReportOnly = Number(code) === Command.ImportProgress;
      const values = (isReportOnly ? command : report).map(({ bytes }) => (bytes === 0 ? HAS_BYTES : 1));
      expect([code, valuesOf(Number(code))]).toEqual([code, values.reduce((sum, value) => sum + value, 0)]);
      if (isReportOnly) continue;
      const length = command.reduce((sum, { bytes }) => sum + bytes, 0);
      const isOpen = command.at(-1)?.bytes === 0;
      const least = length;
      const fits = [least - 1, least, least + 1].map((n) => isWellFormed(Number(code), Buffer.alloc(n)));
      expect([code, ...fits]).toEqual([code, false, true, isOpen]);
      const asked = Buffer.alloc(least);
      asked.writeUInt16LE(0x1234, atOf(command, "request"));
      expect(requestOf(Number(code), asked)).toBe(0x1234);
      const answer = refusal(Number(code), asked, Status.Refused);
      if (!answer) expect([Command.Status, Command.Counters, Command.ImportPiece]).toContain(Number(code));
      else {
        const trustBytes = Number(code) === Command.RegionKeyGet ? TRUST_BYTES : 0;
        const expected = Buffer.alloc(report.reduce((sum, { bytes }) => sum + bytes, trustBytes));
        expected.writeUInt16LE(0x1234, atOf(report, "request"));
        if (report.some(({ name }) => name === "status")) expected[atOf(report, "status")] = Status.Refused;
        expect([code, answer.toString("hex")]).toEqual([code, expected.toString("hex")]);
      }
    }
  });

  it.each([
    ["Status", Status],
    ["Role", Role],
    ["StateFlags", StateFlag],
    ["Purpose", Purpose],
    ["Counter", Counter],
  ])("agree on the values of %s", (name, codes) => {
    const block = new RegExp(`^ {4}(?:enum|flags) ${name}: u\\d+ \\{\\n([^}]*)\\}`, "m").exec(service)?.[1];
    expect(found(/(\w+) = (\w+)/g, block ?? "")).toEqual(numbers(codes));
  });

  it("agree on configuration keys, their names, roles, ranges and defaults, and these with the score's", () => {
    const store = { get: async () => undefined, set: async () => undefined, remove: async () => undefined };
    const wearable = new Config(store, WEARABLE_DEFAULTS, Role.Wearable, ALL_KINDS);
    const repeater = new Config(store, REPEATER_DEFAULTS, Role.Repeater, PACT_ONLY);
    const rows = [...service.matchAll(/^\| (\d+) \| (\w+) \| [^|]*\| (\S+) \| (\S+) \| (\S*) *\| (\S*) *\|/gm)];
    expect(rows).toHaveLength(Object.keys(numbers(ConfigKey)).length);
    for (const [, key, name = "", min, max, ...defaults] of rows) {
      expect(numbers(ConfigKey)[pascal(name)]).toBe(Number(key));
      const specified = defaults.map((value) =>
        value === "" ? undefined : { value: Number(value), min: Number(min), max: Number(max) },
      );
      expect([key, wearable.get(Number(key)), repeater.get(Number(key))]).toEqual([key, ...specified]);
    }
    expect(wearable.score()).toEqual(DEFAULT_SCORE);
    const without = new Config(store, WEARABLE_DEFAULTS, Role.Wearable, PACT_ONLY);
    expect(without.get(ConfigKey.HearFindMy)).toBeUndefined();
  });
});
