// The pictures of docs/hardware.md against what the programs are built from.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import DEFAULTS from "../../power/defaults.json" with { type: "json" };
import { FACE_TO_FACE } from "../../power/detection";
import { plotTradeOff } from "../../power/plot";
import { findBoard, pinsOf } from "../boards";
import { checkAgainstDeviceScript } from "../catalog";

const picture = (name: string): string =>
  readFileSync(new URL(`../../../docs/hardware/${name}.svg`, import.meta.url), "utf8");

test.each([
  ["keyfob-module", "feather-s2-nrf"],
  ["keyfob-native", "xiao-c3"],
  ["repeater", "devkitc-esp32"],
])("the wiring diagram %s shows every pin that the entry %s uses", (name, id) => {
  const board = findBoard(id);
  const labels = [...picture(name).matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, label]) => label);
  expect(labels).toContain(`boards.json: ${id}`);
  // DeviceScript calls a pin of the XIAO MOSI_D10; D10 is what its board has printed beside it.
  const pins = [...pinsOf(board).values()].map((pin) => pin.split("_").at(-1));
  const { i2c } = checkAgainstDeviceScript(board);
  if (board.clock !== "none") pins.push(String(i2c?.pinSDA), String(i2c?.pinSCL));
  for (const pin of pins) expect(labels, `${name}.svg`).toContain(pin);
});

test("the wiring diagram of keyfob 1 says which line of each module goes to which pin", () => {
  const pins = pinsOf(findBoard("feather-s2-nrf"));
  const [select, interrupt, reset] = ["radio.select", "radio.interrupt", "radio.reset"].map((use) => pins.get(use));
  const described = /<desc[^>]*>([^<]*)<\/desc>/.exec(picture("keyfob-module"))?.[1];
  expect(described).toContain(`CSN to ${select}, IRQ to ${interrupt}, RESET to ${reset}.`);
  expect(described).toContain(`CS to ${pins.get("flash.select")},`);
  expect(described).toContain(`Button from ${pins.get("button.pin")} to ground.`);
});

test.each([["xiao-c3"], ["feather-s2-nrf"]])("the plot of %s is what chirpfob power draws today", (id) => {
  expect(picture(`power-${id}`)).toBe(plotTradeOff(findBoard(id), DEFAULTS, FACE_TO_FACE));
});
