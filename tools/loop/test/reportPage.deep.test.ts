// The report in a real browser.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage, SCREENS, sheetsOf, weakestContrast } from "../../../test/browser";
import { hasTool } from "../../../test/tools";
import { renderReport } from "../report/report";
import { percent } from "../report/words";
import { resultOf } from "./ideal";

describe.skipIf(!hasTool("chromium"))("the report in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-report-"));
  const result = resultOf("town");
  const file = join(folder, "report.html");
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, renderReport(result));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (size: readonly [number, number], scheme?: "light" | "dark") =>
    openPage(browser, pathToFileURL(file).href, size, scheme);

  it.each(Object.entries(SCREENS))(
    "renders on a %s without errors, requests or sideways scrolling",
    async (_, size) => {
      for (const scheme of ["light", "dark"] as const) {
        const { page, troubles } = await open(size, scheme);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(size[0]);
        expect(troubles).toEqual([]);
        await page.close();
      }
    },
  );

  it("shows the figures of the JSON", async () => {
    const { page } = await open(SCREENS.desktop);
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
    const { page } = await open(SCREENS.desktop);
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
      const { page } = await open(SCREENS.desktop, scheme);
      expect(await weakestContrast(page)).toBeGreaterThanOrEqual(4.5);
      await page.close();
    }
  });

  it("fits on a few sheets of paper", async () => {
    const { page } = await open(SCREENS.desktop);
    const sheets = await sheetsOf(page);
    expect(sheets).toBeGreaterThan(1);
    expect(sheets).toBeLessThanOrEqual(7);
    await page.close();
  });
});
