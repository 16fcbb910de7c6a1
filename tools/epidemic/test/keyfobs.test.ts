import { describe, expect, it } from "vitest";
import { CONFERENCE, calibrate, infectionsByMeeting } from "../contactPattern";
import { KeyfobRun, type KeyfobSetting, type KeyfobWorld } from "../keyfobEpidemic";
import { answerKeyfobs, type KeyfobQuestion, type Runner, runOnce } from "../keyfobStudy";
import { CONTACTS, DISEASE, RESPONSE } from "../parameters";
import { rangeOf } from "../summary";
import { tellingOf } from "../telling";
import { avoidedBySyncing, avoidedByTelling } from "../tellingDelay";

const SEED = "keyfobs 1";

/** Everybody is diagnosed at the end of a fixed time; those told have no contacts at all. */
const PLAIN: KeyfobWorld = {
  population: 200_000,
  firstCases: 350,
  r0: 1.1,
  incubationDays: 4.6,
  infectiousDays: 1.9,
  isPeriodFixed: true,
  diagnosed: 1,
  isolation: 0,
  uploads: 0.9,
  compliance: 0.9,
  quarantine: 0,
  quarantineDays: 30,
  testDays: 0,
  windowDays: 7,
  sharedSpace: 0.3,
  told: 0.8,
  toldShared: 0.8,
  toldOthersPerDay: 0,
  toldOthersPerInfectiousDay: 0,
  publishHours: 0,
  embargoMinutes: 0,
};
const SETTING: KeyfobSetting = { adoption: 1, syncDays: 1, repeaters: 0.5, delayDays: 1.9 };

/** R over all runs of a world in which every epidemic ends soon. */
function reproduction(world: KeyfobWorld, setting: KeyfobSetting, runs = 6): { r: number; error: number } {
  let [cases, infections] = [0, 0];
  for (let i = 0; i < runs; i++) {
    const outcome = new KeyfobRun(world, `${SEED} ${i}`).follow(setting);
    cases += outcome.earlyCases;
    infections += outcome.earlyInfections;
  }
  const r = infections / cases;
  // Of one case the variance is at most that of Poisson's law with a rate that is one of two.
  return { r, error: Math.sqrt((r + world.r0 * world.r0) / cases) };
}

describe("being told later", () => {
  it.each([
    [4.6, 1.9, [0.938, 0.88, 0.808, 0.657, 0.528, 0.342, 0.222, 0.048], [0.878, 0.733, 0.516, 0.315]],
    [3, 3, [0.868, 0.799, 0.719, 0.551, 0.4, 0.205, 0.105, 0.01], [0.797, 0.635, 0.398, 0.219]],
    [2, 7, [0.7066, 0.653, 0.596, 0.482, 0.372, 0.191, 0.077, 0.002], [0.652, 0.539, 0.347, 0.184]],
  ])(
    "leaves of tracing exactly what two generations allow, latency %d and infectious %d days",
    (latentDays, infectiousDays, told, synced) => {
      const disease = { latentDays, infectiousDays };
      const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 2.9));
      expect([0, 0.5, 1, 2, 3, 5, 7, 14].map((d) => avoidedByTelling(disease, d))).toEqual(close(told));
      expect([1, 3, 7, 14].map((days) => avoidedBySyncing(disease, days))).toEqual(close(synced));
    },
  );
});

