import { describe, expect, it } from "vitest";
import { criticalAdoption, tracedReproduction } from "../tracing";

describe("tracing at once, again and again, among those who use it", () => {
  const quarter = { beta: 1, gamma: 0.25, delta: 0.25 };

  it.each([
    [0, 2],
    [0.8, 1.2172],
  ])("has at adoption %d the published reproduction number %d", (adoption, r) => {
    expect(tracedReproduction(quarter, adoption)).toBeCloseTo(r, 4);
  });

  it.each([
    [quarter, 0.866025],
    [{ beta: 6 / 7, gamma: 1 / 7, delta: 1 / 7 }, 0.942809],
    [{ beta: 0.8, gamma: 1 / 7, delta: 1 / 3 }, 0.76969],
  ])("ends the epidemic of %o from the published adoption %d on", (model, adoption) => {
    expect(criticalAdoption(model)).toBeCloseTo(adoption, 6);
    expect(tracedReproduction(model, criticalAdoption(model))).toBeCloseTo(1, 9);
  });

  it("needs nobody where the epidemic ends by itself, and answers at the edges", () => {
    expect(criticalAdoption({ beta: 0.4, gamma: 0.25, delta: 0.25 })).toBe(0);
    expect(tracedReproduction(quarter, 1)).toBe(0);
    expect(tracedReproduction({ ...quarter, beta: 0 }, 0.5)).toBe(0);
    expect(tracedReproduction({ ...quarter, gamma: 0 }, 0)).toBe(4);
  });
});
