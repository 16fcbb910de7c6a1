// The report as one accessible page: no script, no network, large type, light and dark, and good on paper.

import type { ScoreConfig } from "../../protocol/match/score";
import {
  CLOSENESS,
  dayBoundsInWords,
  type ExposureDay,
  formatDay,
  headline,
  LIMITS_IN_WORDS,
  overallAdvice,
  REVERSE_WORDS,
  weightsInWords,
} from "./results";

/** Units of a bar's drawing area, which is stretched to the room there is. */
const BAR_WIDTH = 100;
const BAR_HEIGHT = 40;
const BAR_MARGIN = 8;

const ADVICE_WORDS = { alert: "Alert", notice: "Notice", none: "Counts for little" } as const;

/** Renders the page. @param createdMs when, Unix milliseconds */
export function resultsPage(days: readonly ExposureDay[], config: ScoreConfig, createdMs: number): string {
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
<p>${escapeHtml(LIMITS_IN_WORDS)}</p>
<p>This page was written on ${escapeHtml(created)} and is only on this computer; it is about your health, so keep it as you keep such things.</p>
</main>
</body>
</html>
`;
}

// On a narrow screen rows become cards by style alone; the roles keep the table a table for screen readers there.
function table(days: readonly ExposureDay[]): string {
  const names = [...CLOSENESS.map(capital), "Shared space", "Counts as"];
  const rows = days.map(({ day, direct, shared, weighted, advice, reverse }) => {
    const figures = [...direct, shared, weighted].map(
      (figure, i) => `<td role="cell" data-name="${names[i]}"${figure === 0 ? ' class="zero"' : ""}>${figure}</td>`,
    );
    const meaning = `${ADVICE_WORDS[advice]}${reverse ? "; possible source" : ""}`;
    return `<tr role="row" class="${advice}"><th role="rowheader" scope="row">${escapeHtml(formatDay(day))}</th>${figures.join("")}<td role="cell" class="meaning">${meaning}</td></tr>`;
  });
  const headings = ["Day", ...names, "Meaning"].map((name) => `<th role="columnheader" scope="col">${name}</th>`);
  return `<h2>Day by day</h2>
<table role="table">
<caption>Minutes near somebody who was diagnosed later</caption>
<thead role="rowgroup"><tr role="row">${headings.join("")}</tr></thead>
<tbody role="rowgroup">
${rows.join("\n")}
</tbody>
</table>`;
}

/** A bar for each day with an encounter, oldest first; the days between are told. */
function picture(days: readonly ExposureDay[], config: ScoreConfig): string {
  const highest = Math.max(config.alertAt * 1.2, ...days.map(({ weighted }) => weighted));
  const x = (minutes: number) => Number(((BAR_WIDTH * minutes) / highest).toFixed(1));
  const limits = [config.noticeAt, config.alertAt].map(
    (minutes) => `<line x1="${x(minutes)}" x2="${x(minutes)}" y1="0" y2="${BAR_HEIGHT}"/>`,
  );
  const rows: string[] = [];
  for (const [i, { day, weighted, advice }] of days.entries()) {
    const empty = day - (days[i - 1]?.day ?? day - 1) - 1;
    if (empty > 0)
      rows.push(`<span class="gap">${empty === 1 ? "1 day" : `${empty} days`} without an encounter</span>`);
    const date = formatDay(day).replace(/ \d+$/, "");
    const bar = `<rect class="${advice}" y="${BAR_MARGIN}" width="${Math.max(1, x(weighted))}" height="${BAR_HEIGHT - 2 * BAR_MARGIN}"/>`;
    const value = `${weighted}${advice === "none" ? "" : ` ${advice}`}`;
    rows.push(
      `<span class="date">${escapeHtml(date)}</span><svg viewBox="0 0 ${BAR_WIDTH} ${BAR_HEIGHT}" preserveAspectRatio="none">${bar}${limits.join("")}</svg><span class="value">${value}</span>`,
    );
  }
  const summary = days.map(
    ({ day, weighted, advice }) => `${formatDay(day)}: ${weighted}, ${advice === "none" ? "little" : advice}`,
  );
  return `<h2>The days at a glance</h2>
<figure>
<div class="days" role="img" aria-label="Counted minutes by day. ${escapeHtml(summary.join("; "))}.">
${rows.join("\n")}
</div>
<figcaption>Counted minutes. The dashed lines: from ${config.noticeAt} on a day is a notice, from ${config.alertAt} on an alert.</figcaption>
</figure>`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --soft: #f2f2ee; --line: #76766f; --alert: #a11212; --notice: #8a5a00; --none: #2f5d3a; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2ee; --paper: #161616; --soft: #242424; --line: #9a9a96; --alert: #ff8d80; --notice: #f0c060; --none: #8fd19e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.25rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 2.2rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.5rem; margin: 2rem 0 0.5rem; }
.lead { font-size: 1.5rem; border-left: 0.4rem solid var(--none); padding: 0.75rem 1rem; background: var(--soft); margin: 0 0 1rem; }
.lead.alert { border-color: var(--alert); } .lead.notice { border-color: var(--notice); }
figure { margin: 0; } figcaption { margin-top: 0.5rem; }
.days { display: grid; grid-template-columns: max-content minmax(4rem, 1fr) max-content; column-gap: 0.75rem; align-items: center; }
.days svg { display: block; width: 100%; height: 2.4rem; border-left: 2px solid var(--ink); } .days .value { font-weight: 700; }
.days .gap { grid-column: 1 / -1; padding: 0.4rem 0; font-style: italic; }
svg rect.alert { fill: var(--alert); } svg rect.notice { fill: var(--notice); } svg rect.none { fill: var(--none); }
svg line { stroke: var(--line); stroke-width: 2; stroke-dasharray: 5 4; vector-effect: non-scaling-stroke; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: 0.25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.5rem 0.6rem; text-align: right; vertical-align: top; } thead th { vertical-align: bottom; }
th:first-child, .meaning, th:last-child { text-align: left; } tbody th { white-space: nowrap; }
tr.alert .meaning { color: var(--alert); font-weight: 700; } tr.notice .meaning { color: var(--notice); font-weight: 700; }
@media screen and (max-width: 52rem) {
thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
table, caption, tbody, tr, tbody th, td { display: block; } tr { display: flex; flex-direction: column; border-bottom: 1px solid var(--line); padding: 0.6rem 0; }
tbody th, td { border: 0; padding: 0.1rem 0; } td { display: flex; justify-content: space-between; } td::before { content: attr(data-name); }
td.zero { display: none; } tbody th { order: -2; } .meaning { order: -1; justify-content: start; }
.days { grid-template-columns: minmax(4rem, 1fr) max-content; } .days .date { grid-column: 1 / -1; margin-top: 0.5rem; } .days svg { height: 1.8rem; }
}
@media print { :root { --ink: #000; --paper: #fff; --soft: #fff; --line: #666; --alert: #7a0000; --notice: #5c3d00; --none: #1f4027; } body { font-size: 13pt; } main { max-width: none; padding: 0; } .lead { font-size: 16pt; } th, td { padding: 0.35rem 0.3rem; } h2 { break-after: avoid; } .lead, tr, .days { break-inside: avoid; } }
`;
