import { describe, expect, it } from "vitest";
import { DEFAULT_SCORE } from "../../../protocol/match/defaultScore";
import type { HourResult } from "../../keyfob/keyfobWire";
import { exposureHtml } from "../exposureHtml";
import { headline, overallAdvice, summarise, weightsInWords } from "../exposureReport";

const DAY = 20_000;
const hour = (day: number, of: number, direct: number[], shared = 0, reverse = false): HourResult => ({
  hour: day * 24 + of,
  direct,
  shared: [shared, 0, 0, 0],
  reverse,
});

describe("the exposure report", () => {
  it("sums hours up to UTC days and weighs them as protocol.md says", () => {
    const days = summarise(DEFAULT_SCORE, [
      hour(DAY, 23, [4, 2, 0, 9]),
      hour(DAY, 1, [0, 1, 10, 0], 8),
      hour(DAY + 1, 0, [0, 5, 0, 0]),
      hour(DAY - 3, 12, [0, 0, 0, 20], 2),
    ]);
    expect(days.map(({ day, direct, shared, weighted, advice }) => [day, direct, shared, weighted, advice])).toEqual([
      [DAY - 3, [0, 0, 0, 20], 2, 0.5, "none"],
      [DAY, [4, 3, 10, 9], 8, 15.3, "alert"],
      [DAY + 1, [0, 5, 0, 0], 0, 5, "notice"],
    ]);
    expect(days[1]?.date).toBe("2024-10-04");
  });

  it("says what it means in plain words, and nothing medical beyond talking to the health service", () => {
    const words = (...hours: HourResult[]) => headline(summarise(DEFAULT_SCORE, hours));
    expect(words()).toMatch(/No encounter .* no proof/);
    expect(words(hour(DAY, 1, [0, 0, 0, 3]))).toMatch(/counts for little/);
    expect(words(hour(DAY, 1, [0, 6, 0, 0]))).toMatch(/not close or long enough/);
    expect(words(hour(DAY, 1, [20, 0, 0, 0]))).toMatch(/Talk to your health service/);
    expect(weightsInWords(DEFAULT_SCORE)).toMatch(/1\.75 for each minute very close.*From 15 on a day is an alert/);
  });

  it("takes the gravest day for the whole", () => {
    const days = summarise(DEFAULT_SCORE, [hour(DAY, 1, [0, 6, 0, 0]), hour(DAY + 1, 1, [30, 0, 0, 0])]);
    expect(overallAdvice(days)).toBe("alert");
    expect(overallAdvice([])).toBe("none");
  });
});

describe("the page", () => {
  const days = summarise(DEFAULT_SCORE, [hour(DAY, 3, [20, 1, 0, 0], 4, true), hour(DAY + 4, 3, [0, 1, 0, 0])]);
  const page = exposureHtml(days, DEFAULT_SCORE, Date.UTC(2026, 10, 22));

  it("needs neither network nor script", () => {
    expect(page).not.toMatch(/<script|<link|<img|url\(|@import|src=|href=|https?:/);
  });

  it("holds the figures as a table with headings, beside the picture and its description", () => {
    const row = page.split("\n").find((line) => line.includes('scope="row">Fri, 4 Oct 2024'));
    expect([...String(row).matchAll(/<td[^>]*>([^<]*)/g)].map(([, text]) => text)).toEqual([
      "20",
      "1",
      "0",
      "0",
      "4",
      "37",
      "Alert; possible source",
    ]);
    expect(page).toMatch(
      /role="img" aria-label="Counted minutes by day\. Fri, 4 Oct 2024: 37, alert; Tue, 8 Oct 2024: 1, little\."/,
    );
    expect(page.match(/<rect /g)).toHaveLength(2);
    expect(page).toContain("3 days without an encounter");
  });

  it("words a match that asks for sources as a possible source", () => {
    expect(page).toContain("you may have been infected before them");
    expect(page).toContain("Alert; possible source");
  });

  it("says what a result cannot hide and cannot know", () => {
    expect(page).toMatch(/met only one person that day you may guess/);
    expect(page).toMatch(/carries signals from one place to another by radio.*an encounter that was none/);
  });

  it("is whole without any encounter", () => {
    const empty = exposureHtml([], DEFAULT_SCORE, 0);
    expect(empty).toContain("no proof");
    expect(empty).not.toContain("<svg");
    expect(empty).not.toMatch(/undefined|NaN/);
  });
});
