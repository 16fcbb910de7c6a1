import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { hourOfSeconds } from "../../../protocol/base/time";
import { hasTool, ROOT } from "../../../test/tools";
import { startChirpfob } from "../../cli/test/processes";
import { runCli } from "../../cli/test/runCli";
import { cleanUpLater, dataFolder, sendUpload, temporaryFolder, uploadBytes } from "./fixtures";

const CHIRPFOB = join(ROOT, "bin/chirpfob.mjs");

describe("chirpfob serve", () => {
  let data: string;
  let child: ChildProcess;
  let url: string;
  const printed = { stdout: "", stderr: "" };
  beforeAll(async () => {
    data = await temporaryFolder();
    child = spawn(process.execPath, [CHIRPFOB, "serve", "--data", data, "--region", "US-MA", "--port", "0"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    cleanUpLater(async () => child.kill("SIGKILL"));
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.on("data", (text) => {
        printed[name] += String(text);
      });
    await vi.waitUntil(() => / on http:/.test(printed.stdout), { timeout: 110_000 });
    url = /http:\S+/.exec(printed.stdout)?.[0] ?? "";
  }, 120_000);

  it("starts with nothing on loopback, with every secret readable by its owner only", async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const name of ["admin.sock", "signing.key", "permission.key"])
      expect([name, (await stat(join(data, name))).mode & 0o777]).toEqual([name, 0o600]);
    expect((await stat(data)).mode & 0o077).toBe(0);
  });

  it("is administered while it runs: numbers, keys, publication and figures", async () => {
    const issued = (
      await runCli(["permissions", "issue", "--data", data, "--provider", "Elm", "--count", "3", "--json"])
    ).json();
    expect(issued).toEqual({ provider: "Elm", numbers: [expect.any(String), expect.any(String), expect.any(String)] });
    const [one = "", two = ""] = issued.numbers as string[];
    const lastHour = hourOfSeconds(Date.now() / 1000) - 2;
    expect((await sendUpload(url, uploadBytes({ hours: 2, lastHour }), { number: one })).status).toBe(201);
    expect((await runCli(["permissions", "revoke", two, "--data", data])).stderr).toMatch(/withdrew 1 numbers/);
    expect((await runCli(["permissions", "stats", "--data", data])).stdout).toBe(
      "Elm: 3 issued, 1 unused, 1 used, 1 revoked, 0 expired\n",
    );
    const { published } = (await runCli(["publish", "--data", data, "--json"])).json() as {
      published: { feed: string; seeds: number }[];
    };
    expect(published.map(({ feed, seeds }) => [feed, seeds])).toEqual([["public", 24]]);
    const key = (await runCli(["keys", "show", "--data", data])).stdout.trim();
    expect(await (await fetch(`${url}/v1/keys`)).json()).toMatchObject({
      region: "US-MA",
      publicKey: key,
      chunks: [{ number: 1, seeds: 24 }],
    });
    const rotated = (await runCli(["keys", "rotate", "--data", data, "--json"])).json();
    expect(rotated).toMatchObject({ keys: [{ publicKey: key }, { endorsedBy: key }] });
    expect(await (await fetch(`${url}/v1/keys`)).json()).toMatchObject({ publicKey: rotated.publicKey });
    expect((await runCli(["stats", "--data", data, "--json"])).json()).toMatchObject({
      region: "US-MA",
      waiting: { uploads: 0 },
      feeds: [{ feed: "public", chunks: 1 }],
    });
  });

  it("says in one line why it cannot do something", async () => {
    const failing = async (...args: string[]) => {
      const { exitCode, stderr } = await runCli(args);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      return [exitCode, stderr];
    };
    expect(await failing("keys", "generate", "--data", data)).toEqual([1, expect.stringMatching(/already/)]);
    expect(await failing("permissions", "revoke", "NONSENSE", "--data", data)).toEqual([
      1,
      expect.stringMatching(/no permission number/),
    ]);
    expect(await failing("federate", "--data", data)).toEqual([1, expect.stringMatching(/no federation file/)]);
    expect(await failing("permissions", "issue", "--data", data, "--provider", "", "--count", "1")).toEqual([
      1,
      expect.stringMatching(/provider/),
    ]);
    expect(await failing("stats")).toEqual([1, expect.stringMatching(/--data DIR/)]);
    expect(await failing("stats", "--database", "mysql://x")).toEqual([1, expect.stringMatching(/postgres:\/\//)]);
    expect(await failing("stats", "--database", "postgres://127.0.0.1:1/x", "--data", data)).toEqual([
      5,
      expect.stringMatching(/cannot reach/),
    ]);
    expect(await failing("serve", "--data", data, "--port", "0")).toEqual([
      1,
      expect.stringMatching(/another process is using/),
    ]);
    expect(await failing("serve", "--data", data, "--retention-days", "0")).toEqual([
      1,
      expect.stringMatching(/--retention-days/),
    ]);
    expect(await failing("serve", "--data", data, "--region", "Mass")).toEqual([
      1,
      expect.stringMatching(/--region Mass/),
    ]);
    expect(await failing("serve", "--data", data, "--tls-key", "k")).toEqual([
      1,
      expect.stringMatching(/belong together/),
    ]);
    const elsewhere = join(data, "elsewhere");
    expect(await failing("permissions", "issue", "--data", elsewhere, "--provider", "P", "--count", "1")).toEqual([
      1,
      expect.stringMatching(/no exposure service in .*elsewhere/),
    ]);
    await expect(stat(elsewhere)).rejects.toThrow();
  });

  it("takes its settings from the environment too, and says in one line which of them cannot be used", async () => {
    for (const [name, value, problem] of [
      ["CHIRPFOB_RETENTION_DAYS", "0", /--retention-days/],
      ["CHIRPFOB_BEHIND_PROXY", "yes", /CHIRPFOB_BEHIND_PROXY/],
      ["CHIRPFOB_REGION", "Mass", /--region Mass/],
      ["CHIRPFOB_DATABASE", "mysql://x", /postgres:\/\//],
    ] as const) {
      vi.stubEnv(name, value);
      const { exitCode, stderr } = await runCli(["serve", "--data", data]);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(problem)]);
      vi.unstubAllEnvs();
    }
  });

  it("refuses every other user, even one who may enter the folder", async ({ skip }) => {
    if (process.getuid?.() !== 0 || !hasTool("setpriv")) return skip("only root can become another user");
    const asNobody = (script: string) =>
      execFileSync(
        "setpriv",
        ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, "-e", script],
        { encoding: "utf8" },
      ).trim();
    const connect = `require("net").connect(${JSON.stringify(join(data, "admin.sock"))}).on("error", (e) => console.log(e.code)).on("connect", () => console.log("open"))`;
    expect(asNobody(connect)).toBe("EACCES");
    await chmod(data, 0o755);
    expect(asNobody(connect)).toBe("EACCES");
    await chmod(data, 0o700);
  });

  it("tells another user that the service is not theirs, not that there is none", async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip("only root can become another user");
    process.seteuid?.(65534);
    const { exitCode, stderr } = await runCli(["stats", "--data", data]).finally(() => process.seteuid?.(0));
    expect([exitCode, stderr]).toEqual([4, expect.stringMatching(/may not administer this service/)]);
  });

  it("goes on when nobody reads its log any more", async () => {
    const running = startChirpfob(["serve", "--data", await dataFolder(), "--region", "US-MA", "--port", "0"]);
    cleanUpLater(async () => running.child.kill("SIGKILL"));
    await running.prints(/ on http:/, 110_000);
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    running.child.kill("SIGTERM");
    // It logs that it is stopping, and then stops as cleanly as ever.
    expect(await running.ended).toBe(0);
  });

  it("logs nothing of any request, and stops cleanly when asked", async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    const events = printed.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(["started", "published", "stopping"]);
    expect(printed.stderr).not.toMatch(/127\.0\.0\.1|Elm|upload/);
    await expect(stat(join(data, "admin.sock"))).rejects.toThrow();
    expect((await runCli(["stats", "--data", data, "--json"])).json()).toMatchObject({ region: "US-MA" });
  });
});
