/** The report's style sheet: light and dark, phone, desktop and paper; no colour means anything without words beside it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f4ef; --card: #ffffff; --ink: #1c1f24; --soft: #565d68; --line: #d9d5cb; --track: #ece8df;
  --near: #c2410c; --near-ink: #ffffff; --near-soft: #fbe4d6;
  --shared: #0f6e84; --shared-ink: #ffffff; --shared-soft: #d5ecf1;
  --other: #9aa1ac; --hatch: #6b7280; --good: #1d6b3a; --good-soft: #dcf0e2; --focus: #1d4ed8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1d2128; --ink: #eceef2; --soft: #a9b1bd; --line: #343a45; --track: #272c35;
    --near: #fb923c; --near-ink: #221003; --near-soft: #43260f;
    --shared: #4cc3dc; --shared-ink: #04222a; --shared-soft: #12343d;
    --other: #6b7380; --hatch: #a9b1bd; --good: #7bd69a; --good-soft: #163524; --focus: #8ab4ff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
a { color: inherit; text-underline-offset: .2em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: 4px; }
.skip { position: absolute; left: -999px; top: .5rem; padding: .5rem 1rem; background: var(--card); z-index: 9; }
.skip:focus { left: .5rem; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
.brand { display: flex; align-items: center; gap: .6rem; margin: 0; font-size: .9375rem; font-weight: 600; letter-spacing: .01em; color: var(--soft); }
.brand svg { width: 1.75rem; height: 1.75rem; color: var(--near); flex: none; }
h1 { margin: .6rem 0 .3rem; font-size: clamp(1.75rem, 1.2rem + 2.4vw, 2.75rem); line-height: 1.15; letter-spacing: -.02em; text-wrap: balance; }
h2 { margin: 0 0 .35rem; font-size: 1.4375rem; line-height: 1.25; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1.0625rem; line-height: 1.35; }
p { margin: 0 0 .75rem; max-width: 70ch; text-wrap: pretty; }
.lead { font-size: 1.1875rem; color: var(--soft); max-width: 58ch; }
nav ul { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; list-style: none; margin: 1.1rem 0 0; padding: 0; font-size: .9375rem; }
nav a { color: var(--soft); }
nav a:hover { color: var(--ink); }
section { margin: 2.75rem 0 0; scroll-margin-top: 1rem; }
.lede { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; padding: 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.facts dt { color: var(--soft); font-size: .9375rem; line-height: 1.4; }
.facts dd { margin: 0; font-size: 1.875rem; font-weight: 650; line-height: 1.2; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.key { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: .9rem 0; padding: 0; list-style: none; font-size: .9375rem; color: var(--soft); }
.key li { display: flex; align-items: center; gap: .5rem; }
.key i { flex: none; width: 1.6rem; height: .95rem; border-radius: 4px; display: inline-block; }
.key .desk { height: .5rem; }
.key .other { height: .3rem; }
.near { background: var(--near); color: var(--near-ink); }
.echo { background: var(--shared-soft); color: var(--ink); border: 1.5px dashed var(--shared); }
.desk { background: var(--shared); color: var(--shared-ink); }
.other { background: var(--other); }
.hatch { background: repeating-linear-gradient(135deg, transparent 0 5px, var(--hatch) 5px 6.5px), var(--track); border: 1px dashed var(--hatch); }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem 1.1rem .6rem; }
.lane, .axis { display: grid; grid-template-columns: 8.5rem 1fr; gap: .9rem; align-items: center; }
.lane { padding: .45rem 0; border-top: 1px solid var(--line); }
.lane:first-of-type { border-top: 0; }
.lane h3 small, .who small { display: block; font-weight: 400; font-size: .8125rem; color: var(--soft); }
.track { position: relative; height: 3.1rem; margin: 0; padding: 0; list-style: none; background: var(--track); border-radius: 8px; overflow: hidden; }
.track li { position: absolute; border-radius: 5px; min-width: 3px; font-size: .8125rem; line-height: 1; overflow: hidden; white-space: nowrap; }
.track .hour { top: 0; bottom: 0; width: 1px; min-width: 0; border-radius: 0; background: var(--line); }
.track .hatch { top: 0; bottom: 0; border-width: 0 1px; border-radius: 0; }
.track .near { top: .3rem; height: 1.5rem; padding: .36rem .4rem; z-index: 2; font-weight: 600; }
.track .desk { top: 1.98rem; height: .42rem; z-index: 1; }
.track .echo { top: .3rem; height: 1.5rem; padding: .36rem .4rem; z-index: 1; border-radius: 0 5px 5px 0; }
.track li { container-type: inline-size; }
.label { display: block; overflow: hidden; text-overflow: ellipsis; line-height: 1.1; }
@container (max-width: 2.2rem) { .label { display: none; } }
.chart + p { margin-top: .8rem; }
.tall .track .desk { top: 2rem; height: .8rem; }
.tall .track .other { display: none; }
.track .band { top: 0; bottom: 0; border-radius: 0; background: var(--shared-soft); }
.track .other { bottom: .2rem; height: .3rem; }
.axis { color: var(--soft); font-size: .8125rem; font-variant-numeric: tabular-nums; }
.axis ol { position: relative; height: 1.4rem; margin: 0; padding: 0; list-style: none; }
.axis li { position: absolute; transform: translateX(-50%); }
.axis li:first-child { transform: none; }
.axis li:last-child { transform: translateX(-100%); }
.steps { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .9rem; list-style: none; counter-reset: step; margin: .9rem 0 0; padding: 0; }
.steps li { counter-increment: step; border-top: 3px solid var(--near); padding: .75rem 0 0; }
.steps h3::before { content: counter(step) ". "; }
.steps p { margin: .25rem 0 0; font-size: .9688rem; color: var(--soft); }
.steps strong { color: var(--ink); font-variant-numeric: tabular-nums; }
.ends { display: flex; justify-content: space-between; max-width: 46rem; font-size: .8125rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(19.5rem, 1fr)); gap: .9rem; list-style: none; margin: 1rem 0 0; padding: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.05rem 1.15rem; display: flex; flex-direction: column; gap: .65rem; }
.card p { margin: 0; font-size: .9688rem; }
.who { display: flex; justify-content: space-between; align-items: flex-start; gap: .75rem; }
.badge { flex: none; border-radius: 99px; padding: .2rem .7rem; font-size: .8438rem; font-weight: 600; background: var(--track); }
.badge.alert { background: var(--near); color: var(--near-ink); }
.badge.notice { background: var(--near-soft); }
.bars { display: grid; grid-template-columns: auto 1fr auto; gap: .35rem .6rem; align-items: center; font-size: .875rem; font-variant-numeric: tabular-nums; margin: 0; }
.bars dt { color: var(--soft); }
.bars dd { margin: 0; }
.bars .bar { height: .7rem; border-radius: 4px; background: var(--track); overflow: hidden; }
.bars .bar i { display: block; height: 100%; border-radius: 4px; }
.bars .truth i { background: transparent; border: 2px solid var(--soft); }
.agree { color: var(--good); font-weight: 600; }
.agree::before { content: "\\2713\\00a0"; }
.differ { border-left: 3px solid var(--hatch); padding-left: .7rem; color: var(--soft); }
.hours { display: grid; grid-template-columns: repeat(24, 1fr); gap: 3px; margin: .6rem 0 .35rem; padding: 0; list-style: none; max-width: 46rem; }
.hours li { aspect-ratio: 1; border-radius: 4px; background: var(--track); border: 1px solid transparent; font-size: 0; }
.hours .real { background: var(--near); }
.hours .hatch { border: 1px dashed var(--hatch); }
.scroll + .scroll { margin-top: .9rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .8rem 1rem .2rem; color: var(--soft); }
th, td { padding: .5rem 1rem; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .875rem; vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.text:last-child { white-space: normal; min-width: 10rem; }
tbody th { font-weight: 600; }
details { margin-top: .9rem; }
summary { cursor: pointer; font-weight: 600; width: fit-content; }
details > :not(summary) { margin-top: .7rem; }
footer { margin-top: 3.5rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .9375rem; }
footer p { border-top: 1px solid var(--line); padding-top: 1rem; max-width: none; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media screen and (max-width: 48rem) {
  header { padding-top: 1.5rem; }
  section { margin-top: 2.25rem; }
  .lane, .axis { grid-template-columns: 1fr; gap: .3rem; }
  .lane h3 small { display: inline; margin-left: .4rem; }
  .axis span, .axis .wide { display: none; }
  .chart { padding: .7rem .8rem .4rem; }
  .cards { grid-template-columns: 1fr; }
  .who { flex-wrap: wrap; gap: .35rem .75rem; }
  .facts { grid-template-columns: 1fr 1fr; }
  .facts dd { font-size: 1.5rem; }
  .hours { grid-template-columns: repeat(12, 1fr); }
  th, td { padding: .45rem .75rem; }
}
@media screen and (max-width: 22rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  .axis { font-size: .75rem; }
  .chart { padding: .7rem .6rem .4rem; }
}
@media print {
  @page { margin: 14mm; }
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --track: #eee;
    --near: #c2410c; --near-ink: #fff; --near-soft: #fbe4d6; --shared: #0f6e84; --shared-ink: #fff; --shared-soft: #d5ecf1;
    --other: #999; --hatch: #666; --good: #14532d; --good-soft: #eee;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  h1 { font-size: 1.6rem; }
  .lead { font-size: 1rem; }
  header { padding-top: 0; }
  header, main, footer { max-width: none; padding: 0; }
  nav, .skip, .screen { display: none; }
  .steps { grid-template-columns: 1fr 1fr; gap: .5rem 1rem; }
  .steps li { break-inside: avoid; }
  section { margin-top: 1.4rem; }
  h2, h3, caption { break-after: avoid; }
  .card, .lane, .facts div, tr { break-inside: avoid; }
  .facts { grid-template-columns: repeat(4, 1fr); }
  .facts dd { font-size: 1.4rem; }
  .cards { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .card { padding: .7rem .8rem; gap: .4rem; }
  .lane, .axis { grid-template-columns: 7rem 1fr; }
  .lane { padding: .2rem 0; }
  .lane h3 { font-size: 10pt; line-height: 1.2; }
  .track { height: 2rem; }
  .track li { font-size: .72rem; }
  .track .near, .track .echo { top: .15rem; height: 1.1rem; padding: .2rem .3rem; }
  .track .desk, .tall .track .desk { top: 1.35rem; height: .4rem; }
  .track .other { bottom: .05rem; height: .15rem; }
  .chart { padding: .4rem .7rem; }
  .scroll { overflow: visible; }
  th, td { padding: .3rem .5rem; }
  details > summary { list-style: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
