import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type BoardEntry, BoardsError, boardsSchema, findBoard, loadBoards, parseBoards } from "../boards";
import { checkAgainstDeviceScript } from "../catalog";

const boards = loadBoards();

/** The text of a boards.json whose first board is changed; undefined takes a field away. */
function withFirst(change: Record<string, unknown>): string {
  return JSON.stringify({ boards: [{ ...boards[0], ...change }, ...boards.slice(1)] });
}

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof BoardsError) return error.message;
    throw error;
  }
  return "";
}

describe("boards.json", () => {
  test("holds at least eight boards, with ESP32, ESP32-C3 and ESP32-S3 among them", () => {
    expect(boards.length).toBeGreaterThanOrEqual(8);
    const families = new Set(boards.map(({ family }) => family));
    for (const family of ["esp32", "esp32c3", "esp32s3"] as const) expect(families).toContain(family);
  });

  test("may begin with the byte order mark that Windows programs write", () => {
    const text = readFileSync(new URL("../../../boards.json", import.meta.url), "utf8");
    expect(parseBoards(`\uFEFF${text}`)).toEqual(boards);
  });

  test("names boards, pins, buttons and lights that DeviceScript knows", () => {
    for (const board of boards) expect(checkAgainstDeviceScript(board).id).toBe(board.deviceScript);
  });

  test("agrees with the schema that editors use", () => {
    const stored = JSON.parse(readFileSync(new URL("../boards.schema.json", import.meta.url), "utf8"));
    expect(stored).toEqual(boardsSchema());
  });
});

describe("a faulty boards.json is refused", () => {
  test.each([
    ["no JSON", "{", "boards.json is not JSON"],
    ["no boards", '{"boards":[]}', "boards.json: boards"],
    ["an unknown field", withFirst({ colour: "red" }), '"colour"'],
    ["a missing field", withFirst({ button: undefined }), "board 1 (feather-s2-nrf), button"],
    ["an unknown radio", withFirst({ radio: { kind: "lora" } }), "board 1 (feather-s2-nrf), radio"],
    ["a capacity below 50", withFirst({ battery: { kind: "lipo", capacityMah: 5 } }), "battery.capacityMah"],
    ["an id with spaces", withFirst({ id: "My Board" }), "must be lower-case words joined by hyphens"],
    [
      "an S2 that uses a radio it does not have",
      withFirst({ radio: { kind: "native", txPowerDbm: 0 } }),
      "the ESP32-S2 has no Bluetooth",
    ],
    ["a partition without native code", withFirst({ flash: { kind: "partition" } }), "needs the native component"],
    ["a radio module without a bus", withFirst({ spi: undefined }), "spi is missing"],
    [
      "one pin for two things",
      withFirst({ button: { kind: "pin", pin: "D10" } }),
      "button.pin and radio.select are the same pin, D10",
    ],
    ["one id twice", JSON.stringify({ boards: [boards[0], boards[0]] }), "the id feather-s2-nrf is given twice"],
  ])("for %s", (_, text, message) => {
    expect(refusal(() => parseBoards(text))).toContain(message);
  });

  test("if the file is not there", () => {
    expect(refusal(() => loadBoards("/nowhere/boards.json"))).toContain("cannot be read");
  });
});

describe("an entry that DeviceScript does not bear out is refused", () => {
  const board = findBoard("xiao-c3");
  test.each([
    ["an unknown board", { deviceScript: "toaster" }, 'no board "toaster"'],
    ["another chip", { family: "esp32s3" }, "is an esp32c3, not an esp32s3"],
    [
      "an unknown pin",
      { light: { kind: "pin", pin: "P99", activeHigh: true } },
      "light.pin: seeed_xiao_esp32c3 has no pin P99",
    ],
    ["a clock chip without I2C pins", { clock: "ds3231" }, "names no I2C pins"],
    ["a light it does not have", { light: { kind: "board", rgb: true } }, "has no light of its own"],
    ["a button it does not have", { button: { kind: "board", name: "buttonX" } }, 'no button "buttonX"'],
    [
      "a light on the pin of the board's button",
      { light: { kind: "pin", pin: "MISO_D9", activeHigh: true } },
      "light.pin: MISO_D9 is the pin of the button",
    ],
  ])("%s", (_, change, message) => {
    expect(refusal(() => checkAgainstDeviceScript({ ...board, ...change } as BoardEntry))).toContain(message);
  });
});

test("an entry that puts its button on the clock chip's bus is refused", () => {
  const board = { ...findBoard("feather-s2-nrf"), button: { kind: "pin", pin: "SDA" } } as BoardEntry;
  expect(refusal(() => checkAgainstDeviceScript(board))).toContain("button.pin: SDA is the pin of the clock chip");
  expect(checkAgainstDeviceScript({ ...board, clock: "none" }).id).toBe(board.deviceScript);
});

test("an unknown id is answered with those there are", () => {
  expect(refusal(() => findBoard("toaster"))).toContain("xiao-c3");
});
