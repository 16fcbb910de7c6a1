// The charts of the report, from the runs.

import { html, type Markup, NONE } from "../../base/markup";
import type { KeyfobAnswer, KeyfobQuestion, SettingResult } from "../keyfobStudy";
import type { Range } from "../summary";
import { avoidedBySyncing } from "../tellingDelay";
import { type Chart, key, lineChart, MAX_SERIES, niceMax, type Series } from "./chart";
import { like, typicalSetting } from "./questions";
import { daysText, every, share } from "./words";

const BAND = "nine in ten runs";
/** More panels than this are no overview. */
const MAX_PANELS = 4;

type Figure = "effectiveR" | "avertedShare";

/** Effective R, and infections averted, against adoption: a panel for each share of repeaters, a line for each sync interval. */
export function adoptionCharts(question: KeyfobQuestion, answer: KeyfobAnswer, figure: Figure): Markup {
  const panels = question.delayDays.flatMap((delayDays) =>
    question.repeaters.map((repeaters) => ({ delayDays, repeaters })),
  );
  const all = answer.settings.map((s) => s[figure].high);
  const yMax = figure === "effectiveR" ? niceMax(Math.max(1.2, ...all)) : niceMax(Math.max(0.05, ...all));
  const charts = panels.slice(0, MAX_PANELS).map(({ delayDays, repeaters }): Chart => {
    const own = answer.settings.filter((s) => s.delayDays === delayDays && s.repeaters === repeaters);
    return {
      title: `Repeaters at ${share(repeaters)} of shared places${question.delayDays.length > 1 ? `, diagnosis after ${daysText(delayDays)}` : ""}`,
      xLabel: "share of people who wear a keyfob",
      yLabel:
        figure === "effectiveR"
          ? "people whom one case infects, R"
          : "infections fewer, share of those without keyfobs",
      xTicks: adoptionTicks(question.adoption),
      yMax,
      yMin: figure === "effectiveR" ? lowestR(answer.settings) : 0,
      yTick: figure === "effectiveR" ? (v) => v.toFixed(1) : share,
      ...(figure === "effectiveR" ? { limit: { y: 1, label: "below 1 it dies out" } } : {}),
      series: question.syncDays.map((syncDays) => ({
        label: `synced ${every(syncDays)}`,
        points: own.filter((s) => s.syncDays === syncDays).map((s) => pointOf(s.adoption, s[figure])),
      })),
    };
  });
  return html`
  ${key(
    question.syncDays.map((days) => `synced ${every(days)}`),
    BAND,
  )}
  <div class="charts">${charts.map(lineChart)}</div>
  ${more(question.syncDays.length, panels.length)}`;
}

/** What is left of instant telling, exactly; and the runs beside it, by adoption. */
export function syncCharts(question: KeyfobQuestion, answer: KeyfobAnswer): Markup {
  const typical = typicalSetting(answer);
  const disease = { latentDays: question.incubation, infectiousDays: question.infectious };
  const longest = Math.max(14, ...question.syncDays);
  const exact: Chart = {
    title: "Of the infections that those told would still cause, avoided",
    xLabel: "days between two syncs",
    yLabel: "share avoided, exact for two generations; 100 % is telling at once, before any is caused",
    xTicks: [0, 1, 3, 7, 14]
      .map((day) => [day, String(day)] as const)
      .concat(longest > 14 ? [[longest, String(longest)]] : []),
    yMax: 1,
    yTick: share,
    series: [
      {
        label: "telling at the next sync",
        points: [...new Set([0, 0.5, 1, 2, 3, 4, 5, 7, 10, 14, ...question.syncDays])]
          .sort((a, b) => a - b)
          .map((days) => ({ x: days, y: avoidedBySyncing(disease, days) })),
      },
    ],
  };
  const adoptions = pick(
    question.adoption.filter((adoption) => adoption > 0),
    MAX_SERIES - 1,
  );
  const series: Series[] = adoptions.map((adoption) => ({
    label: `${share(adoption)} wear one`,
    points: question.syncDays.flatMap((syncDays) => {
      const s = like(answer, typical, { adoption, syncDays });
      return s === undefined ? [] : [pointOf(syncDays, s.avertedShare)];
    }),
  }));
  if (question.syncDays.length < 2 || series.length === 0) return html`<div class="charts">${lineChart(exact)}</div>`;
  const runs: Chart = {
    title: "Infections fewer, by how often keyfobs are synced",
    xLabel: "days between two syncs",
    yLabel: "infections fewer, share of those without keyfobs",
    xTicks: question.syncDays.map((days) => [days, String(days)] as const),
    yMax: niceMax(Math.max(0.05, ...answer.settings.map((s) => s.avertedShare.high))),
    yTick: share,
    series,
  };
  return html`
  ${key(
    series.map(({ label }) => label),
    BAND,
  )}
  <div class="charts">${lineChart(runs)}${lineChart(exact)}</div>`;
}

/** R by delay of the diagnosis, with and without keyfobs. */
export function delayChart({ delays, without }: KeyfobAnswer): Markup {
  if (delays.length < 2) return NONE;
  const none = delays.flatMap((s) => without.find((w) => w.delayDays === s.delayDays) ?? []);
  const series: Series[] = [
    { label: "without keyfobs", points: none.map((s) => pointOf(s.delayDays, s.effectiveR)) },
    { label: settingLabel(delays[0] as SettingResult), points: delays.map((s) => pointOf(s.delayDays, s.effectiveR)) },
  ];
  return html`
  ${key(
    series.map(({ label }) => label),
    BAND,
  )}
  <div class="charts">${lineChart({
    title: "R, by delay of the diagnosis",
    xLabel: "days from being infectious to diagnosis",
    yLabel: "people whom one case infects, R",
    xTicks: delays.map((s) => [s.delayDays, String(s.delayDays)] as const),
    yMax: niceMax(Math.max(1.2, ...[...none, ...delays].map((s) => s.effectiveR.high))),
    yMin: lowestR([...none, ...delays]),
    yTick: (v) => v.toFixed(1),
    limit: { y: 1, label: "below 1 it dies out" },
    series,
  })}</div>`;
}

export function settingLabel(s: SettingResult): string {
  return `${share(s.adoption)} wear one, synced ${every(s.syncDays)}`;
}

function pointOf(x: number, { mean, low, high }: Range) {
  return { x, y: mean, low, high };
}

/** Five or six of the values, the ends among them. */
function adoptionTicks(values: readonly number[]): (readonly [number, string])[] {
  return pick(values, 6).map((value) => [value, share(value)] as const);
}

/** At most so many of the values, evenly, the ends among them. */
function pick(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values];
  const at = Array.from({ length: most }, (_, i) => Math.round((i * (values.length - 1)) / (most - 1)));
  return at.map((i) => values[i] as number);
}

function more(lines: number, panels: number): Markup {
  return lines > MAX_SERIES || panels > MAX_PANELS
    ? html`<p>The first ${Math.min(lines, MAX_SERIES)} lines and ${Math.min(panels, MAX_PANELS)} panels; the table has all.</p>`
    : NONE;
}

/** The scale of R begins at 0.5 where nothing is lower: what matters is near 1. */
function lowestR(settings: readonly SettingResult[]): number {
  return settings.every((s) => s.effectiveR.low >= 0.5) ? 0.5 : 0;
}
