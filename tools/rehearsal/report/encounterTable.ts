// The timeline again, as words: for those who read with their ears or fingers, and on a small screen.

import { html, type Markup, NONE } from "../../base/markup";
import { table } from "../../base/table";
import { clock } from "../../base/words";
import type { Encounter, LoopResult } from "../result";

/** More rows than this are no reading for anybody; the JSON has them all. */
const MAX_ROWS = 150;
/** More than this stay off paper, where the chart is enough. */
const MAX_PRINTED = 40;

export function encounterTable({ scene, repeaters, encounters }: LoopResult): Markup {
  const nameOf = new Map([...scene.people, ...repeaters].map(({ id, name }) => [id, name]));
  const ill = new Set(scene.diagnosed);
  // The infected person, or else the repeater, stands in the second column.
  const rank = (id: string): number => (ill.has(id) ? 2 : repeaters.some((r) => r.id === id) ? 1 : 0);
  const shown = [...encounters].sort((x, y) => x.fromS - y.fromS || x.a.localeCompare(y.a)).slice(0, MAX_ROWS);
  const hasPlaces = shown.some(({ place }) => place !== undefined);
  const row = (e: Encounter): (string | number)[] => {
    const [who, near] = rank(e.a) > rank(e.b) ? [e.b, e.a] : [e.a, e.b];
    const minutes = Math.round((e.toS - e.fromS) / 6) / 10;
    const times = [clock(e.fromS), clock(e.toS), minutes];
    return [nameOf.get(who) ?? who, nameOf.get(near) ?? near, ...times, ...(hasPlaces ? [e.place ?? ""] : [])];
  };
  return html`
  <details class="${shown.length > MAX_PRINTED ? "screen" : ""}">
    <summary>The same as a table</summary>
    ${table({
      caption: "Who was near whom, and when (UTC)",
      columns: ["Person", "Near", "From", "To", "Minutes", ...(hasPlaces ? ["Where"] : [])],
      textColumns: [0, 1, ...(hasPlaces ? [5] : [])],
      rows: shown.map((e) => ({ cells: row(e), mark: ["encounter", `${e.a} ${e.b} ${e.fromS}`] })),
    })}
    ${encounters.length > shown.length ? html`<p>The first ${shown.length} of ${encounters.length}.</p>` : NONE}
  </details>`;
}
