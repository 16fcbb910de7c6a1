// What each keyfob concluded, and why.

import type { Advice, Difference, LoopResult, PersonAnswer } from "../result";
import { html, type Markup, NONE } from "./markup";
import { clock, listed, minutesText, percent } from "./words";

const ADVICE: Record<Advice, string> = {
  none: "nothing to do",
  notice: "notice",
  alert: "talk to your health service",
};

/** Cards for those who have something to tell; more than this many go into the table only. */
const MAX_CARDS = 24;

export function answersSection(result: LoopResult): Markup {
  const told = result.people.filter(
    (p) => p.directMinutes + p.sharedMinutes + p.truthMinutes + p.truthSharedMinutes > 0,
  );
  const cards = result.people.length <= MAX_CARDS ? result.people : told.slice(0, MAX_CARDS);
  const most = Math.max(
    1,
    ...result.people.map((p) => Math.max(p.directMinutes + p.sharedMinutes, p.truthMinutes + p.truthSharedMinutes)),
  );
  return html`
<section id="answers" aria-labelledby="answers-title">
  <h2 id="answers-title">What each keyfob concluded</h2>
  <p class="lede">Matched on the keyfob itself, from published seeds, and shown only after its wearer pressed the button. A minute counts once, however many chirps were heard in it.</p>
  <ul class="cards">${cards.map((person) => card(result, person, most))}</ul>
  <details>
    <summary>The same as a table, hour by hour</summary>
    ${hourTable(result)}
  </details>
</section>`;
}

function card(result: LoopResult, person: PersonAnswer, most: number): Markup {
  const { id, name, advice, directMinutes, sharedMinutes, truthMinutes, truthSharedMinutes } = person;
  const own = result.differences.filter((d) => d.id === id);
  const hasShared = sharedMinutes + truthSharedMinutes > 0;
  return html`
    <li class="card" data-person="${id}">
      <div class="who"><h3>${name}</h3><span class="badge ${advice}">${ADVICE[advice]}</span></div>
      <dl class="bars">
        ${bar("keyfob", "near", directMinutes, most, "direct")}
        ${bar("truth", "truth", truthMinutes, most, "truth")}
        ${hasShared ? html`${bar("shared", "desk", sharedMinutes, most, "shared")}${bar("truth", "truth", truthSharedMinutes, most, "truth-shared")}` : NONE}
      </dl>
      <p>${why(result, person)}</p>
      ${own.length === 0 ? html`<p class="agree">Exactly what the contact list says</p>` : own.map((d) => html`<p class="differ">${differenceText(d)}</p>`)}
    </li>`;
}

function bar(label: string, kind: string, minutes: number, most: number, figure: string): Markup {
  const isTruth = kind === "truth";
  const fill =
    minutes === 0
      ? NONE
      : html`<i class="${isTruth ? "" : kind}" style="width:${Math.max(2, Math.round((minutes / most) * 100))}%"></i>`;
  return html`<dt>${label}</dt><dd class="bar ${isTruth ? "truth" : ""}" aria-hidden="true">${fill}</dd><dd data-figure="${figure}">${minutes} min</dd>`;
}

function why(result: LoopResult, { directMinutes, sharedMinutes, weightedMinutes, advice }: PersonAnswer): string {
  const ill = listed(
    result.scene.people.filter(({ id }) => result.scene.diagnosed.includes(id)).map(({ name }) => name),
  );
  if (directMinutes + sharedMinutes === 0)
    return "None of the published seeds made a chirp that this keyfob had heard.";
  const parts = [
    ...(directMinutes > 0 ? [`It heard ${ill} directly in ${minutesText(directMinutes)}.`] : []),
    ...(sharedMinutes > 0
      ? [
          `A repeater passed on ${minutesText(sharedMinutes)} of ${ill}'s chirps${directMinutes > 0 ? "" : `: same place, up to ten minutes later, never face to face`}.`,
        ]
      : []),
  ];
  const limit =
    advice === "alert"
      ? "15 or more in a day is an alert"
      : advice === "notice"
        ? "5 or more in a day is a notice"
        : "below the 5 of a notice";
  return `${parts.join(" ")} By closeness that weighs ${weightedMinutes} (${limit}).`;
}

