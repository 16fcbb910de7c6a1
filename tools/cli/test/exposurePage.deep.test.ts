// The page of `chirpfob exposures --html` in a real browser.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_SCORE } from "../../../protocol/match/defaultScore";
import { launchBrowser, openPage, SCREENS, type Screen, sheetsOf, weakestContrast } from "../../../test/browser";
import { hasTool } from "../../../test/tools";
import { temporaryFolder } from "../../exposure/test/fixtures";
import type { HourResult } from "../../keyfob/keyfobWire";
import { exposureHtml } from "../exposureHtml";
import { formatDay, summarise } from "../exposureReport";

const DAY = 20_778;
const hour = (day: number, of: number, direct: number[], shared = 0, reverse = false): HourResult => ({
  hour: (DAY + day) * 24 + of,
  direct,
  shared: [shared, 0, 0, 0],
  reverse,
});
const RESULTS = {
  everything: [
    hour(0, 9, [0, 0, 3, 12]),
    hour(2, 14, [12, 4, 0, 2], 3, true),
    hour(2, 15, [8, 0, 0, 0]),
    hour(5, 12, [0, 5, 3, 0], 8),
    hour(11, 20, [0, 0, 0, 40], 6),
  ],
  nothing: [],
  // Every day of the longest retention.
  much: Array.from({ length: 90 }, (_, day) => hour(day, 12, [day, 1, 1, 1], 1)),
};
const SCREEN_NAMES = Object.keys(SCREENS) as Screen[];

describe.skipIf(!hasTool("chromium"))("The page with a keyfob's results", () => {
  let browser: Browser;
  const urls = {} as Record<keyof typeof RESULTS, string>;
  beforeAll(async () => {
    const folder = await temporaryFolder();
    for (const [name, hours] of Object.entries(RESULTS)) {
      const file = join(folder, `${name}.html`);
      await writeFile(file, exposureHtml(summarise(DEFAULT_SCORE, hours), DEFAULT_SCORE, Date.UTC(2026, 10, 29, 18)));
      urls[name as keyof typeof RESULTS] = pathToFileURL(file).href;
    }
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  it("renders on every screen, by day and by night, without errors, requests or anything to scroll sideways", async () => {
    for (const url of Object.values(urls))
      for (const screen of SCREEN_NAMES)
        for (const scheme of ["light", "dark"] as const) {
          const { page, troubles } = await openPage(browser, url, screen, scheme);
          expect(troubles).toEqual([]);
          const wide = await page.evaluate(
            "[...document.querySelectorAll('*')].filter((e) => e.scrollWidth > innerWidth || e.getBoundingClientRect().right > innerWidth).map((e) => e.tagName)",
          );
          expect([url, screen, wide]).toEqual([url, screen, []]);
          expect(await weakestContrast(page)).toBeGreaterThanOrEqual(4.5);
          await page.close();
        }
  });

  it.each(SCREEN_NAMES)(
    "shows on a %s the figures of the JSON, as a table and as a picture with a name",
    async (screen) => {
      const { page } = await openPage(browser, urls.everything, screen);
      const days = summarise(DEFAULT_SCORE, RESULTS.everything);
      const picture = page.getByRole("img", { name: /^Counted minutes by day\./ });
      expect(await picture.count()).toBe(1);
      const table = page.getByRole("table");
      expect(await table.getByRole("rowheader").count()).toBe(days.length);
      for (const { day, direct, shared, weighted, advice, reverse } of days) {
        const row = table.getByRole("row").filter({ has: page.getByRole("rowheader", { name: formatDay(day) }) });
        const cells = (await row.locator("td").allTextContents()).map((text) => text.trim());
        expect(cells.slice(0, -1).map(Number)).toEqual([...direct, shared, weighted]);
        expect(cells.at(-1)).toMatch({ alert: /^Alert/, notice: /^Notice/, none: /^Counts for little/ }[advice]);
        expect(cells.at(-1)?.includes("possible source")).toBe(reverse);
        expect(await picture.getAttribute("aria-label")).toContain(`${formatDay(day)}: ${weighted}, `);
        expect(await picture.innerText()).toContain(String(weighted));
      }
      await page.close();
    },
  );

  it("draws bars in proportion to what counts", async () => {
    const { page } = await openPage(browser, urls.everything, "desktop");
    const widths = (await page.evaluate(
      "[...document.querySelectorAll('.days rect')].map((e) => e.getBoundingClientRect().width)",
    )) as number[];
    const counted = summarise(DEFAULT_SCORE, RESULTS.everything).map(({ weighted }) => weighted);
    const longest = Math.max(...widths);
    for (const [i, width] of widths.entries())
      expect(width / longest).toBeCloseTo((counted[i] ?? 0) / Math.max(...counted), 1);
    await page.close();
  });

  it("is set in large type, and prints on few sheets with dark ink", async () => {
    const { page } = await openPage(browser, urls.everything, "desktop", "dark");
    const size = "parseFloat(getComputedStyle(document.querySelector('td')).fontSize)";
    expect(await page.evaluate(size)).toBeGreaterThanOrEqual(20);
    expect(await sheetsOf(page)).toBeLessThanOrEqual(2);
    await page.emulateMedia({ media: "print" });
    // 13 points are 17.3 CSS pixels.
    expect(await page.evaluate(size)).toBeGreaterThanOrEqual(17);
    expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(0, 0, 0)");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.close();
  });
});
