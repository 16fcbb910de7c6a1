// What each keyfob concluded, and why.

import { MAX_AGE_MINUTES } from "../../../protocol/beacon/sighting";
import { html, type Markup, NO_MARKUP } from "../../base/html";
import { table } from "../../base/table";
import { clock, counted, listed, minutesText, percent } from "../../base/words";
import type { Advice, Difference, LoopResult, PersonAnswer } from "../result";

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
        ${bar("in truth", "truth", truthMinutes, most, "truth")}
        ${hasShared ? html`${bar("by repeater", "desk", sharedMinutes, most, "shared")}${bar("in truth", "truth", truthSharedMinutes, most, "truth-shared")}` : NO_MARKUP}
      </dl>
      <p>${[why(result, person), ...circumstances(result, person)].join(" ")}</p>
      ${own.length === 0 ? html`<p class="agree">As the contact list says</p>` : own.map((d) => html`<p class="differ">${differenceText(d)}</p>`)}
    </li>`;
}

function bar(label: string, kind: string, minutes: number, most: number, figure: string): Markup {
  const isTruth = kind === "truth";
  const fill =
    minutes === 0
      ? NO_MARKUP
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

/** What else a reader has to know to understand an answer. */
function circumstances(result: LoopResult, { id, directMinutes, sharedMinutes }: PersonAnswer): string[] {
  const own = result.deeds.filter((deed) => deed.id === id);
  const snoozes = own
    .filter(({ kind }) => kind === "snooze")
    .map(({ fromS, toS }) => `${clock(fromS)} to ${clock(toS)}`);
  const losses = own.filter(({ kind }) => kind === "powerLoss").length;
  const late = directMinutes + sharedMinutes === 0 ? lateVisit(result, id) : undefined;
  return [
    ...(snoozes.length > 0 ? [`It was snoozed from ${listed(snoozes)}: it sent nothing then, but listened.`] : []),
    ...(losses > 0 ? [`It lost power ${counted(losses, "time", "times")}.`] : []),
    ...(late === undefined ? [] : [late]),
  ];
}

/** A visit to a repeater that came too late to hear of an infected person's. */
function lateVisit({ scene, repeaters, encounters }: LoopResult, id: string): string | undefined {
  for (const repeater of repeaters) {
    const visits = encounters.filter(({ a, b }) => a === repeater.id || b === repeater.id);
    const by = (person: string) => visits.filter(({ a, b }) => a === person || b === person);
    for (const infected of scene.people.filter((person) => scene.diagnosed.includes(person.id)))
      for (const left of by(infected.id))
        for (const { fromS } of by(id)) {
          const minutes = Math.floor((fromS - left.toS) / 60);
          if (minutes >= MAX_AGE_MINUTES)
            return `It was near ${repeater.name} ${minutesText(minutes)} after ${infected.name} had left, when the repeater had forgotten.`;
        }
  }
  return undefined;
}

/** One difference in words, with its sign. */
export function differenceText({ minutes, path, text, hour }: Difference): string {
  const sign = minutes < 0 ? "Not counted" : "Counted though the list does not";
  return `${sign}, ${clock(hour * 3600)}${path === "shared" ? " (shared space)" : ""}: ${text}.`;
}

function hourTable(result: LoopResult): Markup {
  return table({
    caption: "What each keyfob counted, hour by hour, beside the contact list",
    columns: ["Person", "Hour (UTC)", "Direct minutes", "In truth", "By repeater", "In truth"],
    rows: result.people.flatMap(({ id, name, hours }) =>
      hours.map((h) => ({
        cells: [name, clock(h.hour * 3600), h.direct, h.truth, h.shared, h.truthShared],
        mark: ["hour", `${id} ${h.hour}`] as const,
      })),
    ),
  });
}

export function accuracySection(result: LoopResult): Markup {
  const { differences, contacts } = result;
  const names = new Map(result.scene.people.map(({ id, name }) => [id, name]));
  const classes = contacts.filter((c) => c.contacts > 0);
  return html`
<section id="accuracy" aria-labelledby="accuracy-title">
  <h2 id="accuracy-title">How far the keyfobs and the truth agree</h2>
  <p class="lede">Precision: the share of counted minutes that the contact list knows. Recall: the share of the contact list's minutes that were counted.</p>
  ${table({
    caption: "Agreement with the contact list",
    columns: ["Minutes", "Precision", "Recall"],
    rows: [
      { cells: ["Direct", percent(result.precision), percent(result.recall)], mark: ["agreement", "direct"] },
      ...(result.repeaters.length > 0
        ? [
            {
              cells: ["By repeater", percent(result.sharedPrecision), percent(result.sharedRecall)],
              mark: ["agreement", "shared"] as const,
            },
          ]
        : []),
    ],
  })}
  ${classes.length === 0 ? NO_MARKUP : contactTable(classes)}
  <details ${differences.length <= 12 ? html`open` : NO_MARKUP}>
    <summary>${differences.length === 0 ? "No differences" : "Every difference, and its reason"}</summary>
    ${
      differences.length === 0
        ? html`<p>Every keyfob said exactly what the contact list says.</p>`
        : table({
            caption: "Minutes that differ from the contact list",
            columns: ["Person", "Hour (UTC)", "Minutes", "Why"],
            textColumns: [0, 3],
            rows: differences.map((d) => ({
              cells: [
                names.get(d.id) ?? d.id,
                clock(d.hour * 3600),
                `${d.minutes > 0 ? "+" : "\u2212"}${Math.abs(d.minutes)}`,
                `${d.path === "shared" ? "By repeater: " : ""}${d.text}`,
              ],
              mark: ["difference", `${d.id} ${d.hour} ${d.path}`],
            })),
          })
    }
  </details>
</section>`;
}

function contactTable(classes: LoopResult["contacts"]): Markup {
  return table({
    caption: "Contacts with infected people, by their length",
    columns: ["Length in minutes", "Contacts", "Found", "Their minutes", "Counted"],
    rows: classes.map((c) => ({
      cells: [
        c.maxMinutes === undefined
          ? `${c.minMinutes} or more`
          : c.minMinutes === c.maxMinutes
            ? String(c.minMinutes)
            : `${c.minMinutes} to ${c.maxMinutes}`,
        c.contacts,
        percent(c.found / c.contacts),
        c.minutes,
        percent(c.minutesCounted / c.minutes),
      ],
      mark: ["class", String(c.minMinutes)],
    })),
  });
}
