import { spawn } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultDataRoot, openDataDirectory, takeLock } from "../dataDirectory";
import { temporaryFolder } from "./fixtures";

describe("The lock on a data directory", () => {
  it("is held by one, until it is released", async () => {
    const path = join(await temporaryFolder(), "lock");
    const tries = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
    const held = tries.filter((lock) => lock !== undefined);
    expect(held).toHaveLength(1);
    await held[0]?.release();
    const again = await takeLock(path);
    expect(again).toBeDefined();
    expect(await readdir(join(path, ".."))).toEqual(["lock"]);
  });

  it("does not outlive its process, even if another process gets the same number", async () => {
    const path = join(await temporaryFolder(), "lock");
    const dead = spawn("true");
    await new Promise((resolve) => dead.once("exit", resolve));
    for (const left of [`${dead.pid} 12345\n`, `${process.pid} 1\n`, ""]) {
      await writeFile(path, left);
      const lock = await takeLock(path);
      expect([left, lock === undefined]).toEqual([left, false]);
      await lock?.release();
    }
  });
});

describe("A data directory", () => {
  it("must have a path short enough for its socket", async () => {
    await expect(openDataDirectory(`/tmp/${"x".repeat(120)}`)).rejects.toThrow(/too long for a local socket/);
  });

  it("is by default one for each database, whoever logs in", () => {
    const root = (url: string) => defaultDataRoot(url);
    expect(root("postgres://a:b@db/one")).toBe(root("postgres://db/one"));
    expect(root("postgres://db/one")).not.toBe(root("postgres://db/two"));
  });
});
