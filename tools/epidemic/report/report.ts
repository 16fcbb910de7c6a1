// What keyfobs would achieve, as one page for a county: no script, no network, nothing to install.

import { html, type Markup } from "../../base/markup";
import { table } from "../../base/table";
import type { KeyfobAnswer, KeyfobQuestion, SettingResult } from "../keyfobStudy";
import { adoptionCharts, delayChart, settingLabel, syncCharts } from "./charts";
import { keyfobCsv } from "./csv";
import { answered, typicalSetting } from "./questions";
import { keyfobSources, NOTICE } from "./sources";
import { STYLE } from "./style";
import { daysText, rangeText, share, two, whole } from "./words";

/** @param command the command line that gives the same answer */
export function renderKeyfobReport(question: KeyfobQuestion, answer: KeyfobAnswer, command: string): string {
  const typical = typicalSetting(answer);
  const none = answer.without.find((s) => s.delayDays === typical.delayDays) ?? typical;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>What keyfobs would achieve \u2013 chirpfob</title>
STYLE
</head>
<body>
<a class="skip" href="#answers">Skip to the answers</a>
<header>
  <p class="notice"><strong>${NOTICE}</strong></p>
  <h1>What keyfobs would achieve among ${whole(question.population)} people</h1>
  <p class="lead">${whole(question.runs)} simulated epidemics of each setting, beside the same ones without keyfobs. R0 is ${question.r0}; ${whole(question.firstCases)} people are infected at first. In brackets: what nine in ten runs lie between.</p>
  <dl class="facts">
    ${fact("r-without", two(none.effectiveR.mean), "people infected by one case without keyfobs, with diagnosis and isolation", none)}
    ${fact("r-with", two(typical.effectiveR.mean), `with keyfobs: ${settingLabel(typical)}`, typical)}
    ${fact("averted", share(typical.avertedShare.mean), `infections fewer then (${share(typical.avertedShare.low)} to ${share(typical.avertedShare.high)})`)}
  </dl>
  <nav aria-label="Sections"><ul>
    <li><a href="#answers">Answers</a></li>
    <li><a href="#r">Does it die out?</a></li>
    <li><a href="#averted">Infections fewer</a></li>
    <li><a href="#sync">How often to sync</a></li>
    ${answer.delays.length > 1 ? [html`<li><a href="#delay">Early diagnosis</a></li>`] : []}
    <li><a href="#all">All figures</a></li>
    <li><a href="#inputs">What went in</a></li>
    <li><a href="#limits">What is left out</a></li>
  </ul></nav>
</header>
<main>
<section id="answers" aria-labelledby="answers-title">
  <h2 id="answers-title">What a county asks</h2>
  <dl class="answers">${answered(question, answer).map((one) => html`<div><dt>${one.question}</dt><dd>${one.answer}</dd></div>`)}</dl>
</section>
<section id="r" aria-labelledby="r-title">
  <h2 id="r-title">Does the epidemic die out?</h2>
  <p class="lede">R is how many people one case infects at the beginning. Below 1 an epidemic dies out, above 1 it grows. Two people must both wear a keyfob, so that the effect goes with the square of adoption.</p>
  ${adoptionCharts(question, answer, "effectiveR")}
</section>
<section id="averted" aria-labelledby="averted-title">
  <h2 id="averted-title">How many infections fewer</h2>
  <p class="lede">Over the whole epidemic, until nobody is ill any more, against the same epidemic without keyfobs.</p>
  ${adoptionCharts(question, answer, "avertedShare")}
</section>
<section id="sync" aria-labelledby="sync-title">
  <h2 id="sync-title">How often keyfobs must be synced</h2>
  <p class="lede">A keyfob learns of a published contact only when it is plugged in. What it then avoids is decided by that wait.</p>
  ${syncCharts(question, answer)}
</section>
${answer.delays.length > 1 ? [delaySection(answer)] : []}
<section id="all" aria-labelledby="all-title">
  <h2 id="all-title">All figures</h2>
  <p><a class="button" download="keyfobs.csv" href="data:text/csv;charset=utf-8,${encodeURIComponent(keyfobCsv(answer))}">Download as CSV</a></p>
  ${settingTable("Every setting; in brackets what nine in ten runs lie between", answer.settings, "setting")}
</section>
<section id="inputs" aria-labelledby="inputs-title">
  <h2 id="inputs-title">What went in</h2>
  <p class="lede">Every figure can be given another value on the command line; <code>chirpfob model keyfobs --help</code> names the options.</p>
  ${table({
    caption: "Figures and their sources",
    columns: ["What", "Value", "Unit", "Source"],
    textColumns: [0, 2, 3],
    rows: keyfobSources(question, answer).map((p) => ({ cells: [p.meaning, p.value, p.unit, p.source] })),
  })}
  ${table({
    caption:
      "How long people who meet are together in a day (measured at a conference, SocioPatterns WS16), and how often a keyfob tells of it",
    columns: ["Minutes together", "Minutes counted", "Of people met", "Told"],
    rows: answer.basis.telling.lengths.map((l) => ({
      cells: [l.minutes, l.minutesTouched, share(l.share), share(l.told)],
    })),
  })}
</section>
<section id="limits" aria-labelledby="limits-title">
  <h2 id="limits-title">What is left out</h2>
  <ul>
    <li>Everybody meets everybody alike: no households, schools, ages or places. Real contacts are repeated, which makes tracing more effective in families and less urgent elsewhere.</li>
    <li>People change their habits only when they are diagnosed or told. No vaccine, no season, no new variant, no cases from outside.</li>
    <li>Radios are those of the simulator, face to face. Keyfobs in bags and behind bodies hear less.</li>
    <li>Contacts are as long as at one conference, and tested nowhere else.</li>
    <li>Who wears a keyfob is drawn for each person alone. Where wearers meet one another more often, fewer of them do as much.</li>
  </ul>
  <h3>Beside what others found</h3>
  <p>Some of them began from an R near 1, where the same cut averts many times as much: try a smaller <code>--r0</code>.</p>
  ${table({
    caption: "Published results, of other diseases, places and assumptions: a check of the order of magnitude",
    columns: ["Who", "What they found"],
    textColumns: [0, 1],
    rows: OTHERS.map(([who, what]) => ({ cells: [who, what] })),
  })}
</section>
</main>
<footer>
  <p>The same again: <code>${command}</code></p>
  <p>${NOTICE} Seed ${question.seed}: the same command gives the same figures.</p>
</footer>
</body>
</html>
`;
  return page.text.replace("STYLE", () => `<style>${STYLE}</style>`);
}

const OTHERS: readonly (readonly [string, string])[] = [
  ["Hinch et al. 2020", "56 % of all people as users of an app stop the epidemic"],
  ["Abueg et al. 2021, three counties of Washington", "15 % adoption: 8 % fewer infections, 6 % fewer deaths"],
  ["Wymant et al. 2021, NHS app", "for each point of uptake 0.8 % (model) to 2.3 % (regression) fewer cases"],
  ["Elder et al. 2024, WA Notify", "64,000 cases averted in a year (35,000 to 92,000)"],
  ["Kretzschmar et al. 2020", "three days until a test: tracing within a day at 80 %; four days: not below 1"],
  ["Barrat et al. 2021", "the benefit goes with the square of adoption, without a threshold"],
];

function delaySection(answer: KeyfobAnswer): Markup {
  return html`<section id="delay" aria-labelledby="delay-title">
  <h2 id="delay-title">How early people must be diagnosed</h2>
  <p class="lede">Diagnosis isolates, and nothing is told before it. The days count from becoming infectious, half a day before symptoms.</p>
  ${delayChart(answer)}
  ${settingTable("By delay of the diagnosis", answer.delays, "delay")}
</section>`;
}

/** More rows than this stay off paper: the charts are there. */
const MAX_PRINTED = 24;

function settingTable(caption: string, settings: readonly SettingResult[], mark: string): Markup {
  const rows = table({
    caption,
    columns: [
      "Wear one",
      "Synced every",
      "Repeaters",
      "Diagnosis",
      "R",
      "R is",
      "Infections fewer",
      "Infected",
      "Worst day",
      "Alerts",
    ],
    textColumns: [0, 5],
    rows: settings.map((s, i) => ({
      cells: [
        share(s.adoption),
        daysText(s.syncDays),
        share(s.repeaters),
        daysText(s.delayDays),
        rangeText(s.effectiveR, two),
        s.verdict,
        rangeText(s.avertedShare, share),
        rangeText(s.infections, whole),
        rangeText(s.peak, whole),
        whole(s.told.mean),
      ],
      mark: [mark, String(i)],
    })),
  });
  if (settings.length <= MAX_PRINTED) return html`<div>${rows}</div>`;
  return html`<div class="screen">${rows}</div><p class="paper">The table of all ${settings.length} settings is in the page on the screen, and in its CSV file.</p>`;
}

function fact(name: string, value: string, text: string, verdict?: SettingResult): Markup {
  const badge =
    verdict === undefined
      ? []
      : [html` <span class="badge ${verdict.verdict.replace(" ", "-")}">${verdict.verdict}</span>`];
  return html`<div><dt>${text}</dt><dd data-fact="${name}">${value}${badge}</dd></div>`;
}
