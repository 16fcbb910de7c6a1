import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "./runCli";

describe("chirpfob boards", () => {
  test("lists the boards, one a line", async () => {
    const { exitCode, stdout } = await runCli(["boards"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("xiao-c3");
    expect(stdout.trim().split("\n").length).toBeGreaterThanOrEqual(8);
  });

  test("shows the wiring of one", async () => {
    const { stdout } = await runCli(["boards", "feather-s2-nrf"]);
    expect(stdout).toMatch(/pin D10 +radio\.select/);
    expect(JSON.parse((await runCli(["boards", "feather-s2-nrf", "--json"])).stdout)).toMatchObject({
      family: "esp32s2",
    });
  });

  test("answers an unknown board with one clear line", async () => {
    const { exitCode, stderr } = await runCli(["boards", "toaster"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no board is called "toaster"');
  });
});

describe("chirpfob power", () => {
  test("prints a table with sources, the battery's life and what is found", async () => {
    const { exitCode, stdout } = await runCli(["power", "--board", "xiao-c3"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("ESP-AT user guide");
    expect(stdout).toMatch(/1000 mAh lasts about \d+ hours/);
    expect(stdout).toContain("a contact of  5 min is found in 100.0 %");
  });

  test("prints a table of the trade-off: a line for each scan window, this setting marked", async () => {
    const { stdout } = await runCli(["power", "--board", "xiao-c3", "--scan", "300/9370"]);
    const rows = stdout.split("\n").filter((line) => /^ +[\d.]+ ms /.test(line));
    expect(rows).toHaveLength(7);
    expect(rows.filter((row) => row.endsWith("<- this setting"))).toEqual([
      expect.stringMatching(/^ +300 ms .* 35 h /),
    ]);
    const { tradeOff } = (await runCli(["power", "--board", "devkitc-esp32", "--json"])).json();
    expect(tradeOff).toContainEqual({
      scanWindowMs: 1100,
      isChosen: true,
      milliamperes: expect.closeTo(38, 0),
      found: [expect.closeTo(1, 5), expect.closeTo(1, 5), expect.closeTo(1, 5)],
    });
  });

  test("takes other settings, prints JSON and writes a picture", async () => {
    const svg = join(mkdtempSync(join(tmpdir(), "power-")), "power.svg");
    const args = ["--board", "feather-s2-nrf", "--scan", "300/9370", "--chirp", "500", "--neighbours", "50"];
    const { stdout } = await runCli(["power", ...args, "--svg", svg, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ scanWindowMs: 300, scanIntervalMs: 9370, chirpIntervalMs: 500 });
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg/);
  });

  test.each([
    ["--scan", "2000/1000"],
    ["--scan", "10"],
    ["--chirp", "20"],
    ["--neighbours", "1.5"],
  ])("refuses %s %s as a usage error", async (option, value) => {
    const { exitCode, stderr } = await runCli(["power", "--board", "xiao-c3", option, value]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(option);
  });
});
