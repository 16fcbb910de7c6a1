import { html, type Markup } from "./markup";

/** A table with a caption; the first cell of a row is its head. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Columns of words, set on the left; numbers stand on the right. The first is one of words. */
  readonly textColumns?: readonly number[];
  readonly rows: readonly Row[];
}

interface Row {
  readonly cells: readonly (string | number)[];
  /** A data attribute, name and value, by which a row can be found. */
  readonly mark?: readonly [string, string];
}

/** HTML of a table in a box that scrolls sideways where the table is wider, also with the keyboard. */
export function table({ caption, columns, textColumns = [0], rows }: Table): Markup {
  const align = (column: number): Markup => html`${textColumns.includes(column) ? "text" : ""}`;
  return html`
  <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>${caption}</caption>
      <thead><tr>${columns.map((name, i) => html`<th scope="col" class="${align(i)}">${name}</th>`)}</tr></thead>
      <tbody>${rows.map(({ cells, mark: [name, value] = ["row", ""] }) => {
        const rest = cells.slice(1).map((cell, i) => html`<td class="${align(i + 1)}">${cell}</td>`);
        return html`<tr data-${name}="${value}"><th scope="row">${cells[0] ?? ""}</th>${rest}</tr>`;
      })}</tbody>
    </table>
  </div>`;
}