/** One difference in words, with its sign. */
export function differenceText({ minutes, path, text, hour }: Difference): string {
  const sign = minutes < 0 ? "Not counted" : "Counted though the list does not";
  return `${sign}, ${clock(hour * 3600)}${path === "shared" ? " (shared space)" : ""}: ${text}.`;
}

function hourTable(result: LoopResult): Markup {
  const rows = result.people.flatMap(({ id, name, hours }) => hours.map((h) => ({ id, name, ...h })));
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Answers hour by hour">
      <table>
        <thead><tr><th scope="col">Person</th><th scope="col">Hour (UTC)</th><th scope="col">Direct min</th><th scope="col">Truth</th><th scope="col">Shared min</th><th scope="col">Truth</th></tr></thead>
        <tbody>${rows.map(
          (r) =>
            html`<tr data-hour="${r.id} ${r.hour}"><th scope="row">${r.name}</th><td>${clock(r.hour * 3600)}</td><td>${r.direct}</td><td>${r.truth}</td><td>${r.shared}</td><td>${r.truthShared}</td></tr>`,
        )}</tbody>
      </table>
    </div>`;
}

export function accuracySection(result: LoopResult): Markup {
  const { differences, contacts } = result;
  const names = new Map(result.scene.people.map(({ id, name }) => [id, name]));
  const classes = contacts.filter((c) => c.contacts > 0);
  return html`
<section id="accuracy" aria-labelledby="accuracy-title">
  <h2 id="accuracy-title">How far the keyfobs and the truth agree</h2>
  <p class="lede">Precision: the share of counted minutes that the contact list knows. Recall: the share of the contact list's minutes that were counted.</p>
  <div class="scroll" tabindex="0" role="region" aria-label="Precision and recall">
    <table>
      <thead><tr><th scope="col">Minutes</th><th scope="col">Precision</th><th scope="col">Recall</th></tr></thead>
      <tbody>
        <tr><th scope="row">Direct</th><td data-figure="precision">${percent(result.precision)}</td><td data-figure="recall">${percent(result.recall)}</td></tr>
        ${result.repeaters.length > 0 ? html`<tr><th scope="row">Shared space</th><td>${percent(result.sharedPrecision)}</td><td>${percent(result.sharedRecall)}</td></tr>` : NONE}
      </tbody>
    </table>
  </div>
  ${classes.length === 0 ? NONE : contactTable(classes)}
  <details ${differences.length <= 12 ? html`open` : NONE}>
    <summary>${differences.length === 0 ? "No differences" : "Every difference, and its reason"}</summary>
    ${
      differences.length === 0
        ? html`<p>Every keyfob said exactly what the contact list says.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Differences"><table>
      <thead><tr><th scope="col">Person</th><th scope="col">Hour</th><th scope="col">Minutes</th><th scope="col" class="text">Why</th></tr></thead>
      <tbody>${differences.map((d) => html`<tr><th scope="row">${names.get(d.id) ?? d.id}</th><td>${clock(d.hour * 3600)}</td><td>${d.minutes > 0 ? "+" : "\u2212"}${Math.abs(d.minutes)}</td><td class="text">${d.path === "shared" ? "Shared space: " : ""}${d.text}</td></tr>`)}</tbody>
    </table></div>`
    }
  </details>
</section>`;
}

function contactTable(classes: LoopResult["contacts"]): Markup {
  return html`
  <div class="scroll" tabindex="0" role="region" aria-label="Contacts by length" style="margin-top:.9rem">
    <table>
      <caption>Contacts with infected people, by their length</caption>
      <thead><tr><th scope="col">Minutes touched</th><th scope="col">Contacts</th><th scope="col">Found</th><th scope="col">Their minutes</th><th scope="col">Counted</th></tr></thead>
      <tbody>${classes.map(
        (c) =>
          html`<tr><th scope="row">${c.maxMinutes === undefined ? `${c.minMinutes} or more` : c.minMinutes === c.maxMinutes ? c.minMinutes : `${c.minMinutes} to ${c.maxMinutes}`}</th><td>${c.contacts}</td><td>${percent(c.found / c.contacts)}</td><td>${c.minutes}</td><td>${percent(c.minutesCounted / c.minutes)}</td></tr>`,
      )}</tbody>
    </table>
  </div>`;
}
