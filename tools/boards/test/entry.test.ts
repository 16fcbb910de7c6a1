import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../test/tools";
import { writeDeviceTypes } from "../../build/bytecode";
import { findBoard, loadBoards } from "../boards";
import { entrySource, writeEntry } from "../entry";

test("the program of a board with modules wires every chip to the pins of its entry", () => {
  const source = entrySource(findBoard("feather-s2-nrf"), "wearable");
  for (const line of [
    'import { pins } from "@dsboard/adafruit_feather_esp32_s2";',
    "const bus = new BoardSpi(pins.SCK, pins.MISO, pins.MOSI, 2000000);",
    "const norChip = new SpiDevice(bus, turn, new PinOutput(pins.D11));",
    "const dialect = new ZephyrHciSpi(new SpiDevice(bus, turn, new PinOutput(pins.D10)), timer);",
    "const radio = new SpiHciTransport(dialect, new PinInput(pins.D9), new PinOutput(pins.D6), timer);",
    "const button = startButton({ pin: pins.D5 });",
    "{ radio, radioJob, openFlash, clockChip: new Ds3231(new BoardI2c()), onPress: (handler) => onPress(button, handler), light });",
  ])
    expect(source).toContain(line);
});

test("both select lines are high before the first transfer", () => {
  const source = entrySource(findBoard("s2-bluenrg"), "repeater");
  expect(source.indexOf("pins.P38")).toBeLessThan(source.indexOf("pollingOf(radio, timer)"));
  expect(source).toContain("new BlueNrgMs(");
});

test("the program of a board with its own radio needs no bus, and sends the power of its entry", () => {
  const source = entrySource(findBoard("xiao-c3"), "wearable");
  expect(source).not.toContain("BoardSpi");
  expect(source).toContain("new JacdacHciTransport()");
  expect(source).toContain(",0,65535,3,90,");
  expect(source).toContain("new PinLight(new PinOutput(pins.MOSI_D10), true)");
  expect(source).toContain("board.startButtonBOOT()");
});

test("the program of every board and role passes the strict check of device code", { timeout: 120_000 }, async () => {
  await writeDeviceTypes();
  const files: string[] = [];
  for (const board of loadBoards())
    for (const role of board.roles) files.push(`../../${await writeEntry(board, role)}`);
  expect(files.length).toBeGreaterThan(15);
  const folder = join(ROOT, "build/entries-check");
  await mkdir(folder, { recursive: true });
  const include = ["../../node_modules/@devicescript/core/src/*.d.ts", ...files];
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.device.json", include }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const errors = (() => {
    try {
      return execFileSync(process.execPath, [tsc, "--noEmit", "-p", folder], { cwd: ROOT, encoding: "utf8" });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  })();
  expect(errors).toBe("");
});

test("the wearable of a board hears the beacons among its features, and a repeater chirps alone", () => {
  const board = findBoard("xiao-c3");
  expect(entrySource(board, "wearable")).toContain("[pactCodec(), findMyCodec()]");
  expect(entrySource({ ...board, features: [] }, "wearable")).not.toContain("findMy");
  expect(entrySource(board, "repeater")).not.toContain("findMy");
});
