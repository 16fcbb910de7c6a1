// The report as one accessible page: no script, no network, large type, light and dark, and good on paper.

import type { ScoreConfig } from "../../protocol/score";
import {
  CLOSENESS,
  dayBoundsInWords,
  type ExposureDay,
  formatDay,
  headline,
  overallAdvice,
  REVERSE_WORDS,
  weightsInWords,
} from "./exposureReport";

/** Height of the picture's drawing area, in its own units. */
const PLOT_HEIGHT = 200;
const PLOT_TOP = 24;
const LABEL_HEIGHT = 64;
const LEFT = 56;
const SLOT = 56;
const BAR = 34;

/** Renders the page. @param createdMs when, Unix milliseconds */
export function exposureHtml(days: readonly ExposureDay[], config: ScoreConfig, createdMs: number): string {
  const advice = overallAdvice(days);
  const created = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" }).format(createdMs);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>What your keyfob found</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>What your keyfob found</h1>
<p class="lead ${advice}">${escapeHtml(headline(days))}</p>
${days.some(({ reverse }) => reverse) ? `<p class="lead alert">${escapeHtml(REVERSE_WORDS)}</p>` : ""}
${days.length > 0 ? `${picture(days, config)}\n${table(days)}` : ""}
<h2>How it counts</h2>
<p>${escapeHtml(weightsInWords(config))}</p>
<p>${days[0] ? `${escapeHtml(dayBoundsInWords(days[0].day))} ` : ""}How close somebody was is estimated from how weakly the signal arrived: bodies and walls weaken it, so it can be wrong both ways. A single short encounter may be missed.</p>
<p>The keyfob knows neither who it was nor where. This page was written on ${escapeHtml(created)} and is only on this computer; it is about your health, so keep it as you keep such things.</p>
</main>
</body>
</html>
`;
}

function table(days: readonly ExposureDay[]): string {
  const rows = days.map(
    ({ day, direct, shared, weighted, advice, reverse }) =>
      `<tr class="${advice}"><th scope="row">${escapeHtml(formatDay(day))}</th>${direct.map((minutes) => `<td>${minutes}</td>`).join("")}<td>${shared}</td><td>${weighted}</td><td>${ADVICE_WORDS[advice]}${reverse ? "; possible source" : ""}</td></tr>`,
  );
  return `<h2>Day by day</h2>
<div class="scroll" role="region" aria-label="Minutes by day" tabindex="0">
<table>
<caption>Minutes near somebody who was diagnosed later</caption>
<thead><tr><th scope="col">Day</th>${CLOSENESS.map((name) => `<th scope="col">${capital(name)}</th>`).join("")}<th scope="col">Shared space</th><th scope="col">Counts as</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</div>`;
}

const ADVICE_WORDS = { alert: "Alert", notice: "Notice", none: "Little" } as const;

/** Bars of counted minutes from the first day to the last, with the days between shown empty. */
function picture(days: readonly ExposureDay[], config: ScoreConfig): string {
  const first = days[0]?.day ?? 0;
  const last = days.at(-1)?.day ?? first;
  const byDay = new Map(days.map((day) => [day.day, day]));
  const highest = Math.max(config.alertAt * 1.2, ...days.map(({ weighted }) => weighted));
  const y = (minutes: number) => PLOT_TOP + PLOT_HEIGHT * (1 - minutes / highest);
  const width = LEFT + (last - first + 1) * SLOT + 16;
  const height = PLOT_TOP + PLOT_HEIGHT + LABEL_HEIGHT;
  const bars: string[] = [];
  for (let day = first; day <= last; day++) {
    const x = LEFT + (day - first) * SLOT;
    const found = byDay.get(day);
    const middle = x + SLOT / 2;
    const [weekday, ...rest] = formatDay(day).split(/,? /);
    bars.push(
      `<text class="day" x="${middle}" y="${PLOT_TOP + PLOT_HEIGHT + 22}">${escapeHtml(weekday ?? "")}</text><text class="day" x="${middle}" y="${PLOT_TOP + PLOT_HEIGHT + 42}">${escapeHtml(rest.slice(0, 2).join(" "))}</text>`,
    );
    if (!found) continue;
    const top = y(found.weighted);
    bars.push(
      `<rect class="${found.advice}" x="${x + (SLOT - BAR) / 2}" y="${top.toFixed(1)}" width="${BAR}" height="${Math.max(2, PLOT_TOP + PLOT_HEIGHT - top).toFixed(1)}" rx="3"><title>${escapeHtml(formatDay(day))}: counts as ${found.weighted} minutes</title></rect><text class="value" x="${middle}" y="${(top - 6).toFixed(1)}">${Math.round(found.weighted)}</text>`,
    );
  }
  const line = (minutes: number, name: string) =>
    `<line class="limit" x1="${LEFT}" x2="${width - 16}" y1="${y(minutes).toFixed(1)}" y2="${y(minutes).toFixed(1)}"/><text class="limit" x="${LEFT - 6}" y="${(y(minutes) + 5).toFixed(1)}">${name}</text>`;
  const summary = days.map(({ day, weighted }) => `${formatDay(day)}: ${weighted}`).join("; ");
  return `<h2>The days at a glance</h2>
<div class="scroll" role="region" aria-label="Picture of the days" tabindex="0">
<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Counted minutes by day. ${escapeHtml(summary)}.">
${line(config.alertAt, "alert")}
${line(config.noticeAt, "notice")}
<line class="axis" x1="${LEFT}" x2="${width - 16}" y1="${PLOT_TOP + PLOT_HEIGHT}" y2="${PLOT_TOP + PLOT_HEIGHT}"/>
${bars.join("\n")}
</svg>
</div>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --soft: #f2f2ee; --line: #8a8a86; --alert: #a11212; --notice: #8a5a00; --none: #2f5d3a; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2ee; --paper: #161616; --soft: #242424; --line: #9a9a96; --alert: #ff8d80; --notice: #f0c060; --none: #8fd19e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.25rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 2.2rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.5rem; margin: 2rem 0 0.5rem; }
.lead { font-size: 1.5rem; border-left: 0.4rem solid var(--none); padding: 0.75rem 1rem; background: var(--soft); margin: 0 0 1rem; }
.lead.alert { border-color: var(--alert); } .lead.notice { border-color: var(--notice); }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 3px solid var(--notice); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: 0.25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.5rem 0.6rem; text-align: right; vertical-align: bottom; }
th[scope="row"], th:first-child, td:last-child, th:last-child { text-align: left; } th[scope="row"] { white-space: nowrap; }
tr.alert td:last-child { color: var(--alert); font-weight: 700; } tr.notice td:last-child { color: var(--notice); font-weight: 700; }
svg { display: block; font-size: 15px; } svg text { fill: var(--ink); } svg text.day, svg text.value { text-anchor: middle; } svg text.limit { text-anchor: end; }
svg rect.alert { fill: var(--alert); } svg rect.notice { fill: var(--notice); } svg rect.none { fill: var(--none); }
svg line.axis { stroke: var(--ink); stroke-width: 2; } svg line.limit { stroke: var(--line); stroke-dasharray: 4 4; }
@media print { :root { --ink: #000; --paper: #fff; --soft: #fff; --line: #666; --alert: #7a0000; --notice: #5c3d00; --none: #1f4027; } body { font-size: 13pt; } main { max-width: none; padding: 0; } .scroll { overflow: visible; } svg { max-width: 100%; height: auto; } h2, .lead, tr, svg { break-inside: avoid; } }
`;
