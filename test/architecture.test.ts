import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./tools";

/** Top-level folders whose TypeScript makes up the project. */
const PARTS = ["protocol", "firmware", "repeater", "tools", "test"];

interface Source {
  /** Path from the root. */
  readonly path: string;
  readonly text: string;
  /** What it imports: paths from the root, or package names. */
  readonly imports: string[];
}

function sources(folder: string): Source[] {
  let names: string[];
  try {
    names = readdirSync(join(ROOT, folder), { recursive: true }) as string[];
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(ROOT, path), "utf8");
      const specifiers = [...text.matchAll(/\b(?:from\s+|import\s+|import\()"([^"]+)"/g)].map(
        (match) => match[1] as string,
      );
      const imports = specifiers.map((s) => (s.startsWith(".") ? relative(ROOT, join(ROOT, dirname(path), s)) : s));
      return { path, text, imports };
    });
}

const ALL = PARTS.flatMap(sources);
const isTest = ({ path }: Source): boolean => /(^|\/)test\//.test(path);
const product = (part: string): Source[] =>
  ALL.filter((source) => source.path.startsWith(`${part}/`) && !isTest(source));

/** Imports of a part's product code that no prefix in `allowed` covers. */
function strayImports(part: string, allowed: readonly string[]): string[] {
  return product(part).flatMap(({ path, imports }) =>
    imports
      .filter((name) => !allowed.some((prefix) => name.startsWith(prefix)))
      .map((name) => `${path} imports ${name}`),
  );
}

describe("the house", () => {
  it("has sources to check", () => {
    expect(product("protocol").length).toBeGreaterThan(10);
    expect(product("tools").length).toBeGreaterThan(5);
  });

  it("keeps protocol/ free of Node, DeviceScript and every other part", () => {
    expect(strayImports("protocol", ["protocol/"])).toEqual([]);
    for (const { path, text } of product("protocol")) expect(text, path).not.toMatch(/\bprocess\.|\brequire\(|\bds\./);
  });

  it("lets firmware/ use nothing but protocol/, itself and DeviceScript", () => {
    expect(strayImports("firmware", ["protocol/", "firmware/", "@devicescript/", "@dsboard/"])).toEqual([]);
  });

  it("lets repeater/ use nothing but protocol/, firmware/, itself and DeviceScript", () => {
    expect(strayImports("repeater", ["protocol/", "firmware/", "repeater/", "@devicescript/", "@dsboard/"])).toEqual(
      [],
    );
  });

  it("has nothing that uses tools/ but tools/ and the tests", () => {
    const users = ALL.filter((s) => !isTest(s) && s.imports.some((name) => name.startsWith("tools/")));
    expect(
      users.map(({ path }) => path).filter((path) => !path.startsWith("tools/") && !path.startsWith("test/")),
    ).toEqual([]);
  });
});

describe("what stands in one place only", () => {
  /** A constant that gives a formula or format away, and the one product file where it may stand. */
  const MARKS: [RegExp, string][] = [
    [/PACT-CHIRP-v1/, "protocol/chirp.ts"],
    [/PACT-META-v1/, "protocol/contactRow.ts"],
    [/"PACTUPLD"/, "protocol/uploadFile.ts"],
    [/"PACTSHRD"/, "protocol/shard.ts"],
    [/PACT-SHARD-v1/, "protocol/shard.ts"],
    [/0123456789ABCDEFGHJKMNPQRSTVWXYZ/, "protocol/permissionNumber.ts"],
    [/\b0x004c\b/i, "protocol/frame.ts"],
    [/limitsDb: \[55/, "protocol/score.ts"],
  ];

  it.each(MARKS)("%s stands in %s", (mark, home) => {
    // Comments may speak of it; code may not.
    const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const users = ALL.filter((s) => !isTest(s) && !s.path.startsWith("tools/bench/") && mark.test(code(s.text)));
    expect(users.map(({ path }) => path)).toEqual([home]);
  });

  it("Bluetooth opcodes of commands stand in the HCI host, and in the controller model that answers it", () => {
    // Set Advertising Data, Set Scan Enable, Set Random Address, Set Event Mask: as numbers or as little-endian bytes.
    const opcode = /\b0x(2008|200c|2005|0c01)\b|0x0[58c], 0x20\b/i;
    const users = ALL.filter((s) => !isTest(s) && opcode.test(s.text)).map(({ path }) => dirname(path));
    expect(new Set(users).size).toBeGreaterThan(0);
    expect([...new Set(users)].filter((folder) => !["firmware/hci", "tools/sim/hci"].includes(folder))).toEqual([]);
  });
});

describe("the project's texts", () => {
  it("name no machine's paths", () => {
    const home = new RegExp(`/(${["home", "root", "Users"].join("|")})/[a-z]`);
    for (const { path, text } of ALL) expect(text, path).not.toMatch(home);
  });
});
