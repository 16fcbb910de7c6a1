// A checkout below a path that breaks careless programs, in the hands of somebody who is not root and may not read the rest.

import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "./tools";

const NOBODY = 65534;
/** Where tests run as root, the newcomer is another user; elsewhere whoever runs them. */
const WHO = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

describe("A newcomer's checkout named `a b%ü#c`, in a folder that only its owner may read", () => {
  const top = mkdtempSync(join(tmpdir(), "newcomer-"));
  let checkout = join(top, "a b%ü#c");

  async function run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(program, args, {
      ...WHO,
      cwd: checkout,
      env: { PATH: process.env.PATH, HOME: join(top, "home"), LANG: "C.UTF-8", NO_COLOR: "1" },
      maxBuffer: 64 << 20,
    });
    return stdout;
  }

  beforeAll(async () => {
    // What git has, as a clone would; the work tree's own changes included, which a clone would leave out.
    const files = execFileSync("git", ["-c", `safe.directory=${ROOT.replace(/\/$/, "")}`, "ls-files", "-z"], {
      cwd: ROOT,
    });
    mkdirSync(checkout);
    mkdirSync(join(top, "home"));
    execFileSync("sh", ["-c", 'xargs -0 cp --parents --target-directory="$0"', checkout], { cwd: ROOT, input: files });
    if (WHO.uid !== undefined) execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, top]);
    chmodSync(top, 0o700);
    await run("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline");
  }, 300_000);
  afterAll(() => rmSync(top, { recursive: true, force: true }));

  const chirpfob = (...args: string[]) => run(process.execPath, "bin/chirpfob.mjs", ...args);

  it("lists boards, estimates power and compiles programs", async () => {
    expect(await chirpfob("boards")).toContain("xiao-c3");
    expect(await chirpfob("power", "--board", "xiao-c3")).toContain("mA");
    expect(await chirpfob("build", "repeater", "--board", "devkitc-esp32")).toContain("bytes");
    expect(readdirSync(join(checkout, "build"))).toContain("repeater-devkitc-esp32.devs");
  }, 240_000);

  it("passes its checks of format, lint and types", async () => {
    expect(await run("npm", "run", "check")).toContain("No fixes applied");
  }, 240_000);

  it("passes the tests of a few seconds from a folder with spaces and umlauts", async () => {
    // Vite, which runs the tests, takes what follows # for the fragment of an address, and % for a code.
    const plainer = join(top, "a b ü");
    renameSync(checkout, plainer);
    checkout = plainer;
    expect(await run("npm", "run", "test:quick")).toMatch(/Tests {2}.*passed/);
  }, 240_000);
});
