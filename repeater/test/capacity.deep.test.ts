import { describe, expect, it } from "vitest";
import { measureCapacity } from "../../tools/bench/capacity";
import { hearingProbability, measureHearing, STAYS } from "../../tools/bench/hearing";

describe("a repeater's air time", () => {
  it("is enough for 1,000 live chirps at 100 new visitors a minute: no missed minute, and at most 5 % of the visitors lost", async () => {
    const run = await measureCapacity(100, 14, "a thousand");
    expect(run.chirps).toBe(1400);
    expect(run.neverSent / run.chirps).toBeLessThanOrEqual(0.05);
    expect(run.missedMinutes).toBe(0);
    expect(run.mostLive).toBeGreaterThanOrEqual(1000);
    expect(run.fewestBursts).toBeGreaterThanOrEqual(1);
  }, 240_000);

  it.each([10, 100, 500])(
    "makes a visitor hear one of %i live chirps as likely as derived, within 5 points",
    async (live) => {
      const heard = await measureHearing(live, `hearing ${live}`);
      for (const stay of STAYS)
        expect(Math.abs((heard.get(stay) ?? 0) - hearingProbability(live, stay)), `${stay} minutes`).toBeLessThan(0.05);
      if (live <= 100) expect(heard.get(3)).toBeGreaterThanOrEqual(0.9);
    },
    240_000,
  );
});
