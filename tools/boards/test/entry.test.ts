import { expect, test } from "vitest";
import { findBoard } from "../boards";
import { entrySource } from "../entry";

test("the program of a board with modules wires every chip to the pins of its entry", () => {
  const source = entrySource(findBoard("feather-s2-nrf"), "wearable");
  for (const line of [
    'import { pins } from "@dsboard/adafruit_feather_esp32_s2";',
    "const bus = new BoardSpi(pins.SCK, pins.MISO, pins.MOSI, 2000000);",
    "const norChip = new SpiDevice(bus, turn, new PinOutput(pins.D11));",
    "const dialect = new ZephyrHciSpi(new SpiDevice(bus, turn, new PinOutput(pins.D10)), timer);",
    "const radio = new SpiHciTransport(dialect, new PinInput(pins.D9), new PinOutput(pins.D6), timer);",
    "const button = startButton({ pin: pins.D5 });",
    "{ radio, openFlash, clockChip: new Ds3231(new BoardI2c()), onPress: (handler) => onPress(button, handler), light });",
  ])
    expect(source).toContain(line);
});

test("both select lines are high before the first transfer", () => {
  const source = entrySource(findBoard("s2-bluenrg"), "repeater");
  expect(source.indexOf("pins.P38")).toBeLessThan(source.indexOf("servePolling(radio)"));
  expect(source).toContain("new BlueNrgMs(");
});

test("the program of a board with its own radio needs no bus, and sends the power of its entry", () => {
  const source = entrySource(findBoard("xiao-c3"), "wearable");
  expect(source).not.toContain("BoardSpi");
  expect(source).toContain("new JacdacHciTransport()");
  expect(source).toContain('"txPowerDbm":3');
  expect(source).toContain("new PinLight(new PinOutput(pins.MOSI_D10), true)");
  expect(source).toContain("board.startButtonBOOT()");
});
