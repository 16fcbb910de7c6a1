import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultDataRoot, openDataDirectory, takeLock } from "../storage/dataDirectory";
import { cleanUpLater, temporaryFolder, testCore } from "./fixtures";

/** The user who owns nothing. */
const NOBODY = 65_534;

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

  it.runIf(process.platform === "linux")(
    "does not outlive a killed process whose parent never asks for it",
    async () => {
      const path = join(await temporaryFolder(), "lock");
      // The shell starts a child and becomes a program that knows nothing of it.
      const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
      cleanUpLater(async () => parent.kill("SIGKILL"));
      const [line] = await once(parent.stdout, "data");
      const pid = Number(line);
      const fields = async () => (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
      await writeFile(path, `${pid} ${(await fields())[19]}\n`);
      expect(await takeLock(path)).toBeUndefined();
      await expect.poll(async () => (await fields())[0], { timeout: 10_000 }).toBe("Z");
      expect(await takeLock(path)).toBeDefined();
    },
  );

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

  it("is refused at once where no folder can be made, with the reason", async () => {
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, "");
    await expect(openDataDirectory(file)).rejects.toThrow(/cannot make the data directory .*EEXIST/);
    await expect(openDataDirectory(join(file, "below"))).rejects.toThrow(/cannot make the data directory .*ENOTDIR/);
    // A folder that is there, and in which there can be no other.
    if (existsSync("/proc/self"))
      await expect(openDataDirectory("/proc/chirpfob/county")).rejects.toThrow(/cannot make the data directory/);
  });

  it("is made together with the folders above it, for its owner only", async () => {
    const root = join(await temporaryFolder(), "new", "county");
    await openDataDirectory(root);
    await openDataDirectory(root);
    for (const folder of [root, join(root, "..")]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it.runIf(process.getuid?.() === 0)("is refused with the reason if it cannot be written to", async () => {
    const data = await temporaryFolder();
    await openDataDirectory(data);
    await chmod(data, 0o500);
    await chown(data, NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
    const opening = testCore({ data }).finally(() => process.seteuid?.(0));
    await expect(opening).rejects.toThrow(/cannot write in .*: EACCES/);
  });

  it("is by default one for each database, whoever logs in", () => {
    const root = (url: string) => defaultDataRoot(url);
    expect(root("postgres://a:b@db/one")).toBe(root("postgres://db/one"));
    expect(root("postgres://db/one")).not.toBe(root("postgres://db/two"));
  });
});
