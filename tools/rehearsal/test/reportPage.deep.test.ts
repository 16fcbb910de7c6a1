// The report in a real browser.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage, SCREENS, type Screen, sheetsOf, weakestContrast } from "../../../test/browser";
import { hasTool } from "../../../test/tools";
import { clock, grouped, percent } from "../../base/words";
import { renderReport } from "../report/report";
import { SCENARIO_NAMES } from "../scenarios/builtIn";
import { resultOf } from "./ideal";

describe.skipIf(!hasTool("chromium"))("the report in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-report-"));
  const result = resultOf("town");
  let browser: Browser;

  beforeAll(async () => {
    for (const name of SCENARIO_NAMES) writeFileSync(join(folder, `${name}.html`), renderReport(resultOf(name)));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (screen: Screen, scheme: "light" | "dark" = "light", scenario = "town") =>
    openPage(browser, pathToFileURL(join(folder, `${scenario}.html`)).href, screen, scheme);

  describe.each(SCENARIO_NAMES)("of %s", (scenario) => {
    it.each(Object.keys(SCREENS) as Screen[])(
      "renders at the size of a %s without errors, requests, sideways scrolling or times on top of each other",
      async (screen) => {
        for (const scheme of ["light", "dark"] as const) {
          const { page, troubles } = await open(screen, scheme, scenario);
          expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(SCREENS[screen][0]);
          expect(await overlappingTimes(page)).toEqual([]);
          expect(troubles).toEqual([]);
          await page.close();
        }
      },
    );

    it("has enough contrast for its text, by day and by night", async () => {
      for (const scheme of ["light", "dark"] as const) {
        const { page } = await open("desktop", scheme, scenario);
        expect(await weakestContrast(page)).toBeGreaterThanOrEqual(4.5);
        await page.close();
      }
    });

    it("has headings in order, and a caption for each table, name for each section and list of a timeline", async () => {
      const { page } = await open("desktop", "light", scenario);
      const levels = (await page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map((e) => Number(e.tagName[1]))",
      )) as number[];
      expect(levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
      expect(levels.filter((level) => level === 1)).toHaveLength(1);
      for (const nameless of [
        "table:not(:has(> caption))",
        "section:not([aria-labelledby])",
        ".track:not([aria-label])",
      ])
        expect([nameless, await page.locator(nameless).count()]).toEqual([nameless, 0]);
      await page.close();
    });
  });

  it("shows the figures of the JSON", async () => {
    const { page } = await open("desktop");
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
    expect(await text('[data-fact="recall"]')).toBe(percent(result.recall));
    expect(await text('[data-fact="people"]')).toBe(String(result.scene.people.length));
    const rows = (mark: string): Promise<string[][]> =>
      page.evaluate(
        `[...document.querySelectorAll("tr[data-${mark}]")].map((r) => [...r.cells].map((c) => c.textContent))`,
      );
    expect(await rows("agreement")).toEqual([
      ["Direct", percent(result.precision), percent(result.recall)],
      ["By repeater", percent(result.sharedPrecision), percent(result.sharedRecall)],
    ]);
    expect(await rows("hour")).toEqual(
      result.people.flatMap(({ name, hours }) =>
        hours.map((h) => [name, clock(h.hour * 3600), ...[h.direct, h.truth, h.shared, h.truthShared].map(String)]),
      ),
    );
    expect(await rows("counts")).toHaveLength(result.scene.people.length);
    expect(await rows("difference")).toHaveLength(result.differences.length);
    expect((await rows("encounter")).map(([, , from, to]) => [from, to]).sort()).toEqual(
      result.encounters.map(({ fromS, toS }) => [clock(fromS), clock(toS)]).sort(),
    );
    expect((await rows("class")).map((cells) => [cells[1], cells[3]])).toEqual(
      result.contacts.filter((c) => c.contacts > 0).map((c) => [String(c.contacts), String(c.minutes)]),
    );
    const devices = [...result.people, ...result.uploads];
    const sum = (values: readonly number[]) => grouped(values.reduce((total, value) => total + value, 0));
    expect(await text('[data-step="chirps"]')).toBe(sum(devices.map(({ counts }) => counts.minutesChirped)));
    expect(await text('[data-step="passed-on"]')).toBe(sum(result.repeaters.map((r) => r.passedOnMinutes)));
    expect(await text('[data-step="uploaded"]')).toBe(sum(result.uploads.map(({ hours }) => hours)));
    expect(await text('[data-step="published"]')).toBe(sum(result.shards.map(({ seeds }) => seeds)));
    for (const { id, hours, bytes, withheldHours } of result.uploads) {
      const card = await text(`[data-upload="${id}"]`);
      expect(card).toContain(`shared ${hours} hours`);
      expect(card).toContain(`${grouped(bytes)} bytes`);
      expect(card).toContain(`${withheldHours.length} hour withheld`);
    }
    for (const { id, chirpsHeard } of result.repeaters)
      expect(await text(`[data-repeater="${id}"]`)).toContain(grouped(chirpsHeard));
    await page.close();
  });

  it("reaches every link, table and summary by keyboard, and shows where the focus is", async () => {
    const { page } = await open("desktop");
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

  it("fits on a few sheets of paper", async () => {
    const { page } = await open("desktop");
    const sheets = await sheetsOf(page);
    expect(sheets).toBeGreaterThan(1);
    expect(sheets).toBeLessThanOrEqual(7);
    await page.close();
  });
});

/** Times of an axis that touch the one before, or stand outside of the chart. */
function overlappingTimes(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll(".axis ol")].flatMap((axis) => {
    const chart = axis.closest(".chart").getBoundingClientRect();
    const boxes = [...axis.children].filter((e) => e.checkVisibility()).map((e) => [e.textContent, e.getBoundingClientRect()]);
    return boxes.filter(([, box], i) => box.left < (boxes[i - 1]?.[1].right ?? chart.left) || box.right > chart.right).map(([text]) => text);
  })`);
}
