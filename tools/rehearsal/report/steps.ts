// The whole loop in four steps, with this run's own figures: what a reader who knows none of the words has to know first.

import { html, type Markup, NO_MARKUP } from "../../base/html";
import { counted, grouped, listed, minutesText, size } from "../../base/words";
import type { LoopResult } from "../result";

export function stepsSection(result: LoopResult): Markup {
  const { people, uploads, repeaters, shards } = result;
  const devices = [...people, ...uploads];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const chirps = sum(devices.map(({ counts }) => counts.minutesChirped));
  const rows = sum(devices.map(({ counts }) => counts.rowsWritten));
  const hours = sum(uploads.map((upload) => upload.hours));
  const withheld = sum(uploads.map((upload) => upload.withheldHours.length));
  const seeds = sum(shards.map((shard) => shard.seeds));
  const found = people.filter((p) => p.directMinutes + p.sharedMinutes > 0).length;
  const step = (figure: string, value: number, title: string, text: string): Markup =>
    html`<li><h3>${title}</h3><p><strong data-step="${figure}">${grouped(value)}</strong> ${text}</p></li>`;
  return html`
<section id="steps" aria-labelledby="steps-title">
  <h2 id="steps-title">How it went, step by step</h2>
  <ol class="steps">
    ${step("chirps", chirps, "Chirp", `random numbers were sent by ${counted(devices.length, "keyfob", "keyfobs")}, a new one each minute: a chirp. Each keyfob noted the chirps it heard, ${counted(rows, "row", "rows")} in all.`)}
    ${
      repeaters.length === 0
        ? NO_MARKUP
        : step(
            "passed-on",
            sum(repeaters.map((repeater) => repeater.passedOnMinutes)),
            "Repeat",
            `minutes were learned only through ${listed(repeaters.map(({ name }) => name))}, where a repeater says chirps again for ten minutes.`,
          )
    }
    ${step("uploaded", hours, "Share", `seeds left ${uploads.length === 1 ? "a keyfob" : "keyfobs"}, one for each hour, after ${listed(uploads.map(({ name }) => name))} pressed the button. From a seed its hour\u2019s chirps can be made again.${withheld > 0 ? ` ${counted(withheld, "hour was", "hours were")} left out.` : ""}`)}
    ${step("published", seeds, "Match", `seeds were published and signed (${size(sum(shards.map((shard) => shard.bytes)))}), the same file for everybody. Each of ${counted(people.length, "keyfob", "keyfobs")} looked for their chirps in its own notes; ${found} found some${found > 0 ? `, ${minutesText(sum(people.map((p) => p.directMinutes + p.sharedMinutes)))} in all` : ""}.`)}
  </ol>
</section>`;
}
