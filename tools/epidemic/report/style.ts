/** The report's style sheet: light and dark, phone, desktop and paper; no colour means anything without words or shape beside it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f4ef; --card: #ffffff; --ink: #1c1f24; --soft: #565d68; --line: #d9d5cb; --grid: #e4e0d7; --focus: #1d4ed8;
  --s0: #b3400b; --s1: #0f6e84; --s2: #5b3aa6; --s3: #4d6b0f; --s4: #a02468; --limit: #1c1f24;
  --good: #1d6b3a; --good-soft: #dcf0e2; --bad: #9a3412; --bad-soft: #fbe4d6; --open: #565d68; --open-soft: #ece8df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1d2128; --ink: #eceef2; --soft: #a9b1bd; --line: #343a45; --grid: #2c323c; --focus: #8ab4ff;
    --s0: #fb923c; --s1: #4cc3dc; --s2: #b79bff; --s3: #a3c64a; --s4: #f28bc0; --limit: #eceef2;
    --good: #7bd69a; --good-soft: #163524; --bad: #fdba74; --bad-soft: #43260f; --open: #c3c9d2; --open-soft: #272c35;
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
header { padding-top: 1.5rem; }
.notice { margin: 0 0 1.5rem; padding: .7rem 1rem; max-width: none; background: var(--bad-soft); border-left: 5px solid var(--bad); border-radius: 6px; }
h1 { margin: 0 0 .4rem; font-size: clamp(1.6rem, 1.15rem + 2.2vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em; text-wrap: balance; }
h2 { margin: 0 0 .35rem; font-size: 1.4375rem; line-height: 1.25; letter-spacing: -.01em; }
h3 { margin: 1.2rem 0 .5rem; font-size: 1.0625rem; }
p { margin: 0 0 .75rem; max-width: 72ch; text-wrap: pretty; }
.lead { font-size: 1.125rem; color: var(--soft); max-width: 64ch; }
.lede { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; list-style: none; margin: 1.1rem 0 0; padding: 0; font-size: .9375rem; }
nav a { color: var(--soft); padding: .2rem 0; }
nav a:hover { color: var(--ink); }
section { margin: 2.75rem 0 0; scroll-margin-top: 1rem; }
section > ul { padding-left: 1.2rem; max-width: 72ch; }
section > ul li { margin: 0 0 .4rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: .75rem; margin: 1.5rem 0 0; padding: 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.facts dt { color: var(--soft); font-size: .9375rem; line-height: 1.4; }
.facts dd { margin: 0; font-size: 1.875rem; font-weight: 650; line-height: 1.25; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.badge { border-radius: 99px; padding: .15rem .65rem; font-size: .875rem; font-weight: 600; letter-spacing: 0; vertical-align: .25rem; white-space: nowrap; border: 1px solid currentColor; }
.badge.below-1 { color: var(--good); background: var(--good-soft); }
.badge.above-1 { color: var(--bad); background: var(--bad-soft); }
.badge.undecided { color: var(--open); background: var(--open-soft); }
.answers { margin: .9rem 0 0; }
.answers div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .9rem 1.1rem; margin: 0 0 .7rem; }
.answers dt { font-weight: 650; }
.answers dd { margin: .2rem 0 0; max-width: 78ch; font-variant-numeric: tabular-nums; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; margin: .9rem 0; padding: 0; list-style: none; font-size: .9375rem; color: var(--soft); }
.key li { display: flex; align-items: center; gap: .5rem; margin: 0; }
.swatch { width: 2.1rem; height: .9rem; flex: none; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: .9rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: .9rem 1rem .7rem; max-width: 38rem; }
figcaption { font-weight: 600; }
figure svg { display: block; width: 100%; height: auto; margin: .4rem 0 0; }
figure text { fill: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
figure .limit-label { fill: var(--limit); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.axis-name { margin: .2rem 0 0; font-size: .875rem; color: var(--soft); }
.grid { stroke: var(--grid); }
.axis { stroke: var(--soft); }
.limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 7 4; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.mark { stroke: var(--card); stroke-width: 1; }
.band { opacity: .17; }
.line.s0 { stroke: var(--s0); } .mark.s0, .band.s0 { fill: var(--s0); }
.line.s1 { stroke: var(--s1); stroke-dasharray: 8 3; } .mark.s1, .band.s1 { fill: var(--s1); }
.line.s2 { stroke: var(--s2); stroke-dasharray: 3 3; } .mark.s2, .band.s2 { fill: var(--s2); }
.line.s3 { stroke: var(--s3); stroke-dasharray: 9 3 2 3; } .mark.s3, .band.s3 { fill: var(--s3); }
.line.s4 { stroke: var(--s4); stroke-dasharray: 2 5; } .mark.s4, .band.s4 { fill: var(--s4); }
.button { display: inline-block; padding: .5rem 1rem; border: 1.5px solid currentColor; border-radius: 8px; background: var(--card); font-weight: 600; text-decoration: none; }
.button:hover { text-decoration: underline; }
.charts + div, .charts + p, .scroll + .scroll { margin-top: .9rem; }
.scroll { overflow: auto; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
#all .scroll { max-height: 36rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .8rem 1rem .2rem; color: var(--soft); }
th, td { padding: .45rem .8rem; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .875rem; vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
#inputs tbody th, #inputs td.text, #limits tbody th, #limits td.text { white-space: normal; min-width: 9rem; }
tbody th { font-weight: 600; }
#inputs tbody th, #limits tbody th { font-weight: 400; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
.paper { display: none; }
footer { margin-top: 3.5rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .9375rem; }
footer p { max-width: none; }
footer p:first-child { border-top: 1px solid var(--line); padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media (forced-colors: active) {
  figure text { fill: CanvasText; }
  figure .limit-label { stroke: Canvas; fill: CanvasText; }
  .line, .line.s0, .line.s1, .line.s2, .line.s3, .line.s4, .axis, .limit { stroke: CanvasText; }
  .grid { stroke: GrayText; }
  .mark, .mark.s0, .mark.s1, .mark.s2, .mark.s3, .mark.s4 { fill: CanvasText; stroke: Canvas; }
  .band, .band.s0, .band.s1, .band.s2, .band.s3, .band.s4 { fill: CanvasText; }
}
@media screen and (max-width: 48rem) {
  section { margin-top: 2.25rem; }
  .facts dd { font-size: 1.5rem; }
  th, td { padding: .4rem .65rem; }
}
@media screen and (max-width: 26rem) {
  header, main, footer { padding-left: .9rem; padding-right: .9rem; }
  figure { padding: .7rem .5rem .5rem; border-radius: 10px; }
  figure text { font-size: 15px; }
}
@media print {
  @page { margin: 13mm; }
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #ddd; --limit: #000;
    --s0: #b3400b; --s1: #0f6e84; --s2: #5b3aa6; --s3: #4d6b0f; --s4: #a02468;
    --good: #14532d; --good-soft: #eee; --bad: #7c2d12; --bad-soft: #eee; --open: #333; --open-soft: #eee;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; line-height: 1.4; }
  h1 { font-size: 1.5rem; }
  .lead { font-size: .95rem; }
  header { padding-top: 0; }
  header, main, footer { max-width: none; padding: 0; }
  .notice { margin-bottom: .8rem; }
  nav, .skip, .screen, .button { display: none; }
  .paper { display: block; }
  section { margin-top: 1.2rem; }
  h2, h3, caption { break-after: avoid; }
  figure, .answers div, .facts div, tr { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; gap: .6rem; }
  figure { padding: .5rem .6rem; }
  .facts { grid-template-columns: repeat(3, 1fr); margin-top: .8rem; }
  .facts dd { font-size: 1.3rem; }
  .answers div { padding: .5rem .7rem; margin-bottom: .4rem; }
  .scroll, #all .scroll { overflow: visible; max-height: none; border-radius: 0; }
  table { font-size: 8pt; }
  th, td { padding: .2rem .35rem; white-space: normal; }
}
`;