describe(`an epidemic with keyfobs (seed "${SEED}")`, () => {
  it.each([1, 3, 7])("synced every %i days has the R that the exact delay gives, if all wear one", (syncDays) => {
    const avoided = avoidedBySyncing({ latentDays: 4.6, infectiousDays: 1.9 }, syncDays);
    const { uploads, compliance, told, sharedSpace, r0 } = PLAIN;
    const found = told * (1 - sharedSpace + sharedSpace * SETTING.repeaters);
    const exact = r0 * (1 - uploads * found * compliance * avoided);
    expect(exact).toBeLessThan(1);
    const { r, error } = reproduction(PLAIN, { ...SETTING, syncDays });
    expect(Math.abs(r - exact), `${r} for ${exact}`).toBeLessThan(4.5 * error);
  });

  it("has the R of two kinds of people, if some wear one", () => {
    const world = { ...PLAIN, r0: 0.95 };
    const a = 0.6;
    const avoided = avoidedBySyncing({ latentDays: 4.6, infectiousDays: 1.9 }, 1);
    const cut =
      world.uploads * world.told * world.compliance * avoided * (1 - world.sharedSpace + world.sharedSpace * 0.5);
    const exact = twoTypes(world.r0, a, cut);
    const { r, error } = reproduction(world, { ...SETTING, adoption: a }, 8);
    expect(Math.abs(r - exact), `${r} for ${exact}`).toBeLessThan(4.5 * error);
  });

  it("without adoption, or without compliance, is the very run that it is without keyfobs", () => {
    const world = worldOf({});
    const none = new KeyfobRun(world, SEED).follow({ adoption: 0, syncDays: 1, repeaters: 0, delayDays: 1.5 });
    const other = new KeyfobRun(world, SEED).follow({ adoption: 0, syncDays: 7, repeaters: 1, delayDays: 1.5 });
    expect(other).toEqual(none);
    const idle = new KeyfobRun(worldOf({ compliance: 0 }), SEED).follow({ ...SETTING, delayDays: 1.5 });
    expect({ ...idle, told: 0 }).toEqual(none);
    expect(idle.told).toBeGreaterThan(100);
  });

  it("has the final size of the mean field, if nobody is diagnosed", () => {
    const outcome = new KeyfobRun(worldOf({ diagnosed: 0 }), SEED).follow({ ...SETTING, adoption: 0 });
    expect(Math.abs(outcome.infected / 20_000 - 0.8795)).toBeLessThan(0.015);
  });

  it("averts with the square of adoption: a slope of 2, give or take 0.3, from 10 to 50 %", async () => {
    const adoption = [0.1, 0.2, 0.3, 0.4, 0.5];
    const { settings } = await answerKeyfobs({ ...QUESTION, population: 20_000, adoption, runs: 6 }, inline);
    const xs = adoption.map(Math.log);
    const ys = settings.map(({ averted }) => Math.log(averted.mean));
    const [mx, my] = [xs, ys].map((values) => values.reduce((sum, v) => sum + v, 0) / values.length) as [
      number,
      number,
    ];
    const slope =
      xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] as number) - my), 0) /
      xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
    expect(Math.abs(slope - 2), `slope ${slope}`).toBeLessThan(0.3);
  });

  it("averts less with rarer syncs and later diagnosis, and more with repeaters where much happens at shared places", async () => {
    const question = { ...QUESTION, adoption: [0.9], syncDays: [1, 7], repeaters: [0, 1], sharedSpace: 0.4, runs: 6 };
    const { settings } = await answerKeyfobs(question, inline);
    const of = (syncDays: number, repeaters: number) =>
      settings.find((s) => s.syncDays === syncDays && s.repeaters === repeaters)?.averted.mean as number;
    expect(of(1, 0)).toBeGreaterThan(of(7, 0));
    expect(of(1, 1)).toBeGreaterThan(of(1, 0) * 1.2);
  });
});

describe("a study of keyfobs", () => {
  it("answers every combination once, beside no keyfobs, and other delays at one setting", async () => {
    const question = { ...QUESTION, adoption: [0, 0.5, 1], syncDays: [1, 3], repeaters: [0, 0.5] };
    const { settings, without, delays } = await answerKeyfobs(question, inline);
    expect(settings).toHaveLength(12);
    expect(delays.map(({ delayDays }) => delayDays)).toEqual([0.5, 1.5, 3, 5]);
    expect(without.map(({ delayDays }) => delayDays)).toEqual([1.5, 0.5, 3, 5]);
    for (const s of settings.filter(({ adoption }) => adoption === 0)) {
      expect(s.averted).toEqual({ mean: 0, low: 0, high: 0 });
      expect(s.effectiveR).toEqual(without[0]?.effectiveR);
    }
  });

  it("says whether R is above or below 1, and where it cannot tell", async () => {
    const verdict = async (r0: number): Promise<string | undefined> =>
      (await answerKeyfobs({ ...QUESTION, r0, adoption: [0] }, inline)).settings[0]?.verdict;
    expect(await verdict(2.4)).toBe("above 1");
    expect(await verdict(0.8)).toBe("below 1");
    expect(await verdict(1.315)).toBe("undecided");
  });

  it("refuses what would take days, and infections that no number of contacts gives", async () => {
    await expect(answerKeyfobs({ ...QUESTION, population: 1e7, runs: 1e5 }, inline)).rejects.toThrow("would take days");
    await expect(answerKeyfobs({ ...QUESTION, r0: 50 }, inline)).rejects.toThrow("more than 20 contacts a day");
    await expect(answerKeyfobs({ ...QUESTION, firstCases: 3000 }, inline)).rejects.toThrow("larger population");
  });
});

