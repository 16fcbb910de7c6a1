import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasTool, ROOT } from "../../../test/tools";
import { takeLock } from "../lock";
import { cleanUpLater, temporaryFolder } from "./cleanUp";

const HOLDER = join(ROOT, "tools/daemon/test/processes/lockHolder.ts");

/** Whether an unprivileged or privileged user may make a PID namespace here. */
function canUnshare(): boolean {
  if (!hasTool("unshare")) return false;
  try {
    execFileSync("unshare", ["--pid", "--fork", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Starts a process that takes the lock and keeps it until it is killed. */
async function holdElsewhere(path: string, inNamespace: boolean) {
  const program = [process.execPath, "--import", "tsx", HOLDER, path];
  const [command = "", ...args] = inNamespace
    ? ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ...program]
    : program;
  const holder = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], cwd: ROOT });
  cleanUpLater(async () => holder.kill("SIGKILL"));
  const [line] = await once(holder.stdout, "data");
  return { holder, answer: String(line).trim() };
}

describe("The lock", () => {
  it("is held by one, until it is released", async () => {
    const path = join(await temporaryFolder(), "lock");
    const tries = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
    const held = tries.filter((lock) => lock !== undefined);
    expect(held).toHaveLength(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await held[0]?.release();
    const again = await takeLock(path);
    expect(again).toBeDefined();
    await again?.release();
  });

  it("ends with the process that holds it, though nobody asks for the dead one", async () => {
    const path = join(await temporaryFolder(), "lock");
    const { holder, answer } = await holdElsewhere(path, false);
    expect(answer).toBe("held");
    expect(await takeLock(path)).toBeUndefined();
    holder.kill("SIGKILL");
    let mine: Awaited<ReturnType<typeof takeLock>>;
    await expect
      .poll(
        async () => {
          mine ??= await takeLock(path);
          return mine !== undefined;
        },
        { timeout: 10_000 },
      )
      .toBe(true);
    await mine?.release();
  });

  it.runIf(canUnshare())("is seen from another PID namespace, as in a container, both ways", async () => {
    const path = join(await temporaryFolder(), "lock");
    const mine = await takeLock(path);
    expect((await holdElsewhere(path, true)).answer).toBe("refused");
    await mine?.release();
    expect((await holdElsewhere(path, true)).answer).toBe("held");
    expect(await takeLock(path)).toBeUndefined();
  });
});
