// Line charts in SVG: small, so that they stay readable on a phone; several stand side by side on a large screen.

import { html, type Markup, NONE } from "../../base/markup";

/** One line of a chart; `low` and `high` make a band around it. */
export interface Series {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly low?: number; readonly high?: number }[];
}

export interface Chart {
  readonly title: string;
  /** What the axes mean, with units. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xTicks: readonly (readonly [number, string])[];
  readonly yMax: number;
  readonly yMin?: number;
  readonly yTick: (value: number) => string;
  /** A line across the chart that divides good from bad. */
  readonly limit?: { readonly y: number; readonly label: string };
  readonly series: readonly Series[];
}

/** More lines than this cannot be told apart; the tables have all. */
export const MAX_SERIES = 5;

const WIDTH = 360;
const HEIGHT = 280;
const LEFT = 56;
const RIGHT = 24;
const TOP = 14;
const BOTTOM = 54;

/** A figure with its title, chart and key. */
export function lineChart(chart: Chart): Markup {
  const { title, xTicks, series, limit } = chart;
  const [xMin, xMax] = [xTicks[0]?.[0] ?? 0, xTicks.at(-1)?.[0] ?? 1];
  const yMin = chart.yMin ?? 0;
  const x = (value: number): number =>
    round(
      LEFT +
        ((value - xMin) / (xMax - xMin || 1)) * (WIDTH - LEFT - RIGHT) +
        (xMax === xMin ? (WIDTH - LEFT - RIGHT) / 2 : 0),
    );
  const y = (value: number): number =>
    round(
      TOP + (1 - (Math.min(Math.max(value, yMin), chart.yMax) - yMin) / (chart.yMax - yMin)) * (HEIGHT - TOP - BOTTOM),
    );
  const shown = series.slice(0, MAX_SERIES);
  return html`
  <figure>
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${describe(chart)}">
      ${yTicks(yMin, chart.yMax).map((value) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/><text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${chart.yTick(value)}</text>`)}
      ${xTicks.map(([value, label]) => html`<text x="${x(value)}" y="${HEIGHT - BOTTOM + 22}" text-anchor="middle">${label}</text>`)}
      <line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(yMin)}" y2="${y(yMin)}"/>
      <text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${chart.xLabel}</text>
      ${shown.map((one, i) => band(one, i, x, y))}
      ${limit === undefined || limit.y > chart.yMax ? NONE : html`<line class="limit" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(limit.y)}" y2="${y(limit.y)}"/><text class="limit-label" x="${WIDTH - RIGHT - 2}" y="${y(limit.y) - 5}" text-anchor="end">${limit.label}</text>`}
      ${shown.map((one, i) => line(one, i, x, y))}
    </svg>
    <p class="axis-name">Upright: ${chart.yLabel}</p>
  </figure>`;
}

/** Which line is which, for all charts of a row. */
export function key(labels: readonly string[], bandText: string): Markup {
  return html`<ul class="key">${labels.slice(0, MAX_SERIES).map((label, i) => html`<li><svg class="swatch" viewBox="0 0 34 14" aria-hidden="true"><line class="line s${i}" x1="1" x2="33" y1="7" y2="7"/>${mark(i, 17, 7)}</svg>${label}</li>`)}<li><svg class="swatch" viewBox="0 0 34 14" aria-hidden="true"><rect class="band s0" x="1" y="1" width="32" height="12"/></svg>${bandText}</li></ul>`;
}

function band({ points }: Series, i: number, x: (v: number) => number, y: (v: number) => number): Markup {
  if (points.length < 2 || points.some(({ low, high }) => low === undefined || high === undefined)) return NONE;
  const upper = points.map((p) => `${x(p.x)},${y(p.high as number)}`);
  const lower = [...points].reverse().map((p) => `${x(p.x)},${y(p.low as number)}`);
  return html`<polygon class="band s${i}" points="${[...upper, ...lower].join(" ")}"/>`;
}

function line({ points }: Series, i: number, x: (v: number) => number, y: (v: number) => number): Markup {
  const path = points.map((p) => `${x(p.x)},${y(p.y)}`).join(" ");
  return html`<polyline class="line s${i}" points="${path}"/>${points.map((p) => mark(i, x(p.x), y(p.y)))}`;
}

/** A mark of another shape for each line, so that colour is not needed. */
function mark(i: number, x: number, y: number): Markup {
  const at = (points: readonly (readonly [number, number])[]): string =>
    points.map(([dx, dy]) => `${round(x + dx)},${round(y + dy)}`).join(" ");
  if (i === 0) return html`<circle class="mark s0" cx="${x}" cy="${y}" r="3.4"/>`;
  if (i === 1) return html`<rect class="mark s1" x="${round(x - 3)}" y="${round(y - 3)}" width="6" height="6"/>`;
  if (i === 2)
    return html`<polygon class="mark s2" points="${at([
      [0, -4.2],
      [4, 3.2],
      [-4, 3.2],
    ])}"/>`;
  if (i === 3)
    return html`<polygon class="mark s3" points="${at([
      [0, -4.4],
      [4.4, 0],
      [0, 4.4],
      [-4.4, 0],
    ])}"/>`;
  return html`<polygon class="mark s4" points="${at([
    [-4, -3.2],
    [4, -3.2],
    [0, 4.2],
  ])}"/>`;
}

/** For those who do not see the chart: where each line begins and ends. */
function describe({ title, xLabel, yLabel, yTick, series }: Chart): string {
  const ends = series.map(({ label, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first === undefined || last === undefined ? label : `${label}: from ${yTick(first.y)} to ${yTick(last.y)}`;
  });
  return `${title}. ${yLabel}, by ${xLabel}. ${ends.join("; ")}. The table has the figures.`;
}

/** A round number above a value, so that five ticks or fewer are round. */
export function niceMax(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)));
  return ([1, 1.5, 2, 2.5, 3, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function yTicks(min: number, max: number): number[] {
  const raw = (max - min) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10) * power;
  return Array.from({ length: Math.floor((max - min) / step + 1e-9) + 1 }, (_, i) =>
    Number((min + i * step).toPrecision(6)),
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
