import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { ARROWS, CIRCLES_TO_BREAK, NAMES_TWICE, ROOFS } from "./arrows";
import { ROOT } from "./tools";

/** Top-level folders whose TypeScript makes up the project. */
const PARTS = ["protocol", "firmware", "repeater", "tools", "test"];

const EXPORTED_NAME = /^export (?:abstract |async |declare )*(?:function\*?|class|const|interface|type|enum) (\w+)/gm;

interface Source {
  /** Path from the root. */
  readonly path: string;
  readonly text: string;
  /** The text without comments, which may speak of anything. */
  readonly code: string;
  /** What it imports: paths from the root, or package names. */
  readonly imports: readonly string[];
}

function sources(folder: string, endings: RegExp): Source[] {
  return (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter((name) => endings.test(name) && !name.includes("node_modules"))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(ROOT, path), "utf8");
      const specifiers = [...text.matchAll(/\b(?:from\s+|import\s+|import\(|new URL\()"([^"]+)"/g)].map(
        (match) => match[1] as string,
      );
      const imports = specifiers.map((s) => (s.startsWith(".") ? relative(ROOT, join(ROOT, dirname(path), s)) : s));
      return { path, text, code: text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, ""), imports };
    });
}

const ALL = PARTS.flatMap((part) => sources(part, /\.(ts|mjs)$/));
const NATIVE = sources("firmware/native", /\.[ch]$/);
const isTest = ({ path }: Source): boolean => /(^|\/)test\//.test(path);
const product = (part: string): Source[] =>
  ALL.filter((source) => source.path.startsWith(`${part}/`) && !isTest(source));
