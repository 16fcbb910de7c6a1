// The report of `chirpfob model keyfobs` in a real browser, and its runs in real threads.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage, SCREENS, type Screen, sheetsOf, weakestContrast } from "../../../test/browser";
import { hasTool } from "../../../test/tools";
import { answerKeyfobs, type KeyfobAnswer, type KeyfobQuestion } from "../keyfobStudy";
import { CONTACTS, DISEASE, RESPONSE } from "../parameters";
import { renderKeyfobReport } from "../report/report";
import { threadedRunner } from "../runThreads";

const COMMAND = "chirpfob model keyfobs --seed 1";

const QUESTION: KeyfobQuestion = {
  ...(Object.fromEntries(
    Object.entries({ ...DISEASE, ...RESPONSE, ...CONTACTS }).map(([name, { value }]) => [name, value]),
  ) as Record<keyof typeof DISEASE | keyof typeof CONTACTS | Exclude<keyof typeof RESPONSE, "delayDays">, number>),
  population: 10_000,
  firstCases: 50,
  adoption: [0, 0.2, 0.4, 0.6, 0.8, 1],
  syncDays: [1, 3, 7],
  repeaters: [0, 0.5],
  delayDays: [1.5],
  runs: 6,
  seed: 1,
};

describe("runs in threads", () => {
  it("come out as they do in one", async () => {
    const question = { ...QUESTION, repeaters: [0], runs: 4 };
    const done: number[] = [];
    const many = await answerKeyfobs(
      question,
      threadedRunner((n) => done.push(n), 2),
    );
    expect(done.sort()).toEqual([1, 2, 3, 4]);
    expect(await answerKeyfobs(question, threadedRunner(undefined, 1))).toEqual(many);
  });
});

