// What keyfobs achieve in a county: many runs of many settings, beside the same runs without keyfobs. docs/model.md, "Keyfobs".

import { CONFERENCE, calibrate } from "./contactPattern";
import { type KeyfobOutcome, KeyfobRun, type KeyfobSetting, type KeyfobWorld } from "./keyfobEpidemic";
import { ModelError } from "./modelError";
import { PUBLICATION } from "./parameters";
import { type Range, rangeOf } from "./summary";
import { type Telling, tellingOf } from "./telling";

/** What is asked: every combination of the lists, each so many times. */
export interface KeyfobQuestion {
  readonly population: number;
  readonly firstCases: number;
  readonly r0: number;
  readonly adoption: readonly number[];
  readonly syncDays: readonly number[];
  readonly repeaters: readonly number[];
  readonly delayDays: readonly number[];
  readonly runs: number;
  readonly seed: number;
  readonly incubation: number;
  readonly infectious: number;
  readonly diagnosed: number;
  readonly isolation: number;
  readonly uploads: number;
  readonly compliance: number;
  readonly quarantine: number;
  readonly quarantineDays: number;
  readonly testDays: number;
  readonly windowDays: number;
  readonly contactsPerDay: number;
  readonly sharedSpace: number;
  /** In place of what radio and score say. */
  readonly told?: number | undefined;
  readonly toldShared: number;
}

/** How infections pass from person to person, and what keyfobs tell of it. */
export interface KeyfobBasis {
  /** Infections an hour together with one infectious person: calibrated to R0 on the lengths of contacts. */
  readonly betaPerHour: number;
  readonly telling: Telling;
  readonly world: KeyfobWorld;
}

type Verdict = "below 1" | "above 1" | "undecided";

export interface SettingResult extends KeyfobSetting {
  /** People whom one case infects at the beginning. */
  readonly effectiveR: Range;
  /** Where its mean lies, with 95 % confidence. */
  readonly verdict: Verdict;
  readonly infections: Range;
  /** Against the same runs without keyfobs. */
  readonly averted: Range;
  readonly avertedShare: Range;
  /** Most infections on one day. */
  readonly peak: Range;
  /** Alerts that keyfobs show. */
  readonly told: Range;
  readonly quarantineDays: Range;
}

export interface KeyfobAnswer {
  readonly basis: KeyfobBasis;
  /** Every combination, delays and repeaters outermost, adoption innermost. */
  readonly settings: readonly SettingResult[];
  /** Without keyfobs, by delay of the diagnosis. */
  readonly without: readonly SettingResult[];
  /** Other delays of the diagnosis at one setting. */
  readonly delays: readonly SettingResult[];
}

/** Runs of all settings, wherever they are computed. @returns outcomes[run][setting] */
export type Runner = (
  world: KeyfobWorld,
  settings: readonly KeyfobSetting[],
  names: readonly string[],
) => Promise<readonly (readonly KeyfobOutcome[])[]>;

/** One run of all settings. */
export function runOnce(world: KeyfobWorld, settings: readonly KeyfobSetting[], name: string): KeyfobOutcome[] {
  const run = new KeyfobRun(world, name);
  return settings.map((setting) => run.follow(setting));
}

const MAX_SETTINGS = 5000;
/** People times runs times settings: some hours of one processor. */
const MAX_WORK = 2e11;
/** Delays of the diagnosis that are told beside the combinations, at one setting. */
const OTHER_DELAYS = [0.5, 1.5, 3, 5];
/** The adoption at which other delays are told is the nearest to this. */
const TYPICAL_ADOPTION = 0.6;

/** What the question is to be answered with. @throws ModelError */
export function basisOf(question: KeyfobQuestion): KeyfobBasis {
  const { contactsPerDay, infectious, r0 } = question;
  const betaPerMinute = calibrate(CONFERENCE, contactsPerDay, r0 / infectious);
  const telling = tellingOf(CONFERENCE, contactsPerDay, betaPerMinute);
  if (question.firstCases >= question.population)
    throw new ModelError(`${question.firstCases} first cases need a larger population than ${question.population}`);
  const world: KeyfobWorld = {
    ...question,
    incubationDays: question.incubation,
    infectiousDays: infectious,
    isPeriodFixed: false,
    told: question.told ?? telling.ofInfecting,
    toldOthersPerDay: telling.perDay,
    toldOthersPerInfectiousDay: telling.perDayUninfected,
    publishHours: PUBLICATION.everyHours.value,
    embargoMinutes: PUBLICATION.embargoMinutes.value,
  };
  return { betaPerHour: betaPerMinute * 60, telling, world };
}

