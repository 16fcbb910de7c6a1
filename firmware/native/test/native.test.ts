import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
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

test.runIf(canBuild)(
  "on virtual time the chip sleeps between turns, is awake when button, cable, radio or program need it, and stays awake if a wrap was not reached",
  { timeout: 300_000 },
  () => runCases("test-sleep"),
);

test("the tests wrap the functions that the component's build wraps for an ESP32-C3", () => {
  const build = file("CMakeLists.txt");
  const lists = [...build.matchAll(/(?:set\(|list\(APPEND )wraps ([^)]*)\)/g)].map(([, names]) => words(names));
  const names = words(/^WRAPPED = ((?:.*\\\n)*.*)$/m.exec(file("test/Makefile"))?.[1]);
  expect(lists).toHaveLength(3);
  // The last list is for the ESP32-S2.
  expect(lists.slice(0, 2).flat()).toEqual(names);
  expect(lists[2]).toEqual(["rtc_clk_cal_cycling"]);
  expect(names).toHaveLength(19);
  expect(build).toMatch(
    /foreach\(wrapped \$\{wraps\}\)\n\s+target_link_options\(\$\{COMPONENT_LIB\} INTERFACE "-Wl,--wrap=\$\{wrapped\}"\)/,
  );
});

test("each function that is wrapped is wrapped in one file, and none is wrapped that the build does not name", () => {
  const folder = `${ROOT}firmware/native/src/`;
  const defined = readdirSync(folder)
    .filter((name) => name.endsWith(".c"))
    .flatMap((name) => [...readFileSync(`${folder}${name}`, "utf8").matchAll(/__wrap_(\w+)\([^;{]*\{/g)])
    .map(([, name]) => name as string);
  const named = [...file("CMakeLists.txt").matchAll(/(?:set\(|list\(APPEND )wraps ([^)]*)\)/g)].flatMap(([, names]) =>
    words(names),
  );
  expect(defined.sort()).toEqual(named.sort());
});

test("the runtime is told to sleep with Bluetooth modem sleep at 100 Hz, never on the main crystal, and without Wi-Fi", () => {
  const sleep = options("sdkconfig.sleep");
  expect(sleep).toMatchObject({
    PM_ENABLE: "y",
    FREERTOS_USE_TICKLESS_IDLE: "y",
    FREERTOS_HZ: "100",
    FREERTOS_IDLE_TIME_BEFORE_SLEEP: "2",
    FREERTOS_UNICORE: "y",
    BT_CTRL_MODEM_SLEEP: "y",
    BT_CTRL_MODEM_SLEEP_MODE_1: "y",
    BT_CTRL_MAIN_XTAL_PU_DURING_LIGHT_SLEEP: "n",
    ESP_SLEEP_POWER_DOWN_FLASH: "n",
    ESP32_WIFI_SW_COEXIST_ENABLE: "n",
  });
  // One clock for the chip and one for the controller that goes with it, and nothing that both fragments decide.
  const clocks = {
    rc: ["RTC_CLK_SRC_INT_RC", "BT_CTRL_LPCLK_SEL_RTC_SLOW"],
    crystal: ["RTC_CLK_SRC_EXT_CRYS", "BT_CTRL_LPCLK_SEL_EXT_32K_XTAL"],
    oscillator: ["RTC_CLK_SRC_EXT_OSC", "BT_CTRL_LPCLK_SEL_EXT_32K_XTAL"],
  };
  for (const [name, chosen] of Object.entries(clocks)) {
    const clock = options(`sdkconfig.${name}`);
    expect(clock).toEqual(Object.fromEntries(chosen.map((key) => [key, "y"])));
    expect(Object.keys(clock).filter((key) => key in sleep)).toEqual([]);
  }
  const radio = options("sdkconfig.chirpfob");
  expect(Object.keys(radio).filter((key) => key in sleep)).toEqual([]);
  expect(radio).toMatchObject({ BT_CONTROLLER_ONLY: "y", BT_CTRL_HCI_MODE_VHCI: "y" });
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

function file(name: string): string {
  return readFileSync(`${ROOT}firmware/native/${name}`, "utf8");
}

function words(text = ""): string[] {
  return text.split(/[\s\\]+/).filter((word) => word !== "");
}

/** What a fragment of sdkconfig sets, without `CONFIG_`. */
function options(name: string): Record<string, string> {
  const lines = file(name)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const pairs = lines.map((line) => /^CONFIG_(\w+)=(.+)$/.exec(line)?.slice(1) as [string, string]);
  expect(new Set(pairs.map(([key]) => key)).size).toBe(lines.length);
  return Object.fromEntries(pairs);
}

function bytes(size: string): number {
  return size.endsWith("K") ? Number(size.slice(0, -1)) * 1024 : Number(size);
}
