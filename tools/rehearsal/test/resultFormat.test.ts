import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../test/tools";
import { SCENARIO_NAMES } from "../scenarios/builtIn";
import { resultOf } from "./ideal";

const DOCUMENT = readFileSync(join(ROOT, "docs/result-format.md"), "utf8");

/** Names of all fields of a value, at any depth. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldsOf(inner)]);
}

describe("docs/result-format.md", () => {
  it("explains every field that a result has", () => {
    const fields = new Set(SCENARIO_NAMES.flatMap((name) => fieldsOf(resultOf(name))));
    expect(fields.size).toBeGreaterThan(40);
    const explained = new Set([...DOCUMENT.matchAll(/[`"]([A-Za-z]+)[`"]/g)].map(([, name]) => name));
    expect([...fields].filter((field) => !explained.has(field))).toEqual([]);
  });

  it("begins its example with the version and the fields that results have", () => {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(DOCUMENT)?.[1] ?? "") as Record<string, unknown>;
    expect(Object.keys(example).sort()).toEqual(Object.keys(resultOf("town")).sort());
    expect(example.version).toBe(resultOf("town").version);
  });
});