const PRODUCT = PARTS.flatMap(product);

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
    expect(NATIVE.length).toBeGreaterThan(5);
  });

  it("keeps protocol/ free of Node, DeviceScript and every other part, and of time and chance of its own", () => {
    expect(strayImports("protocol", ["protocol/"])).toEqual([]);
    for (const { path, code } of product("protocol"))
      expect(code, path).not.toMatch(/\bprocess\.|\brequire\(|\bds\.|\bDate\b|\bMath\.random|\bconsole\.|\bsetTimeout/);
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

  it("lets nothing of the product use a test", () => {
    // Benchmarks measure what the tests set up.
    const users = PRODUCT.filter(({ path }) => !/^(test|tools\/bench)\//.test(path));
    expect(users.filter((s) => s.imports.some((name) => /(^|\/)test\//.test(name))).map(({ path }) => path)).toEqual(
      [],
    );
  });

  it("names a service after each specification in services/, and no other", () => {
    const specified = readdirSync(join(ROOT, "services")).map((name) => basename(name, ".md"));
    expect(specified.sort()).toEqual(["flashstore", "hci", "keyfob"]);
    for (const name of specified)
      expect(
        PRODUCT.some((s) => new RegExp(`services/${name}\\.md`).test(s.text)),
        name,
      ).toBe(true);
  });
});

describe("the arrows", () => {
  const folderOf = ({ path }: Pick<Source, "path">): string => dirname(path);
  const files = PRODUCT.filter(({ path }) => !path.startsWith("test/") && !path.endsWith(".d.ts"));
  const paths = new Set(files.map(({ path }) => path));
  /** The product files that a file imports or starts. */
  const importsOf = ({ imports }: Source): string[] =>
    imports.flatMap((name) => [name, `${name}.ts`, `${name}.mjs`].find((path) => paths.has(path)) ?? []);
  const arrows = new Map(files.map((file) => [file.path, new Set(importsOf(file))]));

  /** Groups of more than one that import each other in a circle, each as one line. */
  function circlesIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
    const reach = (from: string): Set<string> => {
      const seen = new Set<string>();
      const open = [...(graph.get(from) ?? [])];
      for (let at = open.pop(); at !== undefined; at = open.pop())
        if (!seen.has(at)) {
          seen.add(at);
          open.push(...(graph.get(at) ?? []));
        }
      return seen;
    };
    const reached = new Map([...graph.keys()].map((node) => [node, reach(node)]));
    const groups = [...graph.keys()]
      .filter((node) => reached.get(node)?.has(node))
      .map((node) =>
        [...(reached.get(node) ?? [])]
          .filter((other) => reached.get(other)?.has(node))
          .sort()
          .join(" "),
      );
    return [...new Set(groups)].sort();
  }

  /** The graph of what `nameOf` makes of files; undefined leaves a file out. */
  function graphOf(nameOf: (path: string) => string | undefined): Map<string, Set<string>> {
    const graph = new Map<string, Set<string>>();
    for (const [path, targets] of arrows) {
      const from = nameOf(path);
      if (from === undefined) continue;
      const out = graph.get(from) ?? new Set<string>();
      for (const target of targets) {
        const to = nameOf(target);
        if (to !== undefined && to !== from) out.add(to);
      }
      graph.set(from, out);
    }
    return graph;
  }

  it("are those of test/arrows.ts, and each of these is used", () => {
    const drawn = new Set(
      [...graphOf((path) => folderOf({ path }))].flatMap(([from, targets]) =>
        [...targets].map((to) => `${from} -> ${to}`),
      ),
    );
    const allowed = new Set(
      Object.entries(ARROWS).flatMap(([from, targets]) => targets.split(" ").map((to) => `${from} -> ${to}`)),
    );
    expect([...drawn].filter((arrow) => !allowed.has(arrow))).toEqual([]);
    expect([...allowed].filter((arrow) => !drawn.has(arrow))).toEqual([]);
  });

  it("never lead in a circle: not of files, not of folders, at no depth", () => {
    const folders = new Set(files.flatMap((file) => parentsOf(folderOf(file))));
    /** What stands right in `parent`: its own files are one, each folder below it another. */
    const childOf = (parent: string) => (path: string) => {
      if (!path.startsWith(`${parent}/`)) return undefined;
      const [child = "", ...below] = path.slice(parent.length + 1).split("/");
      return below.length > 0 ? `${parent}/${child}` : `${parent}/*`;
    };
    const circles = [
      ...circlesIn(new Map([...arrows].map(([path, targets]) => [path, targets]))),
      ...circlesIn(graphOf((path) => folderOf({ path }))),
      ...circlesIn(graphOf((path) => path.split("/")[0])),
      ...[...folders].flatMap((parent) => circlesIn(graphOf(childOf(parent)))),
    ];
    expect([...new Set(circles)].sort()).toEqual([...CIRCLES_TO_BREAK].sort());
  });

  it("never lead to a roof", () => {
    const users = [...arrows].flatMap(([path, targets]) =>
      [...targets]
        .filter((target) => ROOFS.some((roof) => target.startsWith(`${roof}/`) && !path.startsWith(`${roof}/`)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(users).toEqual([]);
  });

  it("keep the desk and what it stands on free of terminals: whatever faces them, a command line or a page", () => {
    const FACES = /\bprocess\.(std|exit|argv|env|on)|\bcommander\b|node:(readline|tty)|\bconsole\./;
    const below = ["tools/desk/", "tools/feed/", "tools/base/"];
    const offenders = files.filter(({ path, code }) => below.some((at) => path.startsWith(at)) && FACES.test(code));
    expect(offenders.map(({ path }) => path)).toEqual([]);
    expect(
      product("tools/desk")
        .filter(({ code }) => /\bprocess\b/.test(code))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  function parentsOf(folder: string): string[] {
    const above = dirname(folder);
    return above === "." ? [folder] : [...parentsOf(above), folder];
  }
});

describe("an exported name", () => {
  /** Holds the text of generated files, which have files of their own. */
  const WRITES_SOURCE = "tools/build/wire/render.ts";

  it("means one thing in the whole tree", () => {
    const homes = new Map<string, string[]>();
    for (const { path, code } of PRODUCT.filter((source) => source.path !== WRITES_SOURCE))
      for (const [, name = ""] of code.matchAll(EXPORTED_NAME)) homes.set(name, [...(homes.get(name) ?? []), path]);
    const doubled = [...homes].filter(([, paths]) => paths.length > 1).map(([name]) => name);
    expect(
      doubled.filter((name) => !(name in NAMES_TWICE)).map((name) => `${name}: ${homes.get(name)?.join(", ")}`),
    ).toEqual([]);
    expect(Object.keys(NAMES_TWICE).filter((name) => !doubled.includes(name))).toEqual([]);
  });
});

describe("what stands in one place only", () => {
  /** A constant that gives a formula or format away, and the one product file where it may stand. */
  const MARKS: [RegExp, string][] = [
    [/PACT-CHIRP-v1/, "protocol/beacon/chirp.ts"],
    [/PACT-META-v1/, "protocol/log/contactRow.ts"],
    [/"PACTUPLD"/, "protocol/report/uploadFile.ts"],
    [/"PACTSHRD"/, "protocol/report/shard.ts"],
    [/PACT-SHARD-v1/, "protocol/report/shard.ts"],
    [/"PACTBCNR"/, "protocol/report/beaconReport.ts"],
    [/PACT-BEACON-v1/, "protocol/report/beaconReport.ts"],
    [/EN-RPI|EN-AEMK|0xfd6f|"\w{4}6ffd"/i, "protocol/beacon/gaen.ts"],
    [/0123456789ABCDEFGHJKMNPQRSTVWXYZ/, "protocol/report/permissionNumber.ts"],
    [/\b0x004c\b/i, "protocol/beacon/findMy.ts"],
    [/limitsDb: \[55/, "protocol/match/defaultScore.ts"],
    [/\btxPower - |\* config\.weights/i, "protocol/match/score.ts"],
    [/\b7_?856\b/, "protocol/crypto/slhDsa.ts"],
  ];
  const withoutBenchmarks = PRODUCT.filter(({ path }) => !path.startsWith("tools/bench/"));

  it.each(MARKS)("%s stands in %s", (mark, home) => {
    expect(withoutBenchmarks.filter(({ code }) => mark.test(code)).map(({ path }) => path)).toEqual([home]);
  });

  it("company ids, service UUIDs, lengths and labels of frames: protocol/beacon, and nobody else", () => {
    // Whoever names one of these knows a protocol of the air.
    const marks = [
      /\b0x(004c|fd6f|ffff)\b(?=.*(company|uuid))|company\w* = 0x/i,
      /"EN-(RPI|AEM)/,
      /\b(4c001219|1eff4c00|17166ffd|03036ffd)\b/i,
      /\bADV_DATA_BYTES = 31\b/,
    ];
    const namers = withoutBenchmarks
      .filter(({ path, code }) => !path.startsWith("protocol/beacon/") && marks.some((mark) => mark.test(code)))
      .map(({ path }) => path);
    // HCI's own parameter of 31 bytes; the command line's default and help; vendor events of controllers are no frames.
    expect(namers.sort()).toEqual(["firmware/hci/packets.ts"]);
  });

  it("a kind of beacon: what lies between air and reports imports none, and is handed its codecs", () => {
    const kinds = /^protocol\/beacon\/(?!sighting$|advertisement$)/;
    const blind = PRODUCT.filter(({ path }) =>
      /^(firmware\/(listen|log|reports|results)|repeater)\/|^protocol\/log\/contactRow/.test(path),
    ).filter(({ path }) => path !== "repeater/main.ts");
    expect(blind.length).toBeGreaterThan(20);
    expect(
      blind.flatMap(({ path, imports }) =>
        imports.filter((name) => kinds.test(name)).map((name) => `${path} imports ${name}`),
      ),
    ).toEqual([]);
  });

  it("each label of a hash or signature", () => {
    const homes = new Map<string, string[]>();
    for (const { path, code } of withoutBenchmarks)
      for (const label of new Set(code.match(/"PACT-[A-Z]+-v\d+"/g) ?? []))
        homes.set(label, [...(homes.get(label) ?? []), path]);
    expect(homes.size).toBeGreaterThan(5);
    expect([...homes].filter(([, paths]) => paths.length > 1)).toEqual([]);
  });

  it("each length that protocol/ exports: nobody else defines it again", () => {
    const lengths = product("protocol").flatMap(({ code }) =>
      [...code.matchAll(/^export const (\w+_BYTES) = /gm)].map((match) => match[1] as string),
    );
    expect(lengths).toEqual(
      expect.arrayContaining(["CHIRP_BYTES", "ROW_BYTES", "SHARD_BLOCK_BYTES", "UPLOAD_TUPLE_BYTES"]),
    );
    const again = PRODUCT.filter(({ path }) => !path.startsWith("protocol/")).flatMap(({ path, code }) =>
      [...code.matchAll(/^(?:export )?const (\w+_BYTES) = \d/gm)]
        .filter((match) => lengths.includes(match[1] as string))
        .map((match) => `${path}: ${match[1]}`),
    );
    // The parameter of LE Set Advertising Data is 31 bytes whatever travels in it (Core specification, vol 4 part E 7.8.7).
    expect(again).toEqual(["firmware/hci/packets.ts: ADV_DATA_BYTES"]);
  });

  it("SHA-256 of chirps, rows and shards: outside of protocol/ nothing hashes a seed or a chirp", () => {
    const users = withoutBenchmarks.filter(
      ({ path, code }) => !path.startsWith("protocol/") && /\b(sha256|Sha256)\w*\([^)]*\b(seed|chirp|row)\b/.test(code),
    );
    expect(users.map(({ path }) => path)).toEqual([]);
  });

  it("the waiting for time to pass: the agenda. Others wait for an answer of a peripheral, or give way", () => {
    const device = [...product("firmware"), ...product("repeater")];
    const homes = (mark: RegExp): string[] => device.filter(({ code }) => mark.test(code)).map(({ path }) => path);
    expect(homes(/\.rest\(/)).toEqual(["firmware/base/agenda.ts"]);
    expect(homes(/while \(true\)|for \(;;\)/).sort()).toEqual([
      "firmware/base/agenda.ts",
      "firmware/reports/shardImport.ts", // ends with the block's matches
      "repeater/rounds.ts", // ends after MAX_LOOKS
    ]);
    expect(homes(/\b(?:sleep|suspend)\((?!1\))/).sort()).toEqual([
      "firmware/base/timer.ts", // declares it
      "firmware/chips/blueNrgMs.ts",
      "firmware/chips/spiHciTransport.ts",
      "firmware/chips/spiNorStore.ts",
      "firmware/chips/zephyrHciSpi.ts",
      "firmware/hci/host.ts",
      "firmware/jacdac/deviceScriptRuntime.ts",
      "firmware/jacdac/jacdacFlash.ts",
      "firmware/jacdac/jacdacSettings.ts",
      "firmware/results/results.ts", // keeps matches after a time that tells nothing
    ]);
  });

  it("Bluetooth's opcodes of commands: the HCI host, and the controller model that answers it", () => {
    const host = readFileSync(join(ROOT, "firmware/hci/packets.ts"), "utf8");
    const opcodes = [...host.matchAll(/\bOP_\w+ = 0x([0-9a-f]{4})\b/g)].map((match) => match[1] as string);
    expect(opcodes.length).toBeGreaterThan(8);
    // As bytes they follow H4's 01; those of the LE group are known without it, too.
    const littleEndian = opcodes.map(
      (code) => `${code.startsWith("0c") ? "0x01, " : ""}0x${code.slice(2)}, 0x${code.slice(0, 2)}`,
    );
    const opcode = new RegExp(`\\b0x(${opcodes.join("|")})u?\\b|(${littleEndian.join("|")})\\b`, "i");
    const users = [...PRODUCT, ...NATIVE.filter((source) => !isTest(source))]
      .filter(({ code }) => opcode.test(code))
      .map(({ path }) => path);
    expect(users).toEqual(expect.arrayContaining(["firmware/hci/packets.ts", "tools/sim/hci/codes.ts"]));
    const elsewhere = users.filter((path) => !/^(firmware\/hci|tools\/sim\/hci)\//.test(path));
    // Both let nothing through to a controller before its HCI Reset, and so must know that one.
    expect(elsewhere.sort()).toEqual(["firmware/chips/spiHciTransport.ts", "firmware/native/src/hci_bridge.c"]);
    for (const path of elsewhere) {
      const { code } = [...PRODUCT, ...NATIVE].find((source) => source.path === path) as Source;
      expect(
        [...code.matchAll(new RegExp(opcode, "gi"))].map(([found]) => found),
        path,
      ).toEqual([expect.stringMatching(/^0x0c03u?$/)]);
    }
  });
});

describe("what nobody uses", () => {
  const wordsOf = new Map(ALL.map(({ path, code }) => [path, code.match(/[A-Za-z_$][\w$]*/g) ?? []]));

  it("is not exported", () => {
    const users = new Map<string, Set<string>>();
    for (const [path, words] of wordsOf)
      for (const word of words) users.set(word, (users.get(word) ?? new Set()).add(path));
    // What a generator writes offers more than is taken.
    const written = ALL.filter(({ text }) => !text.includes("@generated by protoc-gen-es"));
    const unused = written.flatMap(({ path, code }) =>
      [...code.matchAll(EXPORTED_NAME)]
        .map((match) => match[1] as string)
        .filter((name) => users.get(name)?.size === 1 && wordsOf.get(path)?.filter((w) => w === name).length === 1)
        .map((name) => `${path}: ${name}`),
    );
    expect(unused).toEqual([]);
  });

  it("is no file: each is imported, or named where it starts", () => {
    const imported = new Set(ALL.flatMap(({ imports }) => imports.map((name) => normalize(name).replace(/\.ts$/, ""))));
    const named = [
      ...ALL.map(({ code }) => code),
      ...["package.json", "bin/chirpfob.mjs", "vitest.config.ts", "devs.config.json"].map((name) =>
        readFileSync(join(ROOT, name), "utf8"),
      ),
    ].join("\n");
    const entries = readFileSync(join(ROOT, "tools/boards/entry.ts"), "utf8");
    const orphans = ALL.map(({ path }) => path).filter(
      (path) =>
        !/\.(test|d)\.ts$/.test(path) &&
        !imported.has(path.replace(/\.ts$/, "")) &&
        !imported.has(path) &&
        !named.includes(path.replace(/\.ts$/, "")) &&
        // What tools/boards/entry.ts writes for a board names these by their file alone.
        !(path.startsWith("firmware/chips/") && entries.includes(`"${basename(path, ".ts")}"`)),
    );
    expect(orphans).toEqual([]);
  });
});

describe("the project's texts", () => {
  it("name no machine's paths", () => {
    const home = new RegExp(`/(${["home", "root", "Users"].join("|")})/[a-z]`);
    for (const { path, text } of [...ALL, ...NATIVE]) expect(text, path).not.toMatch(home);
  });

  it("cite only sections that their documents have", () => {
    const documents = [
      "README.md",
      ...readdirSync(join(ROOT, "docs"))
        .filter((name) => name.endsWith(".md"))
        .map((name) => `docs/${name}`),
    ];
    const texts = [
      ...ALL,
      ...NATIVE,
      ...documents.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") })),
    ];
    const wrong = texts.flatMap(({ path, text }) =>
      [...text.matchAll(/((?:docs\/)?[\w-]+\.md),? "([^"\n]+)"/g)]
        .filter(([, name = "", section = ""]) => {
          const file = [name, `docs/${name}`].map((n) => join(ROOT, n)).find(existsSync);
          return (
            file === undefined ||
            !readFileSync(file, "utf8")
              .split("\n")
              .some((l) => l.replace(/^#+ /, "") === section && l.startsWith("#"))
          );
        })
        .map(([cited]) => `${path}: ${cited}`),
    );
    expect(wrong).toEqual([]);
  });
});