/** Answers the question. @throws ModelError if it is too much to compute */
export async function answerKeyfobs(question: KeyfobQuestion, runner: Runner): Promise<KeyfobAnswer> {
  const basis = basisOf(question);
  const grid = question.delayDays.flatMap((delayDays) =>
    question.repeaters.flatMap((repeaters) =>
      question.syncDays.flatMap((syncDays) =>
        question.adoption.map((adoption): KeyfobSetting => ({ adoption, syncDays, repeaters, delayDays })),
      ),
    ),
  );
  const delays = delaysOf(question);
  const all = [...grid, ...delays];
  const none = [...new Set(all.map(({ delayDays }) => delayDays))].map(
    (delayDays): KeyfobSetting => ({ adoption: 0, syncDays: 1, repeaters: 0, delayDays }),
  );
  const distinct = new Map([...none, ...all].map((setting) => [keyOf(setting), setting]));
  limit(question, distinct.size);
  const names = Array.from({ length: question.runs }, (_, run) => `keyfobs ${question.seed} ${run}`);
  const outcomes = await runner(basis.world, [...distinct.values()], names);
  const places = new Map([...distinct.keys()].map((key, i) => [key, i]));
  const of = (setting: KeyfobSetting): KeyfobOutcome[] =>
    outcomes.map((run) => run[places.get(keyOf(setting)) as number] as KeyfobOutcome);
  const result = (setting: KeyfobSetting): SettingResult =>
    resultOf(setting, of(setting), of({ ...setting, adoption: 0 }));
  return { basis, settings: grid.map(result), without: none.map(result), delays: delays.map(result) };
}

function limit({ population, runs }: KeyfobQuestion, settings: number): void {
  if (settings > MAX_SETTINGS)
    throw new ModelError(`${settings} settings are more than ${MAX_SETTINGS}; give shorter lists`);
  if (population * runs * settings > MAX_WORK)
    throw new ModelError(
      `${runs} runs of ${settings} settings for ${population} people would take days; give fewer runs, settings or people`,
    );
}

/** Where only one delay was asked for, the others for comparison. */
function delaysOf({ adoption, syncDays, repeaters, delayDays }: KeyfobQuestion): KeyfobSetting[] {
  const [own, ...more] = delayDays;
  const [first = 1] = syncDays;
  const typical = [...adoption]
    .filter((share) => share > 0)
    .sort((a, b) => Math.abs(a - TYPICAL_ADOPTION) - Math.abs(b - TYPICAL_ADOPTION))[0];
  if (typical === undefined) return [];
  const shown = own !== undefined && more.length === 0 ? [...new Set([...OTHER_DELAYS, own])] : [...delayDays];
  return shown
    .sort((a, b) => a - b)
    .map((days) => ({ adoption: typical, syncDays: first, repeaters: repeaters[0] ?? 0, delayDays: days }));
}

/** Without keyfobs it does not matter how often they are synced. */
function keyOf({ adoption, syncDays, repeaters, delayDays }: KeyfobSetting): string {
  return adoption === 0 ? `none ${delayDays}` : `${adoption} ${syncDays} ${repeaters} ${delayDays}`;
}

function resultOf(
  setting: KeyfobSetting,
  outcomes: readonly KeyfobOutcome[],
  without: readonly KeyfobOutcome[],
): SettingResult {
  const range = (value: (outcome: KeyfobOutcome) => number): Range => rangeOf(outcomes.map(value));
  const averted = outcomes.map(({ infected }, run) => (without[run] as KeyfobOutcome).infected - infected);
  const effectiveR = reproductionOf(outcomes);
  return {
    ...setting,
    effectiveR,
    verdict: verdictOf(outcomes, effectiveR.mean),
    infections: range(({ infected }) => infected),
    averted: rangeOf(averted),
    avertedShare: rangeOf(averted.map((count, run) => count / (without[run] as KeyfobOutcome).infected)),
    peak: range(({ peak }) => peak),
    told: range(({ told }) => told),
    quarantineDays: range(({ quarantineDays }) => quarantineDays),
  };
}

/** The mean over all early cases of all runs; the interval is that of the runs. */
function reproductionOf(outcomes: readonly KeyfobOutcome[]): Range {
  const cases = outcomes.reduce((sum, { earlyCases }) => sum + earlyCases, 0);
  if (cases === 0) return { mean: 0, low: 0, high: 0 };
  const infections = outcomes.reduce((sum, { earlyInfections }) => sum + earlyInfections, 0);
  const byRun = outcomes.filter(({ earlyCases }) => earlyCases > 0).map((o) => o.earlyInfections / o.earlyCases);
  return rangeOf(byRun, infections / cases);
}

/** 95 % of a normal distribution lie within. */
const CONFIDENCE = 1.96;

/** By the spread of the runs around their common ratio of infections to cases; a single run is taken as Poisson's law has it. */
function verdictOf(outcomes: readonly KeyfobOutcome[], r: number): Verdict {
  const cases = outcomes.reduce((sum, { earlyCases }) => sum + earlyCases, 0);
  if (cases === 0) return "below 1";
  const n = outcomes.length;
  const spread = outcomes.reduce((sum, o) => sum + (o.earlyInfections - r * o.earlyCases) ** 2, 0);
  const variance = n > 1 ? (spread * n) / (n - 1) : r * cases;
  const error = (CONFIDENCE * Math.sqrt(variance)) / cases;
  return r + error < 1 ? "below 1" : r - error > 1 ? "above 1" : "undecided";
}
