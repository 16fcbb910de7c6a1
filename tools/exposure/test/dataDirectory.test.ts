import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defaultDataRoot, openDataDirectory } from "../storage/dataDirectory";
import { temporaryFolder, testCore } from "./fixtures";

/** The user who owns nothing. */
const NOBODY = 65_534;

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
    for (const folder of ["", "public", "federated"]) await chown(join(data, folder), NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
    const opening = testCore({ data }).finally(() => process.seteuid?.(0));
    await expect(opening).rejects.toThrow(/cannot write in .*: EACCES/);
  });

  it("is closed to other users at every start, with all that it holds and however open it was", async () => {
    const root = await temporaryFolder();
    const secrets = [
      "database/base/1",
      "database/PG_VERSION",
      "federated/v1/a2a/keys/1",
      "signing.key",
      "permission.key",
    ];
    for (const secret of secrets) {
      const path = join(root, secret);
      await mkdir(join(path, ".."), { recursive: true, mode: 0o777 });
      await writeFile(path, "secret");
      await chmod(path, 0o666);
    }
    await chmod(root, 0o755);
    await chmod(join(root, "database"), 0o777);
    await openDataDirectory(root);
    for (const secret of secrets) {
      expect([secret, (await stat(join(root, secret))).mode & 0o777]).toEqual([secret, 0o600]);
      if (process.getuid?.() === 0)
        expect(() =>
          execFileSync("setpriv", ["--reuid", `${NOBODY}`, "--clear-groups", "cat", join(root, secret)], {
            stdio: "pipe",
          }),
        ).toThrow(/Permission denied/);
    }
    for (const folder of ["", "database", "database/base"])
      expect([folder, (await stat(join(root, folder))).mode & 0o777]).toEqual([folder, 0o700]);
  });

  it.runIf(process.getuid?.() === 0)("is refused if it belongs to another user", async () => {
    const root = await temporaryFolder();
    await openDataDirectory(root);
    await writeFile(join(root, "permission.key"), "theirs");
    await chown(root, NOBODY, NOBODY);
    await chmod(root, 0o700);
    process.seteuid?.(NOBODY);
    const opening = openDataDirectory(root).finally(() => process.seteuid?.(0));
    await expect(opening).rejects.toThrow(/belongs to another user/);
  });

  it("is by default one for each database, whoever logs in", () => {
    const root = (url: string) => defaultDataRoot(url);
    expect(root("postgres://a:b@db/one")).toBe(root("postgres://db/one"));
    expect(root("postgres://db/one")).not.toBe(root("postgres://db/two"));
  });
});
