// There is no board here. So esptool and the system's list of USB devices are stand-ins; `devs flash`, the serial line and the
// device at its other end, with a runtime and no program, are not.

import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import { type Desk, openDesk } from "../../keyfob/test/simDesk";
import { startChirpfob } from "./processes";

const KEY = "5a".repeat(32);
/** A runtime's place in the flash of an ESP32, which `devs flash` reads in its name. */
const RUNTIME = "my-runtime-0x1000.bin";

let folder: string;
let programs: string;
let desk: Desk | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "chirpfob-flash-test-"));
  programs = join(folder, "programs");
  await mkdir(programs);
});
afterEach(async () => {
  await desk?.close();
  desk = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function script(name: string, lines: readonly string[]): Promise<string> {
  const file = join(programs, name);
  await writeFile(file, `#!/bin/sh\n${lines.join("\n")}\n`);
  await chmod(file, 0o755);
  return file;
}

/** An esptool that writes down how it was called, and what it was to flash. */
const esptool = (version: string, exitCode = 0) =>
  script("esptool", [
    `echo "esptool.py v${version}"`,
    '[ "$1" = version ] && exit 0',
    `echo "$@" >> '${folder}/calls'`,
    "for last; do :; done",
    `cat "$last" > '${folder}/flashed'`,
    `exit ${exitCode}`,
  ]);

/** A system on which a port belongs to an Espressif board. */
const udevadm = (port: string) =>
  script("udevadm", [
    "cat <<'END'",
    "P: /devices/usb1/1-1/tty/ttyUSB0",
    "N: ttyUSB0",
    `E: DEVNAME=${port}`,
    "E: ID_USB_VENDOR_ID=303a",
    "END",
  ]);

async function chirpfob(...args: string[]) {
  const running = startChirpfob(args, { PATH: `${programs}:${process.env.PATH}` }, false, folder);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

const flash = (...more: string[]) => chirpfob("flash", "--board", "devkitc-esp32", "--role", "wearable", ...more);

describe("chirpfob flash", () => {
  it("says what is missing and what does without it, before anything is done", async () => {
    const none = await flash("--esptool", join(folder, "nothing"));
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/esptool 4\.5 or newer.*not here.*chirpfob deploy/),
    ]);
    const old = await flash("--esptool", await esptool("3.3.1"));
    expect([old.code, old.stderr]).toEqual([1, expect.stringMatching(/this is 3\.3\.1/)]);
    await esptool("4.8.1");
    const noFile = await flash("--runtime", join(folder, "nothing-0x0.bin"));
    expect([noFile.code, noFile.stderr]).toEqual([1, expect.stringMatching(/no such file/)]);
    await writeFile(join(folder, "runtime.bin"), "a runtime");
    const noPlace = await flash("--runtime", join(folder, "runtime.bin"));
    expect([noPlace.code, noPlace.stderr]).toEqual([1, expect.stringMatching(/where in flash.*-0x1000\.bin/)]);
    const wrongValue = await flash("--set", "nonsense=1");
    expect([wrongValue.code, wrongValue.stderr]).toEqual([1, expect.stringMatching(/no value called "nonsense"/)]);
  });

  it.skipIf(!hasTool("socat"))("makes a keyfob of a board that it finds by itself, without the internet", async () => {
    desk = await openDesk({ pty: true });
    const on = ["--port", desk.port.address];
    await esptool("4.8.1");
    await udevadm(desk.port.address);
    await writeFile(join(folder, RUNTIME), "a runtime");
    const result = await flash("--runtime", RUNTIME, "--set", "snoozeMinutes=90", "--key", `US-MA=${KEY}`);
    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Done: a wearable/) });
    expect(await readFile(join(folder, "calls"), "utf8")).toMatch(
      new RegExp(`^--port ${desk.port.address} --baud 1500000 write_flash 0x1000 \\S+/${RUNTIME}\n$`),
    );
    expect(await readFile(join(folder, "flashed"), "utf8")).toBe("a runtime");
    expect(result.stderr).toMatch(
      /Step 1 of 3: the DeviceScript runtime, from the file.*No internet is needed[\s\S]*Step 2 of 3: the program, over the cable[\s\S]*Step 3 of 3: clock and configuration/,
    );
    expect(desk.panics).toEqual([]);
    const [status, value, keys] = [
      await chirpfob("status", "--json", ...on),
      await chirpfob("config", "get", "snoozeMinutes", "--json", ...on),
      await chirpfob("keys", "list", "--json", ...on),
    ].map(({ stdout }) => JSON.parse(stdout));
    expect(status).toMatchObject({ role: "wearable", state: { clockSet: true } });
    expect(value).toMatchObject({ snoozeMinutes: { value: 90 } });
    expect(keys).toMatchObject([{ region: "US-MA", key: KEY }]);
  });

  it.skipIf(!hasTool("socat"))(
    "names the step that needs the internet, and says what helps when esptool fails",
    async () => {
      desk = await openDesk({ pty: true });
      await esptool("4.8.1", 2);
      await udevadm(desk.port.address);
      // Where `devs flash` keeps what it has downloaded in the last day.
      const cache = join(folder, ".devicescript", "cache");
      await mkdir(cache, { recursive: true });
      await writeFile(join(cache, "devicescript-esp32-esp32_devkit_c-0x1000.bin"), "the stock runtime");
      const result = await flash();
      expect(await readFile(join(folder, "flashed"), "utf8")).toBe("the stock runtime");
      expect(result.code).toBe(3);
      expect(result.stderr).toMatch(
        /Step 1 of 3.*downloaded from GitHub \(this step needs the internet; --runtime FILE/,
      );
      expect(result.stderr).toMatch(/could not be flashed.*BOOT button.*try again/);
      expect(result.stderr).not.toMatch(/Step 2/);
    },
  );

  it.skipIf(!hasTool("socat"))(
    "ends esptool, too, when it is interrupted, and says in what state the board is",
    async () => {
      desk = await openDesk({ pty: true });
      await script("esptool", [
        'echo "esptool.py v4.8.1"',
        '[ "$1" = version ] && exit 0',
        `echo $$ > '${folder}/pid'`,
        "exec sleep 60",
      ]);
      await udevadm(desk.port.address);
      await writeFile(join(folder, RUNTIME), "a runtime");
      const environment = { PATH: `${programs}:${process.env.PATH}` };
      const args = ["flash", "--board", "devkitc-esp32", "--role", "wearable", "--runtime", RUNTIME];
      const running = startChirpfob(args, environment, false, folder);
      const pid = async () => Number(await readFile(join(folder, "pid"), "utf8").catch(() => "0"));
      await expect.poll(pid, { timeout: 60_000 }).toBeGreaterThan(0);
      running.child.kill("SIGINT");
      expect(await running.ended).toBe(130);
      expect(running.stderr()).toMatch(/interrupted while the runtime was being written.*repeat the command/);
      // Empty also for a process that is dead and waits for somebody to note it.
      await expect.poll(async () => readFile(`/proc/${await pid()}/cmdline`, "utf8").catch(() => "")).toBe("");
    },
  );
});

describe("a system that does not list its ports", () => {
  it("is said so, and what to do", async () => {
    const running = startChirpfob(["devices"], { PATH: programs });
    expect(await running.ended).toBe(3);
    expect(running.stderr()).toMatch(/^chirpfob: the system does not say which serial ports.*no udevadm.*--port.*\n$/);
  });
});
