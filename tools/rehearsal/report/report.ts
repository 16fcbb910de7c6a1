import { html, type Markup, NO_MARKUP } from "../../base/html";
import { clock, counted, day, listed, percent } from "../../base/words";
import type { LoopResult } from "../result";
import { accuracySection, answersSection } from "./answers";
import { airSection, uploadSection } from "./published";
import { stepsSection } from "./steps";
import { STYLE } from "./style";
import { repeaterSection, timelineSection } from "./timeline";

/** A result as one HTML page: no script, no network, nothing to install. */
export function renderReport(result: LoopResult): string {
  const { scene } = result;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${scene.title} \u2013 chirpfob</title>
STYLE
</head>
<body>
<a class="skip" href="#answers">Skip to the answers</a>
<header>
  <p class="brand">${logo()}chirpfob: contact tracing by keyfob</p>
  <h1>${scene.title}</h1>
  <p class="lead">${summary(result)}</p>
  <dl class="facts">
    ${fact("people", scene.people.length, "people, each with a keyfob that runs the real program")}
    ${fact("contacted", result.people.filter((p) => p.directMinutes + p.sharedMinutes > 0).length, "keyfobs found an exposure by themselves")}
    ${fact("precision", percent(result.precision), "of the minutes they counted were real contacts")}
    ${fact("recall", percent(result.recall), recallText(result))}
  </dl>
  <nav aria-label="Sections"><ul>
    <li><a href="#steps">Step by step</a></li>
    <li><a href="#day">Who was near whom</a></li>
    ${result.repeaters.length > 0 ? html`<li><a href="#repeater">The repeater</a></li>` : NO_MARKUP}
    <li><a href="#answers">Answers</a></li>
    <li><a href="#uploaded">Uploaded and withheld</a></li>
    <li><a href="#air">On the air</a></li>
    <li><a href="#accuracy">Accuracy</a></li>
  </ul></nav>
</header>
<main>
${stepsSection(result)}
${timelineSection(result)}
${repeaterSection(result)}
${answersSection(result)}
${uploadSection(result)}
${airSection(result)}
${accuracySection(result)}
</main>
<footer><p>Simulated ${day(scene.fromS)}, ${clock(scene.fromS)} to ${clock(scene.toS)} UTC, ${scene.radio} radio, seed ${scene.seed}. Every device ran the compiled program of the real keyfob; uploads, signatures and matching were real. Not a medical device; what to do after a contact is for your health service to say.</p></footer>
</body>
</html>
`;
  return page.text.replace("STYLE", () => `<style>${STYLE}</style>`);
}

function fact(name: string, value: string | number, text: string): Markup {
  return html`<div><dt>${text}</dt><dd data-fact="${name}">${value}</dd></div>`;
}

function summary({ scene, people, repeaters, uploads }: LoopResult): string {
  const ill = scene.people.filter(({ id }) => scene.diagnosed.includes(id)).map(({ name }) => name);
  const alerts = people.filter(({ advice }) => advice === "alert").length;
  const withheld = uploads.reduce((sum, u) => sum + u.withheldHours.length, 0);
  const through = people.filter((p) => p.sharedMinutes > 0 && p.directMinutes === 0).length;
  return [
    `${listed(ill)} ${ill.length === 1 ? "falls ill and shares the keyfob\u2019s" : "fall ill and share their keyfobs\u2019"} seeds${withheld > 0 ? `, all but ${counted(withheld, "hour", "hours")}` : ""}.`,
    `${counted(alerts, "wearer is", "wearers are")} advised to talk to their health service${repeaters.length > 0 ? `, and ${counted(through, "person learns", "people learn")} of it only through a repeater` : ""}.`,
    "Nobody, not even the service, learns who met whom.",
  ].join(" ");
}

function recallText({ recall, differences, unexplainedMinutes }: LoopResult): string {
  if (recall === 1) return "of the contact list's minutes were counted";
  const missing = differences.filter((d) => d.path === "direct" && d.minutes < 0);
  const only = (kind: string): boolean => missing.length > 0 && missing.every((d) => d.kind === kind);
  if (only("redacted")) return "of the contact list's minutes were counted; the rest was left out on purpose";
  return `of the contact list's minutes were counted${unexplainedMinutes === 0 ? "; every missing one is explained" : ""}`;
}

function logo(): Markup {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><rect x="3" y="9" width="9" height="12" rx="4.5"/><circle cx="7.5" cy="14" r="1.2" fill="currentColor" stroke="none"/><path d="M14 10.5a4.5 4.5 0 0 0-3.5-4.4M17.5 9.5A8 8 0 0 0 11 2.6"/></svg>`;
}
