// A picture of the trade-off: battery life against the chance of hearing a contact, one point for each scan setting.

import type { Board } from "../boards/boards";
import { chanceOfContact, type RadioTimes, type Surroundings } from "./detection";
import { estimatePower } from "./estimate";

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 70;
const RIGHT = 30;
const TOP = 60;
const BOTTOM = 70;
const CONTACT_MINUTES = [1, 5, 15] as const;
const COLOURS = ["#b3541e", "#1d6fa5", "#3b7d3f"] as const;
const TICKS = 5;

interface Point {
  readonly x: number;
  readonly chance: number;
}

/**
 * SVG of how listening more costs battery and finds more: over scan windows from 10 ms to the whole interval of `chosen`, for
 * contacts of 1, 5 and 15 minutes; the chosen window is marked. On a mains board the horizontal axis is current.
 */
export function plotTradeOff(board: Board, chosen: RadioTimes, surroundings: Surroundings): string {
  const onBattery = board.battery.kind === "lipo";
  const cost = (times: RadioTimes): number => {
    const { hours, milliamperes } = estimatePower(board, times);
    return hours ?? milliamperes;
  };
  const windows = scanWindows(chosen.scanIntervalMs);
  const costs = windows.map((scanWindowMs) => cost({ ...chosen, scanWindowMs }));
  const max = niceCeiling(Math.max(...costs, cost(chosen)));
  const toX = (value: number) => LEFT + (value / max) * (WIDTH - LEFT - RIGHT);
  const toY = (chance: number) => TOP + (1 - chance) * (HEIGHT - TOP - BOTTOM);
  const curves = CONTACT_MINUTES.map((minutes, at) => {
    const points = windows.map((scanWindowMs, i): Point => {
      const chance = chanceOfContact({ ...chosen, scanWindowMs }, surroundings, minutes);
      return { x: costs[i] as number, chance };
    });
    const line = points.map(({ x, chance }) => `${toX(x).toFixed(1)},${toY(chance).toFixed(1)}`).join(" ");
    const here = chanceOfContact(chosen, surroundings, minutes);
    const [cx, cy] = [toX(cost(chosen)), toY(here)];
    return [
      `<polyline points="${line}" fill="none" stroke="${COLOURS[at]}" stroke-width="2.5"/>`,
      `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="5" fill="${COLOURS[at]}"/>`,
      `<rect x="${LEFT + 12}" y="${HEIGHT - BOTTOM - 68 + 20 * at}" width="16" height="4" fill="${COLOURS[at]}"/>`,
      text(LEFT + 36, HEIGHT - BOTTOM - 62 + 20 * at, `contact of ${minutes} min: ${percent(here)} found`),
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
      `chirp every ${chosen.chirpIntervalMs} ms; scan window from 10 ms to all of ${chosen.scanIntervalMs} ms; dots: ${chosen.scanWindowMs} ms`,
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

/** From 10 ms to the whole interval, in equal factors. */
function scanWindows(intervalMs: number): number[] {
  const steps = 60;
  return Array.from({ length: steps + 1 }, (_, i) => 10 * (intervalMs / 10) ** (i / steps));
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

function capacity(board: Board): number {
  return board.battery.kind === "lipo" ? board.battery.capacityMah : 0;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

function escapeText(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
