import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { startUnprivileged } from "../../cli/test/processes";
import { temporaryFolder } from "../../exposure/test/fixtures";
import { expectFree, readersOf, writePrivateFile } from "../files";

/** What the file system answers to a hard link; undefined: it makes one. */
let linkProblem: string | undefined;
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    link: async (from: string, to: string) => {
      if (linkProblem !== undefined) throw Object.assign(new Error(linkProblem), { code: linkProblem });
      await real.link(from, to);
    },
  };
});

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe.each([
  ["a disk with hard links", undefined],
  ["a USB stick (FAT), which has none", "EPERM"],
  ["a share without any", "EOPNOTSUPP"],
])("a private file on %s", (_disk, problem) => {
  beforeEach(() => {
    linkProblem = problem;
  });

  it("is there whole, for its owner alone, and nothing beside it", async () => {
    expect(await writePrivateFile(join(folder, "x"), "seeds", false)).toBe("only you can read it");
    expect(await readFile(join(folder, "x"), "utf8")).toBe("seeds");
    expect((await stat(join(folder, "x"))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["x"]);
  });

  it("replaces nothing that appeared in the meantime, unless it is to", async () => {
    await writeFile(join(folder, "x"), "older");
    await expect(writePrivateFile(join(folder, "x"), "newer", false)).rejects.toThrow(/exists already/);
    expect(await readFile(join(folder, "x"), "utf8")).toBe("older");
    await writePrivateFile(join(folder, "x"), "newer", true);
    expect(await readFile(join(folder, "x"), "utf8")).toBe("newer");
    expect(await readdir(folder)).toEqual(["x"]);
  });
});

it("is not called private where the disk keeps no modes", () => {
  expect([0o100600, 0o100755, 0o100666].map((mode) => /only you/.test(readersOf(mode)))).toEqual([true, false, false]);
});

describe("a file that cannot be written", () => {
  it("is told in words, and leaves nothing behind", async () => {
    linkProblem = "ENOSPC";
    await expect(writePrivateFile(join(folder, "x"), "seeds", false)).rejects.toThrow(
      /cannot write .*: the disk is full/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("is noticed before a wearer is asked: no folder, a folder of that name, a folder that may not be written to", async () => {
    await expect(expectFree(join(folder, "no", "x"), false)).rejects.toThrow(/there is no folder/);
    await expect(expectFree(folder, true)).rejects.toThrow(/is a folder/);
    const closed = join(folder, "closed");
    await mkdir(closed);
    await chmod(folder, 0o755);
    await chmod(closed, 0o555);
    const page = join(closed, "page.html");
    const running = startUnprivileged(["exposures", "--html", page, "--port", "tcp://127.0.0.1:9"]);
    expect([await running.ended, running.stderr()]).toEqual([
      1,
      `chirpfob: cannot write ${page}: you may not write there\n`,
    ]);
  });
});
