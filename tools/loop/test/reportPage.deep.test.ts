// The report in a real browser.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasTool } from "../../../test/tools";
import { renderReport } from "../report/report";
import { percent } from "../report/words";
import { resultOf } from "./ideal";

const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const SIZES = { desktop: [1280, 900], phone: [360, 740] } as const;

describe.skipIf(!hasTool("chromium"))("the report in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-report-"));
  const result = resultOf("town");
  const file = join(folder, "report.html");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, renderReport(result));
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS.split(" ") });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(size: readonly [number, number], scheme: "light" | "dark" = "light") {
    const page = await browser.newPage({ viewport: { width: size[0], height: size[1] }, colorScheme: scheme });
    const troubles: string[] = [];
    page.on("console", (message) => troubles.push(message.text()));
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) troubles.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, troubles };
  }

  it.each(Object.entries(SIZES))("renders on a %s without errors, requests or sideways scrolling", async (_, size) => {
    for (const scheme of ["light", "dark"] as const) {
      const { page, troubles } = await open(size, scheme);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(size[0]);
      expect(troubles).toEqual([]);
      await page.close();
    }
  });

  it("shows the figures of the JSON", async () => {
    const { page } = await open(SIZES.desktop);
    const text = async (selector: string) => (await page.locator(selector).first().innerText()).trim();
    for (const person of result.people) {
      const card = `[data-person="${person.id}"]`;
      expect(await text(`${card} [data-figure="direct"]`)).toBe(`${person.directMinutes} min`);
      expect(await text(`${card} [data-figure="truth"]`)).toBe(`${person.truthMinutes} min`);
      if (person.sharedMinutes > 0)
        expect(await text(`${card} [data-figure="shared"]`)).toBe(`${person.sharedMinutes} min`);
      expect(await text(`[data-counts="${person.id}"]`)).toContain(String(person.counts.rowsWritten));
    }
    expect(await text('[data-fact="precision"]')).toBe(percent(result.precision));
    expect(await text('[data-figure="recall"]')).toBe(percent(result.recall));
    const hours = await page.locator("tr[data-hour]").count();
    expect(hours).toBe(result.people.reduce((sum, person) => sum + person.hours.length, 0));
    await page.close();
  });

  it("reaches every link, table and summary by keyboard, and shows where the focus is", async () => {
    const { page } = await open(SIZES.desktop);
    const wanted = await page.locator("a, summary, [tabindex='0']").count();
    const seen = new Set<string>();
    for (let i = 0; i < wanted + 5; i++) {
      await page.keyboard.press("Tab");
      const focus = (await page.evaluate(`(() => {
        const e = document.activeElement;
        const all = [...document.querySelectorAll("a, summary, [tabindex='0']")];
        return [all.indexOf(e), getComputedStyle(e).outlineStyle];
      })()`)) as [number, string];
      if (focus[0] < 0) continue;
      expect(focus[1]).not.toBe("none");
      seen.add(String(focus[0]));
    }
    // Tables in a closed fold are reached once it is open.
    const folded = await page.locator("details:not([open]) [tabindex='0']").count();
    expect(seen.size).toBe(wanted - folded);
    await page.keyboard.press("Home");
    await page.close();
  });

  it("has enough contrast for its text, by day and by night", async () => {
    for (const scheme of ["light", "dark"] as const) {
      const { page } = await open(SIZES.desktop, scheme);
      expect(await weakestContrast(page)).toBeGreaterThanOrEqual(4.5);
      await page.close();
    }
  });

  it("fits on a few sheets of paper", async () => {
    const { page } = await open(SIZES.desktop);
    const pdf = await page.pdf({ format: "A4" });
    const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(sheets).toBeGreaterThan(1);
    expect(sheets).toBeLessThanOrEqual(7);
    await page.close();
  });
});

/** The lowest contrast (WCAG 2) of any text against the nearest background that is painted behind it. */
function weakestContrast(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (c) => c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let weakest = 21;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const e = node.parentElement;
      if (!node.data.trim() || !e.checkVisibility() || e.closest(".hidden, .skip, .echo")) continue;
      let behind = e;
      while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
      if (!behind) continue;
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(rgb(getComputedStyle(behind).backgroundColor))];
      weakest = Math.min(weakest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
    return weakest;
  })()`);
}