describe.skipIf(!hasTool("chromium"))("the report for a county in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "chirpfob-model-"));
  let browser: Browser;
  let answer: KeyfobAnswer;

  beforeAll(async () => {
    answer = await answerKeyfobs(QUESTION, threadedRunner());
    writeFileSync(join(folder, "report.html"), renderKeyfobReport(QUESTION, answer, COMMAND));
    const small = { ...QUESTION, adoption: [1], syncDays: [1], repeaters: [0], runs: 1 };
    writeFileSync(
      join(folder, "small.html"),
      renderKeyfobReport(small, await answerKeyfobs(small, threadedRunner()), COMMAND),
    );
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (screen: Screen, scheme: "light" | "dark" = "light", name = "report") =>
    openPage(browser, pathToFileURL(join(folder, `${name}.html`)).href, screen, scheme);

  it.each(Object.keys(SCREENS) as Screen[])(
    "fits a %s without errors, requests, sideways scrolling or writing that is cut off or on top of other writing",
    async (screen) => {
      for (const [name, scheme] of [
        ["report", "light"],
        ["report", "dark"],
        ["small", "light"],
      ] as const) {
        const { page, troubles } = await open(screen, scheme, name);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(SCREENS[screen][0]);
        expect(await writingInTheWay(page)).toEqual([]);
        expect(troubles).toEqual([]);
        await page.close();
      }
    },
  );

  it("says first that it is no forecast", async () => {
    const { page } = await open("desktop");
    expect(await page.evaluate("document.body.innerText.replace('Skip to the answers', '').trim()")).toMatch(
      /^A model, not a forecast/,
    );
    await page.close();
  });

  it("has enough contrast for its writing, and three to one for its lines and marks", async () => {
    for (const scheme of ["light", "dark"] as const) {
      const { page } = await open("desktop", scheme);
      expect(await weakestContrast(page)).toBeGreaterThanOrEqual(4.5);
      expect(await weakestMark(page)).toBeGreaterThanOrEqual(3);
      await page.close();
    }
  });

  it("keeps its lines and marks apart in the reader's own colours", async () => {
    const { page } = await open("desktop");
    await page.emulateMedia({ forcedColors: "active" });
    const [lines, dashes] = (await page.evaluate(`(() => {
      const lines = [...document.querySelectorAll("#r figure:first-of-type polyline.line")].map((e) => getComputedStyle(e));
      return [new Set(lines.map((s) => s.stroke)).size, new Set(lines.map((s) => s.strokeDasharray)).size];
    })()`)) as [number, number];
    expect([lines, dashes]).toEqual([1, 3]);
    await page.close();
  });

  it("shows the figures of the answer, in a table and as a file to download", async () => {
    const { page } = await open("desktop");
    const rows = (await page.evaluate(
      `[...document.querySelectorAll("tr[data-setting]")].map((r) => [...r.cells].map((c) => c.textContent))`,
    )) as string[][];
    expect(rows).toHaveLength(answer.settings.length);
    answer.settings.forEach((s, i) => {
      expect(rows[i]?.[4]).toContain(s.effectiveR.mean.toFixed(2));
      expect(rows[i]?.[5]).toBe(s.verdict);
    });
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("a[download]")]);
    expect(download.suggestedFilename()).toBe("keyfobs.csv");
    const href = (await page.getAttribute("a[download]", "href")) as string;
    const lines = decodeURIComponent(href.slice(href.indexOf(",") + 1))
      .trim()
      .split("\r\n");
    expect(lines).toHaveLength(1 + answer.settings.length + answer.without.length + answer.delays.length);
    expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);
    expect(await page.innerText("footer")).toContain(COMMAND);
    await page.close();
  });

  it("has headings in order, a caption for each table and words for each chart", async () => {
    const { page } = await open("desktop");
    const levels = (await page.evaluate(
      "[...document.querySelectorAll('h1, h2, h3')].map((e) => Number(e.tagName[1]))",
    )) as number[];
    expect(levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const nameless of [
      "table:not(:has(> caption))",
      "section:not([aria-labelledby])",
      "figure svg:not([aria-label])",
    ])
      expect([nameless, await page.locator(nameless).count()]).toEqual([nameless, 0]);
    await page.close();
  });

  it("reaches every link and table by keyboard, and shows where the focus is", async () => {
    const { page } = await open("desktop");
    const wanted = await page.locator("a, [tabindex='0']").count();
    const seen = new Set<number>();
    for (let i = 0; i < wanted + 2; i++) {
      await page.keyboard.press("Tab");
      const [place, outline] = (await page.evaluate(`(() => {
        const e = document.activeElement;
        return [[...document.querySelectorAll("a, [tabindex='0']")].indexOf(e), getComputedStyle(e).outlineStyle];
      })()`)) as [number, string];
      if (place < 0) continue;
      expect(outline).not.toBe("none");
      seen.add(place);
    }
    expect(seen.size).toBe(wanted);
    await page.close();
  });

  it("does not move for those who asked for that, and fits on a few sheets of paper", async () => {
    const { page } = await open("desktop");
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")).toBe("auto");
    expect(await sheetsOf(page)).toBeLessThanOrEqual(7);
    await page.close();
  });
});

/** Words of a chart that reach out of it, or lie on other words of it. */
function writingInTheWay(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll("figure svg")].flatMap((svg) => {
    const own = svg.getBoundingClientRect();
    const words = [...svg.querySelectorAll("text")].map((e) => [e.textContent, e.getBoundingClientRect()]);
    return words.filter(([, a], i) =>
      a.left < own.left - 1 || a.right > own.right + 1 || a.top < own.top - 1 || a.bottom > own.bottom + 1 ||
      words.some(([, b], k) => k < i && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3),
    ).map(([text]) => text);
  })`);
}

/** The lowest contrast (WCAG 2) of a line or mark of a chart against the card behind it. */
function weakestMark(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const light = (text) => text.match(/[\\d.]+/g).map(Number).slice(0, 3)
      .map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const card = light(getComputedStyle(document.querySelector("figure")).backgroundColor);
    const colours = [...document.querySelectorAll("figure .line, figure .limit, figure .axis")].map((e) => getComputedStyle(e).stroke)
      .concat([...document.querySelectorAll("figure .mark")].map((e) => getComputedStyle(e).fill));
    return Math.min(...colours.map((c) => { const a = light(c); return (Math.max(a, card) + 0.05) / (Math.min(a, card) + 0.05); }));
  })()`);
}
