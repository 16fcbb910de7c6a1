import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../test/tools";
import { buildBytecode } from "../bytecode";
import { shortNamesSource } from "../shortNames";

test("names come in the order of their uses, those of one number in that of the alphabet", () => {
  const source =
    "  async take(): Promise<void> {\n    this.b.a(this.c);\n    this.b = this.take;\n    this.a = this.c;\n  }\n";
  expect(shortNamesSource([source, "x.b"])).toBe('"b";\n"a";\n"c";\n"take";\n');
});

test("a name that is used once, stands in a comment or is a type or an enum's is left out", () => {
  const source = "/** a.doc, a.doc */\n// b.note b.note\nthis.once = Status.Ok || Status.Ok;\n";
  expect(shortNamesSource([source])).toBe("");
});

/** The names of an image in the order of their numbers: the table that is its fifth section, and their text, its eighth. */
function namesOf(image: Buffer, count: number): string[] {
  const [numbers, texts] = [64, 88].map((section) => image.readUInt32LE(section)) as [number, number];
  return Array.from({ length: count }, (_, i) => {
    const start = texts + image.readUInt16LE(numbers + 2 * i);
    return image.toString("latin1", start, image.indexOf(0, start));
  });
}

test("the compiler gives the lowest numbers to the names that a program uses most", async () => {
  const { image } = await buildBytecode("repeater", "repeater/main.ts");
  const lowest = namesOf(image, 100);
  const names = readFileSync(join(ROOT, "build/starts/repeater-names.ts"), "utf8").match(/\w+/g) as string[];
  // DeviceScript has numbers of its own for names such as "length".
  expect(lowest).toEqual(names.filter((name) => lowest.includes(name)).slice(0, 100));
});
