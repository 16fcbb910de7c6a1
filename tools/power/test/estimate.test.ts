import { describe, expect, test } from "vitest";
import { CONFIG_TABLE } from "../../../protocol/keyfob/configTable";
import { findBoard, loadBoards } from "../../boards/boards";
import DEFAULTS from "../defaults.json" with { type: "json" };
import { chanceOfContact, FACE_TO_FACE, shareOfMinutes } from "../detection";
import { estimatePower } from "../estimate";
import { plotTradeOff } from "../plot";
import { tradeOffTable } from "../tradeOff";

const keyfob = findBoard("xiao-c3");

describe("the default settings", () => {
  test("are those of the firmware", () => {
    const { chirpIntervalMs, scanIntervalMs, scanWindowMs } = CONFIG_TABLE;
    expect(DEFAULTS).toEqual({
      chirpIntervalMs: chirpIntervalMs.wearable,
      scanIntervalMs: scanIntervalMs.wearable,
      scanWindowMs: scanWindowMs.wearable,
    });
  });

  test("find at least 0.99 of contacts of one minute, even among 100 other keyfobs", () => {
    expect(chanceOfContact(DEFAULTS, FACE_TO_FACE, 1)).toBeGreaterThan(0.99);
    expect(chanceOfContact(DEFAULTS, { ...FACE_TO_FACE, neighbours: 100 }, 1)).toBeGreaterThan(0.99);
  });

  test("find at least 0.95 of contacts of five minutes where half of all packets are lost", () => {
    expect(chanceOfContact(DEFAULTS, { packetChance: 0.5, neighbours: 100 }, 5)).toBeGreaterThan(0.95);
  });

  test("listen long enough for a whole chirp interval, so that every window hears every neighbour", () => {
    expect(DEFAULTS.scanWindowMs).toBeGreaterThan(DEFAULTS.chirpIntervalMs + 10);
  });

  test("let every keyfob with a battery last a day", () => {
    for (const board of loadBoards()) {
      const { hours } = estimatePower(board, DEFAULTS);
      if (hours !== undefined) expect(hours, board.id).toBeGreaterThan(24);
    }
  });
});

test("listening more never finds less and never saves current", () => {
  let found = 0;
  let current = 0;
  for (let scanWindowMs = 50; scanWindowMs <= 10_000; scanWindowMs *= 1.5) {
    const times = { ...DEFAULTS, scanWindowMs };
    const chance = shareOfMinutes(times, FACE_TO_FACE);
    const { milliamperes } = estimatePower(keyfob, times);
    expect(chance).toBeGreaterThanOrEqual(found - 1e-9);
    expect(milliamperes).toBeGreaterThan(current);
    [found, current] = [chance, milliamperes];
  }
});

test("a crowd costs detections and no setting finds more than all", () => {
  const alone = chanceOfContact({ ...DEFAULTS, scanWindowMs: 300 }, FACE_TO_FACE, 5);
  const crowded = chanceOfContact({ ...DEFAULTS, scanWindowMs: 300 }, { ...FACE_TO_FACE, neighbours: 500 }, 5);
  expect(crowded).toBeLessThan(alone);
  expect(chanceOfContact({ ...DEFAULTS, scanWindowMs: 10_000 }, FACE_TO_FACE, 60)).toBeLessThanOrEqual(1);
});

test("the current is the sum of its shares, each with a source", () => {
  for (const board of loadBoards()) {
    const { shares, milliamperes } = estimatePower(board, DEFAULTS);
    expect(shares.reduce((sum, share) => sum + share.milliamperes, 0)).toBeCloseTo(milliamperes, 9);
    for (const { source, what } of shares) expect(source.length, `${board.id}: ${what}`).toBeGreaterThan(5);
  }
});

test("a radio module costs less than the chip's own radio at the same settings", () => {
  const own = estimatePower(findBoard("devkitc-esp32"), DEFAULTS).milliamperes;
  expect(estimatePower(findBoard("devkitc-esp32-nrf"), DEFAULTS).milliamperes).toBeLessThan(own);
});

test("the trade-off goes from an eighth of the chosen window to the whole interval, and every line costs more than the last", () => {
  const windows = (scanWindowMs: number, scanIntervalMs: number) => {
    const rows = tradeOffTable(keyfob, { ...DEFAULTS, scanWindowMs, scanIntervalMs }, FACE_TO_FACE);
    expect(rows.filter(({ isChosen }) => isChosen).map((row) => row.scanWindowMs)).toEqual([scanWindowMs]);
    for (const [i, row] of rows.entries()) {
      const before = rows[i - 1];
      if (!before) continue;
      expect(row.milliamperes).toBeGreaterThan(before.milliamperes);
      expect(row.found[0]).toBeGreaterThanOrEqual(before.found[0] as number);
    }
    return rows.map((row) => row.scanWindowMs);
  };
  expect(windows(1100, 10_000)).toEqual([137.5, 275, 550, 1100, 2200, 4400, 8800]);
  expect(windows(10_000, 10_000)).toEqual([1250, 2500, 5000, 10_000]);
  expect(windows(2.5, 10)).toEqual([2.5, 5, 10]);
});

test("the picture never asks for a window longer than its interval", () => {
  const svg = plotTradeOff(keyfob, { ...DEFAULTS, scanWindowMs: 2.5, scanIntervalMs: 9 }, FACE_TO_FACE);
  const [first = "", ...rest] = [...svg.matchAll(/polyline points="([^"]*)"/g)].map(([, points]) => points as string);
  expect(rest).toHaveLength(2);
  const x = first.split(" ").map((point) => Number(point.split(",")[0]));
  expect([...x].sort((a, b) => b - a)).toEqual(x);
});

test("the picture is well-formed, names the board and marks the chosen setting", () => {
  const svg = plotTradeOff(keyfob, DEFAULTS, FACE_TO_FACE);
  expect(svg).toContain(keyfob.name);
  expect(svg).toContain(`dots: ${DEFAULTS.scanWindowMs} ms`);
  expect(svg).not.toContain("NaN");
  expect(svg.match(/<polyline/g)).toHaveLength(3);
  const opened = svg.match(/<(text|svg)\b/g)?.length;
  expect(svg.match(/<\/(text|svg)>/g)).toHaveLength(opened as number);
});
