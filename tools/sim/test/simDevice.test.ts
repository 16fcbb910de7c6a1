import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hasTool, ROOT } from "../../../test/tools";
import { EXIT } from "../../cli/errors";
import { runCli } from "../../cli/test/runCli";
import { openLink } from "../../keyfob/openLink";
import { FlashFile } from "../device/flashFile";

const folder = mkdtempSync(join(tmpdir(), "chirpfob-sim-"));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
});

/** Starts `chirpfob sim device`; its output, and its end. */
function simDevice(...options: string[]) {
  const child = spawn(process.execPath, [join(ROOT, "bin/chirpfob.mjs"), "sim", "device", ...options]);
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (text: Buffer) => {
    output.stdout += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    output.stderr += text.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const address = async (): Promise<string> => {
    while (!output.stdout.includes("\n") && child.exitCode === null) await new Promise((done) => setTimeout(done, 20));
    return output.stdout.trim();
  };
  return { child, output, ended, address };
}

describe("chirpfob sim device", () => {
  it("offers a device on a TCP port until Ctrl-C, and keeps its flash in a file", async () => {
    const file = join(folder, "keyfob.flash");
    const first = simDevice("--tcp", "0", "--flash", file);
    const address = await first.address();
    expect(address).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    const link = await openLink(address, { data: () => undefined, lost: () => undefined });
    await link.close();
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(EXIT.ok);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { settings } = new FlashFile(file).load();
    expect(Buffer.from(settings).includes("DevS")).toBe(true);

    const again = simDevice("--flash", file);
    expect(await again.address()).toMatch(/^tcp:/);
    again.child.kill("SIGTERM");
    expect(await again.ended).toBe(EXIT.ok);
  }, 60_000);

  it.skipIf(!hasTool("socat"))(
    "offers a repeater as a serial port, which other commands open",
    async () => {
      const path = join(folder, "repeater");
      const device = simDevice("--role", "repeater", "--pty", path);
      expect(await device.address()).toBe(path);
      const { stdout, exitCode } = await runCli(["status", "--port", path, "--json"]);
      expect([exitCode, JSON.parse(stdout).role]).toEqual([EXIT.ok, "repeater"]);
      device.child.kill("SIGINT");
      expect(await device.ended).toBe(EXIT.ok);
    },
    60_000,
  );

  it("presses the button for a host that asks for consent", async () => {
    const device = simDevice("--press-button");
    const port = await device.address();
    const clock = await runCli(["clock", "sync", "--port", port]);
    expect(clock.exitCode).toBe(EXIT.ok);
    const answer = await runCli(["exposures", "--port", port, "--json"]);
    expect([answer.exitCode, answer.stderr]).toEqual([EXIT.ok, expect.stringMatching(/press the button/i)]);
    device.child.kill("SIGINT");
    expect(await device.ended).toBe(EXIT.ok);
  }, 60_000);

  it("refuses a flash file that is none, or is cut short, and leaves it alone", async () => {
    const file = join(folder, "letter.txt");
    writeFileSync(file, "Dear reader");
    const run = simDevice("--flash", file);
    expect(await run.ended).toBe(EXIT.input);
    expect(run.output.stderr).toMatch(/letter\.txt is not the flash of a simulated device/);
    expect(readFileSync(file, "utf8")).toBe("Dear reader");

    const blank = new FlashFile(join(folder, "short"));
    await blank.saveIfChanged({
      settings: new Uint8Array(256 * 1024),
      log: { bytes: new Uint8Array(4096), erases: new Uint32Array(1) },
    });
    writeFileSync(blank.path, readFileSync(blank.path).subarray(0, -1));
    expect(() => blank.load()).toThrow(/damaged: it has \d+ bytes and should have \d+/);
  }, 60_000);

  it("refuses to keep its flash where no file can be written, before it starts", async () => {
    const run = simDevice("--flash", join(folder, "no such folder", "keyfob.flash"));
    expect(await run.ended).toBe(EXIT.input);
    expect(run.output.stdout).toBe("");
    expect(run.output.stderr).toMatch(/^chirpfob: the device's flash cannot be kept in .*ENOENT.*\n$/);
  }, 60_000);

  it.skipIf(!hasTool("socat"))(
    "takes no file's place with its serial port, and the place of a link that a killed run left",
    async () => {
      const letter = join(folder, "a letter, unsent");
      writeFileSync(letter, "Dear reader");
      const wrong = simDevice("--pty", letter);
      expect(await wrong.ended).toBe(EXIT.input);
      expect(wrong.output.stderr).toMatch(/a letter, unsent exists already and is no serial port/);
      expect(readFileSync(letter, "utf8")).toBe("Dear reader");

      const stale = join(folder, "tty, stale");
      symlinkSync("/dev/pts/999999", stale);
      const device = simDevice("--pty", stale);
      expect(await device.address()).toBe(stale);
      expect(readlinkSync(stale)).not.toBe("/dev/pts/999999");
      device.child.kill("SIGHUP");
      expect(await device.ended).toBe(EXIT.ok);
      expect(existsSync(stale)).toBe(false);

      const nowhere = simDevice("--pty", join(folder, "no such folder", "tty"));
      expect(await nowhere.ended).toBe(EXIT.input);
      expect(nowhere.output.stderr).toMatch(/there is no folder/);
    },
    60_000,
  );

  it("refuses a port that is none, two ports at once, and a port in use", async () => {
    const wrong = simDevice("--tcp", "99999");
    expect(await wrong.ended).toBe(EXIT.input);
    expect(wrong.output.stderr).toMatch(/--tcp must be a whole number from 0 to 65535/);
    const both = simDevice("--tcp", "0", "--pty", join(folder, "tty"));
    expect(await both.ended).toBe(EXIT.usage);

    const first = simDevice();
    const port = (await first.address()).split(":").at(-1) as string;
    const second = simDevice("--tcp", port);
    expect(await second.ended).toBe(EXIT.input);
    expect(second.output.stderr).toMatch(/cannot offer the simulated device: .*EADDRINUSE/);
  }, 60_000);
});
