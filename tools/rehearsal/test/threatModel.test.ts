import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../test/tools";

const PAGE = readFileSync(join(ROOT, "docs/threat-model.md"), "utf8");

describe("docs/threat-model.md", () => {
  // `file`: "title", or `file` alone for all of it
  const cited = [...PAGE.matchAll(/`([\w./-]+\.test\.ts)`(?::\s+"([^"]+)")?/g)].map(([, file = "", title]) => ({
    file,
    title,
  }));

  it("names a test for most of its threats", () => {
    expect(cited.filter(({ title }) => title !== undefined).length).toBeGreaterThan(20);
  });

  it("names tests that exist, by the titles that they have", () => {
    const missing = cited.filter(({ file, title }) => {
      const path = join(ROOT, file);
      return !existsSync(path) || (title !== undefined && !readFileSync(path, "utf8").includes(title));
    });
    expect(missing).toEqual([]);
  });
});