describe("what keyfobs tell of", () => {
  it("is calibrated so that R0 comes out of the contacts", () => {
    const beta = calibrate(CONFERENCE, 20, 2.4 / 1.9);
    expect(20 * 1.9 * infectionsByMeeting(CONFERENCE, beta)).toBeCloseTo(2.4, 10);
    expect(CONFERENCE.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it("is no contact below the score's limit, and every long one", () => {
    const telling = tellingOf(CONFERENCE, 20, 0.0155);
    const told = telling.lengths.map((length) => length.told);
    expect(told.slice(0, 3)).toEqual([0, 0, 0]);
    expect(Math.min(...told.slice(4))).toBeGreaterThan(0.99);
    expect(telling.ofInfecting).toBeGreaterThan(0.7);
    expect(telling.ofInfecting).toBeLessThan(0.85);
    expect(telling.perDayUninfected).toBeLessThan(telling.perDay);
  });

  it("and what runs say is given with what nine in ten lie between", () => {
    const { mean, low, high } = rangeOf(Array.from({ length: 101 }, (_, i) => 100 - i));
    expect([mean, low, high]).toEqual([50, 5, 95]);
    expect(rangeOf([3])).toEqual({ mean: 3, low: 3, high: 3 });
  });
});

const QUESTION: KeyfobQuestion = {
  ...(Object.fromEntries(
    Object.entries({ ...DISEASE, ...RESPONSE, ...CONTACTS }).map(([name, { value }]) => [name, value]),
  ) as Record<keyof typeof DISEASE | keyof typeof CONTACTS | Exclude<keyof typeof RESPONSE, "delayDays">, number>),
  population: 3000,
  firstCases: 30,
  adoption: [0, 1],
  syncDays: [1],
  repeaters: [0],
  delayDays: [1.5],
  runs: 4,
  seed: 1,
};

const inline: Runner = async (world, settings, names) => names.map((name) => runOnce(world, settings, name));

function worldOf(more: Partial<KeyfobWorld>): KeyfobWorld {
  return { ...PLAIN, population: 20_000, firstCases: 40, r0: 2.4, isPeriodFixed: false, diagnosed: 0.8, ...more };
}

/** R over all cases but the first: a case can be told if it and its infector wear one; then it infects less by `cut`. */
function twoTypes(r0: number, a: number, cut: number): number {
  // Expected numbers of cases over all generations after the first cases, by whether they wear one and whether their infector does.
  // The first cases infect r0 each, nobody told before: of their children a share a wears one, and a share a has an infector who does.
  let generation = { ww: a * a, wn: a * (1 - a), nw: (1 - a) * a, nn: (1 - a) * (1 - a) };
  let [cases, infections] = [0, 0];
  for (let i = 0; i < 2000; i++) {
    const { ww, wn, nw, nn } = generation;
    const fromWearers = r0 * ((1 - cut) * ww + wn);
    const fromOthers = r0 * (nw + nn);
    cases += ww + wn + nw + nn;
    infections += fromWearers + fromOthers;
    generation = { ww: fromWearers * a, wn: fromOthers * a, nw: fromWearers * (1 - a), nn: fromOthers * (1 - a) };
  }
  return infections / cases;
}
