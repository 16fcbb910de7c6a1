import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasTool, ROOT } from "../../../test/tools";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const OUT = `${ROOT}build/native`;
const canBuild = hasTool("gcc") && hasTool("make");

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: FOLDER, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Builds and runs one file of C tests, and checks that all of its cases ran. */
function runCases(name: string): void {
  const output = run("make", "-s", "CC=gcc", `OUT=${OUT}`, name);
  const passed = output.split("\n").filter((line) => line.startsWith("pass "));
  const written = readFileSync(`${FOLDER}${name.replace("-", "_")}.c`, "utf8").match(/^ {4}RUN\(/gm) ?? [];
  expect(passed).toHaveLength(written.length);
}

test.runIf(canBuild)(
  "the native component passes its C tests under the address and undefined-behaviour sanitizers",
  { timeout: 300_000 },
  () => runCases("test-component"),
);

test.runIf(canBuild)(
  "a computer on the cable reaches neither flash nor radio of an ESP32, nor settings, debugger, roles or button, and hears nothing of them",
  { timeout: 300_000 },
  () => runCases("test-gate"),
);

test.runIf(canBuild)("the native component does not link into a runtime without its gate", { timeout: 300_000 }, () => {
  const { status, stderr } = spawnSync("make", ["-s", "CC=gcc", `OUT=${OUT}`, "ungated"], {
    cwd: FOLDER,
    encoding: "utf8",
  });
  expect(status).not.toBe(0);
  for (const name of ["jd_allocate_service", "jd_usb_send_frame", "jd_send_frame_raw"])
    expect(stderr).toContain(`undefined reference to \`__real_${name}'`);
});

test("the tests put the gate where the component's build puts it", () => {
  const names = /foreach wrapped,([^,]*),/.exec(readFileSync(`${FOLDER}Makefile`, "utf8"))?.[1]?.split(" ");
  const build = readFileSync(`${ROOT}firmware/native/CMakeLists.txt`, "utf8");
  expect(/foreach\(wrapped\s+([^)]*)\)/.exec(build)?.[1]?.trim().split(/\s+/)).toEqual(names);
  expect(build).toMatch(/target_link_options\(\$\{COMPONENT_LIB\} INTERFACE "-Wl,--wrap=\$\{wrapped\}"\)/);
  expect(names).toHaveLength(6);
});

test.runIf(canBuild)(
  "the native component survives 50,000 random scripts of packets and faults",
  { timeout: 300_000 },
  () => {
    run("make", "-s", "CC=gcc", `OUT=${OUT}`, "fuzz-loop");
    expect(run(`${OUT}/fuzz-loop`, "50000", "20261122")).toContain("50000 inputs");
  },
);

test("the partition table keeps the runtime's partitions and fills the second half of a 4 MiB flash with the log", () => {
  const rows = readFileSync(`${ROOT}firmware/native/partitions.csv`, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(",").map((cell) => cell.trim()));
  let end = 0x9000;
  for (const [, , , offset, size] of rows) {
    expect(Number(offset)).toBe(end);
    end = Number(offset) + bytes(size as string);
  }
  expect(rows.map(([name]) => name)).toEqual(["dcfg", "nvs", "phy_init", "factory", "fstor", "chirplog"]);
  expect(end).toBe(4 * 1024 * 1024);
});

function bytes(size: string): number {
  return size.endsWith("K") ? Number(size.slice(0, -1)) * 1024 : Number(size);
}
