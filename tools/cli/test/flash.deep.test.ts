import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startChirpfob } from "./processes";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chirpfob-flash-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stand-in for esptool that writes down how it was called: there is no board to flash here. */
async function esptool(version: string): Promise<string> {
  const file = join(folder, "esptool");
  await writeFile(file, `#!/bin/sh\necho "$@" >> '${folder}/calls'\necho "esptool.py v${version}"\n`);
  await chmod(file, 0o755);
  return file;
}

async function flash(...more: string[]) {
  const running = startChirpfob(["flash", "--board", "devkitc-esp32", "--role", "wearable", ...more]);
  return { code: await running.ended, stderr: running.stderr() };
}

describe("chirpfob flash", () => {
  it("says what is missing and what does without it, before anything is done", async () => {
    const none = await flash("--esptool", join(folder, "nothing"));
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/esptool 4\.5 or newer.*not here.*chirpfob deploy/),
    ]);
    const old = await flash("--esptool", await esptool("3.3.1"));
    expect([old.code, old.stderr]).toEqual([1, expect.stringMatching(/this is 3\.3\.1/)]);
    const noFile = await flash("--esptool", await esptool("4.8.1"), "--runtime", join(folder, "nothing.bin"));
    expect([noFile.code, noFile.stderr]).toEqual([1, expect.stringMatching(/no such file/)]);
    const wrongValue = await flash("--set", "nonsense=1");
    expect([wrongValue.code, wrongValue.stderr]).toEqual([1, expect.stringMatching(/no value called "nonsense"/)]);
  });

  it("hands the given runtime to esptool at offset 0, without the internet, and names its steps", async () => {
    const [port] = await SerialPort.list();
    if (!port) {
      process.stderr.write("skipped: handing a runtime to esptool, because this machine has no serial port at all\n");
      return;
    }
    const runtime = join(folder, "runtime.bin");
    await writeFile(runtime, "a runtime");
    const result = await flash("--esptool", await esptool("4.8.1"), "--runtime", runtime, "--port", port.path);
    expect(await readFile(join(folder, "calls"), "utf8")).toMatch(
      new RegExp(`--port ${port.path} --baud 1500000 write_flash 0x0 \\S*runtime-0x0\\.bin`),
    );
    expect(result.stderr).toMatch(/Step 1 of 3.*from the file.*No internet is needed[\s\S]*Step 2 of 3: the program/);
    expect(result.code).toBe(3);
  });
});
