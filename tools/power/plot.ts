// A picture of the trade-off: battery life against the chance of hearing a contact, one point for each scan setting.

import type { BoardEntry } from "../boards/boards";
import type { RadioTimes, Surroundings } from "./detection";
import { SHORTEST_WINDOW_MS, TRADE_OFF_MINUTES, type TradeOff, tradeOff } from "./tradeOff";

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 70;
const RIGHT = 30;
const TOP = 60;
const BOTTOM = 70;
const COLOURS = ["#b3541e", "#1d6fa5", "#3b7d3f"] as const;
const TICKS = 5;

/**
 * SVG of how listening more costs battery and finds more: over scan windows from 10 ms to the whole interval of `chosen`, for
 * contacts of 1, 5 and 15 minutes; the chosen window is marked. On a mains board the horizontal axis is current.
 */
export function plotTradeOff(board: BoardEntry, chosen: RadioTimes, surroundings: Surroundings): string {
  const onBattery = board.battery.kind === "lipo";
  const cost = ({ hours, milliamperes }: TradeOff): number => hours ?? milliamperes;
  const at = (scanWindowMs: number) => tradeOff(board, { ...chosen, scanWindowMs }, surroundings, chosen.scanWindowMs);
  const points = scanWindows(chosen.scanIntervalMs).map(at);
  const here = at(chosen.scanWindowMs);
  const max = niceCeiling(Math.max(...points.map(cost), cost(here)));
  const toX = (value: number) => LEFT + (value / max) * (WIDTH - LEFT - RIGHT);
  const toY = (chance: number) => TOP + (1 - chance) * (HEIGHT - TOP - BOTTOM);
  const curves = TRADE_OFF_MINUTES.map((minutes, i) => {
    const place = (point: TradeOff) => [toX(cost(point)), toY(point.found[i] as number)].map((n) => n.toFixed(1));
    const line = points.map((point) => place(point).join(",")).join(" ");
    const [cx, cy] = place(here);
    return [
      `<polyline points="${line}" fill="none" stroke="${COLOURS[i]}" stroke-width="2.5"/>`,
      `<circle cx="${cx}" cy="${cy}" r="5" fill="${COLOURS[i]}"/>`,
      `<rect x="${LEFT + 12}" y="${HEIGHT - BOTTOM - 68 + 20 * i}" width="16" height="4" fill="${COLOURS[i]}"/>`,
      text(
        LEFT + 36,
        HEIGHT - BOTTOM - 62 + 20 * i,
        `contact of ${minutes} min: ${percent(here.found[i] as number)} found`,
      ),
    ].join("\n");
  });
  const axis = onBattery ? `battery life, hours (${capacity(board)} mAh)` : "average current, mA";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="Chance of finding a contact against ${axis}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 26, escapeText(board.name), 17),
    text(
      LEFT,
      46,
      `chirp every ${chosen.chirpIntervalMs} ms; scan window from ${scanWindows(chosen.scanIntervalMs)[0]} ms to all of ${chosen.scanIntervalMs} ms; dots: ${chosen.scanWindowMs} ms`,
      13,
    ),
    ...ticks(max, toX, toY),
    ...curves,
    text(WIDTH / 2, HEIGHT - 18, axis, 14, "middle"),
    `<text x="20" y="${HEIGHT / 2}" transform="rotate(-90 20 ${HEIGHT / 2})" text-anchor="middle" fill="#222222">chance of finding the contact</text>`,
    "</svg>",
    "",
  ].join("\n");
}

/** From 10 ms, or the shortest there is in so short an interval, to the whole interval, in equal factors. */
function scanWindows(intervalMs: number): number[] {
  const steps = 60;
  const shortestMs = intervalMs < 20 ? SHORTEST_WINDOW_MS : 10;
  return Array.from({ length: steps + 1 }, (_, i) => shortestMs * (intervalMs / shortestMs) ** (i / steps));
}

function ticks(max: number, toX: (value: number) => number, toY: (chance: number) => number): string[] {
  const lines: string[] = [];
  for (let i = 0; i <= TICKS; i++) {
    const value = (max * i) / TICKS;
    const [x, y] = [toX(value).toFixed(1), toY(i / TICKS).toFixed(1)];
    lines.push(`<line x1="${x}" y1="${TOP}" x2="${x}" y2="${HEIGHT - BOTTOM}" stroke="#e2e2e2"/>`);
    lines.push(`<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#e2e2e2"/>`);
    lines.push(text(Number(x), HEIGHT - BOTTOM + 20, String(Math.round(value * 10) / 10), 13, "middle"));
    lines.push(text(LEFT - 8, Number(y) + 5, percent(i / TICKS), 13, "end"));
  }
  return lines;
}

function text(x: number, y: number, content: string, size = 14, anchor = "start"): string {
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="#222222">${content}</text>`;
}

/** 1, 2 or 5 times a power of ten, so that five ticks are round. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) as number) * power;
}

function capacity(board: BoardEntry): number {
  return board.battery.kind === "lipo" ? board.battery.capacityMah : 0;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function escapeText(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
