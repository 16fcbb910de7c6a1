import { describe, expect, it } from "vitest";
import { CX_VECTORS } from "../../../protocol/test/cxCaseList";
import { scheduleOf } from "../publisher/schedule";

function iso(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}

describe("the worked policy of deltas", () => {
  it.each(CX_VECTORS.schedule)("gives the files and hints of the vector '$name'", (vector) => {
    const schedule = scheduleOf(Date.parse(vector.publishedAt) / 1000, 3000);
    const files = schedule.files.map(({ name, excludesPublishedBefore }) => ({
      url: name,
      excludesPublishedBefore: iso(excludesPublishedBefore),
    }));
    // The vectors list a file twice where two cuts fall together.
    const once = new Map(vector.files.map((file) => [file.url, file]));
    expect(files).toEqual([...once.values()]);
    expect(schedule.updateNames).toEqual([...new Set(vector.updateURLs)]);
    expect(iso(schedule.nextUpdateNotAfter)).toBe(vector.nextUpdateNotAfter);
  });

  it("says when to come back, and never later than it promises something new", () => {
    expect(scheduleOf(1_000_000, 3000).nextUpdateNotBefore).toBe(1_003_000);
    expect(scheduleOf(1_000_000, 9000)).toMatchObject({
      nextUpdateNotBefore: 1_003_600,
      nextUpdateNotAfter: 1_003_600,
    });
  });
});
