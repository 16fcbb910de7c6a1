// HTML as a value: everything put into a template is escaped, unless it is markup already.

/** A piece of finished HTML. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | number | Markup | readonly Markup[];

/** A template of HTML: html`<p>${name}</p>`. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? "";
  parts.forEach((part, i) => {
    text += renderPart(part) + (strings[i + 1] ?? "");
  });
  return new Markup(text);
}

/** Nothing. */
export const NO_MARKUP = new Markup("");

function renderPart(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(({ text }) => text).join("");
  return escapeText(String(part));
}

function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
