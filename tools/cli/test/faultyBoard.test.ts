// What commands say to somebody who adds a board to boards.json and mistypes a pin.

import { expect, test, vi } from "vitest";
import type * as boardsModule from "../../boards/boards";
import { EXIT } from "../errors";
import { runCli } from "./runCli";

vi.mock("../../boards/boards", async (original) => {
  const real = await original<typeof boardsModule>();
  const mistyped = { ...real.findBoard("xiao-c3"), light: { kind: "pin", pin: "P99", activeHigh: true } };
  return { ...real, findBoard: () => mistyped };
});

test.each([
  ["boards xiao-c3"],
  ["build wearable --board xiao-c3"],
  ["deploy --role wearable --board xiao-c3 --port tcp://127.0.0.1:9"],
])("chirpfob %s names the field of boards.json that DeviceScript does not bear out, in one line", async (line) => {
  const { exitCode, stderr, stdout } = await runCli(line.split(" "));
  expect([exitCode, stdout]).toEqual([EXIT.input, ""]);
  expect(stderr).toMatch(/boards\.json: board xiao-c3: light\.pin: seeed_xiao_esp32c3 has no pin P99; it has /);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
