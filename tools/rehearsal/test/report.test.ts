import { describe, expect, it } from "vitest";
import { renderReport } from "../report/report";
import { SCENARIO_NAMES } from "../scenarios/builtIn";
import { resultOf } from "./ideal";

describe("the report", () => {
  it.each(SCENARIO_NAMES)("of %s names nothing outside of itself", (name) => {
    const page = renderReport(resultOf(name));
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|https?:/i);
    expect(page).toContain("default-src 'none'");
  });

  it("shows names as text, whatever a contact list calls people", () => {
    const result = resultOf("town");
    const hostile = `<script>alert("1")</script>`;
    const people = result.people.map((person) => (person.id === "ben" ? { ...person, name: hostile } : person));
    const page = renderReport({ ...result, people, scene: { ...result.scene, title: hostile } });
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
  });

  it("says what was withheld, and why it is missing in an answer", () => {
    const page = renderReport(resultOf("town"));
    expect(page).toContain("1 hour withheld: 08:00 to 09:00");
    expect(page).toContain("20 minutes in an hour that Ada left out of the upload");
  });

  it("is the same for the same result", () => {
    expect(renderReport(resultOf("ward"))).toBe(renderReport(resultOf("ward")));
  });
});
