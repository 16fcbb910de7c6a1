// What left the keyfobs, what was withheld, what the service published; and what was on the air.

import { html, type Markup, NONE } from "../../base/markup";
import { table } from "../../base/table";
import { clock, counted, grouped, listed, size } from "../../base/words";
import type { LoopResult, Upload } from "../result";

const HOUR_S = 3600;

export function uploadSection(result: LoopResult): Markup {
  const { uploads, shards } = result;
  const seeds = shards.reduce((sum, s) => sum + s.seeds, 0);
  const filling = shards.reduce((sum, s) => sum + s.fillingSeeds, 0);
  const bytes = shards.reduce((sum, s) => sum + s.bytes, 0);
  return html`
<section id="uploaded" aria-labelledby="uploaded-title">
  <h2 id="uploaded-title">What was uploaded, and what was withheld</h2>
  <p class="lede">An upload is one random-looking seed an hour, every hour of the window, whatever happened in it. No name, no place, no contact.</p>
  ${uploads.map((upload) => uploadCard(result, upload))}
  <p style="margin-top:.9rem">The service published ${counted(shards.length, "signed shard", "signed shards")} (${size(bytes)}) with ${grouped(seeds)} seeds, ${grouped(filling)} of them random filling: every hour holds at least twelve seeds, sorted, so that nobody can tell which belong together.</p>
</section>`;
}

function uploadCard(result: LoopResult, { id, name, bytes, firstHour, hours, withheldHours }: Upload): Markup {
  const withheld = new Set(withheldHours);
  const firstReal = Math.floor(result.scene.fromS / HOUR_S);
  const kinds = Array.from({ length: hours }, (_, i) => {
    const hour = firstHour + i;
    return { hour, kind: withheld.has(hour) ? "hatch" : hour < firstReal ? "blank" : "real" };
  });
  const count = (kind: string): number => kinds.filter((k) => k.kind === kind).length;
  const shown = kinds.slice(-24 * 3);
  return html`
  <div class="card" data-upload="${id}" style="margin-top:.9rem">
    <div class="who"><h3>${name} shared ${counted(hours, "hour", "hours")}<small>${size(bytes)}, with one permission number, spent once</small></h3></div>
    <ol class="hours" aria-hidden="true">${shown.map(({ hour, kind }) => html`<li class="${kind}" title="${clock(hour * HOUR_S)} UTC: ${KINDS[kind] ?? ""}"></li>`)}</ol>
    <p class="ends" aria-hidden="true"><span>${hourText(shown[0]?.hour)}</span><span>${hourText((shown.at(-1)?.hour ?? 0) + 1)}</span></p>
    <ul class="key" style="margin:0">
      <li><i class="near"></i>${counted(count("real"), "hour", "hours")} with the seeds that made the chirps</li>
      ${withheld.size > 0 ? html`<li><i class="hatch"></i>${counted(count("hatch"), "hour", "hours")} withheld: ${listed(withheldHours.map((hour) => `${clock(hour * HOUR_S)} to ${clock((hour + 1) * HOUR_S)}`))}</li>` : NONE}
      ${count("blank") > 0 ? html`<li><i style="background:var(--track)"></i>${counted(count("blank"), "hour", "hours")} before the keyfob was in use: random</li>` : NONE}
    </ul>
    <p>Only this report can colour them. In the file all ${hours} hours look alike${withheld.size > 0 ? `, the withheld one${withheld.size > 1 ? "s" : ""} too` : ""}: a fresh random seed stands where something is left out.</p>
  </div>`;
}

/** "16 Nov, 09:00" */
function hourText(hour = 0): string {
  const date = new Date(hour * HOUR_S * 1000);
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })}, ${clock(hour * HOUR_S)}`;
}

const KINDS: Record<string, string> = { real: "shared", hatch: "withheld", blank: "random" };

export function airSection(result: LoopResult): Markup {
  const { people, uploads } = result;
  const rows = [...uploads, ...people];
  return html`
<section id="air" aria-labelledby="air-title">
  <h2 id="air-title">Chirps on the air</h2>
  <p class="lede">Every keyfob sends a new chirp each minute and notes those it hears, one row a chirp: 12 bytes that open only if the chirp's seed is ever published.</p>
  ${table({
    caption: "What each keyfob sent, heard and noted",
    columns: ["Keyfob", "Minutes chirped", "Frames heard", "Rows in its log", "Starts"],
    rows: rows.map(({ id, name, counts }) => ({
      cells: [
        name,
        grouped(counts.minutesChirped),
        grouped(counts.chirpsHeard),
        grouped(counts.rowsWritten),
        counts.restarts,
      ],
      mark: ["counts", id],
    })),
  })}
</section>`;
}
