// Who was near whom: one lane for each person and repeater, drawn with boxes, so that it fits a phone as well as paper.

import { MAX_AGE_MINUTES } from "../../../protocol/beacon/sighting";
import { html, type Markup, NO_MARKUP } from "../../base/html";
import { clock, counted, listed, minutesText } from "../../base/words";
import type { Deed, Encounter, LoopResult, RepeaterReport } from "../result";
import { encounterTable } from "./encounterTable";

/** More lanes than this tell nobody anything; those with the longest contacts with infected people come first. */
const MAX_LANES = 24;
/** Ticks of the axis, in seconds, from which the first is taken that gives at most ten. */
const TICKS_S = [120, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

const BEFORE_VISIT_S = 180;
const AFTER_VISIT_S = 19 * 60;

/** Turns moments into places on a track. */
interface Scale {
  readonly fromS: number;
  readonly toS: number;
  /** Drawn across all lanes of people: when what a repeater heard can still be heard from it. */
  readonly band?: { readonly fromS: number; readonly toS: number };
}

export function timelineSection(result: LoopResult): Markup {
  const { scene, encounters } = result;
  const scale = { fromS: scene.fromS, toS: scene.toS };
  const ill = new Set(scene.diagnosed);
  const closeness = (id: string): number =>
    encounters
      .filter((e) => (e.a === id && ill.has(e.b)) || (e.b === id && ill.has(e.a)))
      .reduce((s, e) => s + e.toS - e.fromS, 0);
  const well = scene.people.filter(({ id }) => !ill.has(id));
  const shown =
    well.length > MAX_LANES ? [...well].sort((x, y) => closeness(y.id) - closeness(x.id)).slice(0, MAX_LANES) : well;
  const hasEcho = result.repeaters.length > 0;
  const illNames = listed(scene.people.filter(({ id }) => ill.has(id)).map(({ name }) => name));
  return html`
<section id="day" aria-labelledby="day-title">
  <h2 id="day-title">Who was near whom</h2>
  <p class="lede">What really happened, from the contact list. The keyfobs were not told any of it.</p>
  <ul class="key">
    <li><i class="near"></i>near ${illNames}</li>
    <li><i class="other"></i>near somebody else</li>
    ${hasEcho ? html`<li><i class="desk"></i>near a repeater</li><li><i class="echo"></i>chirps a repeater still repeats</li>` : NO_MARKUP}
    ${result.deeds.length > 0 ? html`<li><i class="hatch"></i>left out, snoozed or without power</li>` : NO_MARKUP}
  </ul>
  <div class="chart">
    ${scene.people.filter(({ id }) => ill.has(id)).map(({ id, name }) => personLane(result, scale, id, name))}
    ${result.repeaters.map(({ id, name }) => repeaterLane(result, scale, id, name))}
    ${shown.map(({ id, name }) => personLane(result, scale, id, name))}
    ${axis(scale)}
  </div>
  ${shown.length < well.length ? html`<p class="lede">The ${shown.length} people who were longest near ${illNames}; ${well.length - shown.length} others are in the tables below.</p>` : NO_MARKUP}
  ${encounterTable(result)}
</section>`;
}

function personLane(result: LoopResult, scale: Scale, id: string, name: string): Markup {
  const { scene, encounters, deeds } = result;
  const names = new Map([...scene.people, ...result.repeaters].map((p) => [p.id, p.name]));
  const ill = new Set(scene.diagnosed);
  const isRepeater = (other: string): boolean => result.repeaters.some((r) => r.id === other);
  const own = encounters
    .filter(({ a, b }) => a === id || b === id)
    .map((e) => ({ ...e, other: e.a === id ? e.b : e.a }));
  const isIll = ill.has(id);
  const people = own.filter(({ other }) => !isRepeater(other));
  // Seen from the infected person, whoever is near is near "the infected person"; so is the repeater's lane read.
  const near = together(people.filter(({ other }) => isIll || ill.has(other)));
  const others = together(people.filter(({ other }) => !isIll && !ill.has(other)));
  const desks = together(own.filter(({ other }) => isRepeater(other)));
  const nameOf = (other: string): string => names.get(other) ?? other;
  return html`
    <div class="lane">
      <h3>${name}<small>${isIll ? "falls ill" : roleText(deeds, id)}</small></h3>
      <ol class="track" aria-label="${name}">
        ${hourLines(scale)}
        ${scale.band ? box("band", scale, scale.band.fromS, scale.band.toS, "a repeater still repeats what it heard") : NO_MARKUP}
        ${deeds.filter((deed) => deed.id === id).map((deed) => box("hatch", scale, deed.fromS, deed.toS, deedText(deed)))}
        ${others.map((e) => box("other", scale, e.fromS, e.toS, `near ${listed(e.with.map(nameOf))}${atPlace(e.place)}, ${span(e)}`))}
        ${desks.map((e) => box("desk", scale, e.fromS, e.toS, `near ${listed(e.with.map(nameOf))}, ${span(e)}`))}
        ${near.map((e) => box("near", scale, e.fromS, e.toS, `near ${listed(e.with.map(nameOf))}${atPlace(e.place)}, ${span(e)}`, e.place))}
      </ol>
    </div>`;
}

function repeaterLane(result: LoopResult, scale: Scale, id: string, name: string): Markup {
  const ill = new Set(result.scene.diagnosed);
  const visits = result.encounters.filter(({ a, b }) => (a === id && ill.has(b)) || (b === id && ill.has(a)));
  const echoS = MAX_AGE_MINUTES * 60;
  const own = together(
    result.encounters
      .filter(({ a, b }) => a === id || b === id)
      .map((e) => ({ ...e, other: e.a === id ? e.b : e.a }))
      .filter(({ other }) => !ill.has(other)),
  );
  const nameOf = (other: string): string => result.scene.people.find((p) => p.id === other)?.name ?? other;
  return html`
    <div class="lane">
      <h3>${name}<small>repeater</small></h3>
      <ol class="track" aria-label="${name}, a repeater">
        ${hourLines(scale)}
        ${own.map((e) => box("desk", scale, e.fromS, e.toS, `${listed(e.with.map(nameOf))} near the repeater, ${span(e)}`))}
        ${visits.map((e) => box("echo", scale, e.toS, e.toS + echoS, `chirps still repeated until ${clock(e.toS + echoS)}`, "10 min"))}
        ${visits.map((e) => box("near", scale, e.fromS, e.toS, `hears ${nameOf(ill.has(e.a) ? e.a : e.b)}, ${span(e)}`))}
      </ol>
    </div>`;
}

/** The quarter of an hour that follows an infected person's visit to a repeater, large enough to tell minutes apart. */
export function repeaterSection(result: LoopResult): Markup {
  if (result.repeaters.length === 0) return NO_MARKUP;
  return html`
<section id="repeater" aria-labelledby="repeater-title">
  <h2 id="repeater-title">The repeater\u2019s part</h2>
  <p class="lede">A repeater stands on a counter and hears chirps like any keyfob. It sends each of them again in each of the next ten minutes, marked with its age, then forgets it. It has no clock, no storage and no network.</p>
  ${result.repeaters.map((repeater) => repeaterPart(result, repeater))}
</section>`;
}

function repeaterPart(result: LoopResult, { id, name, chirpsHeard, passedOnMinutes }: RepeaterReport): Markup {
  const { scene, encounters } = result;
  const ill = new Set(scene.diagnosed);
  const withRepeater = encounters.filter(({ a, b }) => a === id || b === id);
  const visit = withRepeater.find(({ a, b }) => ill.has(a) || ill.has(b));
  const figures = html`<p data-repeater="${id}">${name} heard ${counted(chirpsHeard, "chirp frame", "chirp frames")}. Through ${result.repeaters.length > 1 ? "repeaters" : "it"} alone, keyfobs learned of ${minutesText(passedOnMinutes)} that no direct hearing covers.</p>`;
  if (!visit) return figures;
  const scale = {
    fromS: visit.fromS - BEFORE_VISIT_S,
    toS: visit.toS + AFTER_VISIT_S,
    band: { fromS: visit.toS, toS: visit.toS + MAX_AGE_MINUTES * 60 },
  };
  const visitors = scene.people.filter(({ id: person }) =>
    withRepeater.some(
      ({ a, b, fromS, toS }) => (a === person || b === person) && fromS < scale.toS && toS > scale.fromS,
    ),
  );
  return html`
  <div class="chart tall">
    ${repeaterLane(result, scale, id, name)}
    ${visitors.slice(0, MAX_LANES).map((person) => personLane(result, scale, person.id, person.name))}
    ${axis(scale)}
  </div>
  ${figures}`;
}

interface Stay {
  readonly fromS: number;
  readonly toS: number;
  readonly with: readonly string[];
  readonly place?: string;
}

/** Joins encounters that overlap or touch, so that one bar stands for one stay. */
function together(encounters: readonly (Encounter & { readonly other: string })[]): Stay[] {
  const stays: { fromS: number; toS: number; with: string[]; place?: string }[] = [];
  for (const { fromS, toS, other, place } of [...encounters].sort((x, y) => x.fromS - y.fromS)) {
    const last = stays.at(-1);
    if (last && fromS <= last.toS && last.place === place) {
      last.toS = Math.max(last.toS, toS);
      if (!last.with.includes(other)) last.with.push(other);
    } else stays.push({ fromS, toS, with: [other], ...(place === undefined ? {} : { place }) });
  }
  return stays;
}

/** A box on a track. @param label shown in it where there is room; the text says all of it */
function box(kind: string, scale: Scale, fromS: number, toS: number, text: string, label = ""): Markup {
  const from = Math.max(fromS, scale.fromS);
  const to = Math.min(toS, scale.toS);
  if (to <= from) return NO_MARKUP;
  return html`<li class="${kind}" style="left:${share(scale, from)}%;width:${share(scale, to) - share(scale, from)}%" title="${text}"><span class="label" aria-hidden="true">${label}</span><span class="hidden">${text}</span></li>`;
}

function hourLines(scale: Scale): Markup[] {
  return ticks(scale)
    .slice(1, -1)
    .map((s) => html`<li class="hour" aria-hidden="true" style="left:${share(scale, s)}%"></li>`);
}

function axis(scale: Scale): Markup {
  return html`<div class="axis" aria-hidden="true"><span>UTC</span><ol>${ticks(scale).map((s, i, all) => html`<li class="${i < all.length - 1 && (i % 2 === 1 || i === all.length - 2) ? "wide" : ""}" style="left:${share(scale, s)}%">${clock(s)}</li>`)}</ol></div>`;
}

/** The span's two ends and round times in between that leave room beside them. */
function ticks({ fromS, toS }: Scale): number[] {
  const step = TICKS_S.find((s) => (toS - fromS) / s <= 10) ?? 86_400;
  const inner: number[] = [];
  for (let s = Math.ceil(fromS / step) * step; s < toS; s += step)
    if (s - fromS > step * 0.6 && toS - s > step * 0.6) inner.push(s);
  return [fromS, ...inner, toS];
}

function share({ fromS, toS }: Scale, atS: number): number {
  return Math.round(((atS - fromS) / (toS - fromS)) * 100_000) / 1000;
}

function span({ fromS, toS }: { readonly fromS: number; readonly toS: number }): string {
  const minutes = Math.round((toS - fromS) / 60);
  return `${clock(fromS)} to ${clock(toS)} (${minutes > 0 ? minutesText(minutes) : counted(toS - fromS, "second", "seconds")})`;
}

function atPlace(place: string | undefined): string {
  return place === undefined ? "" : ` (${place})`;
}

function roleText(deeds: readonly Deed[], id: string): string {
  return deeds.some((deed) => deed.id === id && deed.kind === "snooze") ? "snoozed for a while" : "";
}

function deedText({ kind, fromS, toS }: Deed): string {
  const when = `${clock(fromS)} to ${clock(toS)}`;
  if (kind === "snooze") return `keyfob snoozed, ${when}`;
  if (kind === "redact") return `left out of the upload, ${when}`;
  return `keyfob without power, ${when}`;
}
