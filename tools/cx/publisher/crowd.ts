// Decoys. The seeds of one report, one for each day, would show that they belong together if they came, or changed their level,
// alone in a version. So whatever happens to a report's seeds happens to those of eleven others in the same version: invented
// reports, kept like real ones, that match nobody (docs/cx.md, "Decoys").

import type { RandomBytes } from "../../base/randomBytes";
import { currentStanding, LEVEL, nameOfStanding, type Standing } from "./standing";
import type { SeedRecord } from "./store";

/** Fewest reports that a change is shared by: nobody can tell better than one in twelve which seeds belong together. */
export const CROWD = 12;

const GROUP_ID_BYTES = 16;

/** A random name for reports that came, or hide, together. */
export function randomName(random: RandomBytes): string {
  return random(GROUP_ID_BYTES).toString("hex");
}

/** A seed and what it is to be published as. */
export interface Move {
  readonly seed: SeedRecord;
  readonly to: Standing;
}

/**
 * Gives seeds that come for the first time their company, and invents what is missing in it. A seed that came alone needs none:
 * nothing belongs to it. A confirmed diagnosis seldom changes, so those of one version keep each other company; any other report
 * will, and has eleven decoys of its own.
 */
export function welcome(newcomers: readonly Move[], random: RandomBytes): Move[] {
  const alone = newcomers.filter(({ seed }) => seed.groupSize === 1);
  const companies = new Map<string, Move[]>();
  for (const move of newcomers) {
    if (move.seed.groupSize === 1) continue;
    const shared = `${nameOfStanding(move.to)} ${move.to.ageDay}`;
    const name = move.to.level === LEVEL.diagnosed ? shared : move.seed.group;
    companies.set(name, [...(companies.get(name) ?? []), move]);
  }
  const accompanied = [...companies.values()].flatMap((moves) => {
    const company = randomName(random);
    return [...moves, ...decoysFor(moves, random)].map(({ seed, to }) => ({ seed: { ...seed, company }, to }));
  });
  return [...alone, ...accompanied];
}

/**
 * Adds to changes of level or zones the decoys that change with them.
 * @param all every seed
 * @param changes seeds that should look otherwise from now on, decoys that expire among them
 * @returns the moves to publish, and how many seeds must wait because their company is too small to hide them
 */
export function escort(
  all: readonly SeedRecord[],
  changes: readonly Move[],
): { readonly moves: readonly Move[]; readonly held: number } {
  const changing = new Set(changes.map(({ seed }) => seed));
  const decoys = new Map<string, SeedRecord[]>();
  for (const seed of all)
    if (isDecoy(seed) && !changing.has(seed)) {
      const name = placeOf(seed);
      decoys.set(name, [...(decoys.get(name) ?? []), seed]);
    }
  const buckets = new Map<string, Move[]>();
  for (const move of changes) {
    const name = `${placeOf(move.seed)} -> ${nameOfStanding(move.to)}`;
    buckets.set(name, [...(buckets.get(name) ?? []), move]);
  }
  const moves: Move[] = [];
  let held = 0;
  for (const bucket of buckets.values()) {
    const [{ seed, to }] = bucket as [Move];
    const missing = seed.company === "" ? 0 : Math.max(0, CROWD * mostOfOneGroup(bucket) - bucket.length);
    // In order of their groups, so that the same invented reports move for each day.
    const ready = (decoys.get(placeOf(seed)) ?? []).sort((a, b) => (a.group < b.group ? -1 : 1));
    if (ready.length < missing) held += bucket.length;
    else {
      const taken = ready.splice(0, missing);
      moves.push(...bucket, ...taken.map((decoy) => ({ seed: decoy, to })));
      decoys.set(placeOf(seed), ready);
    }
  }
  return { moves, held };
}

/** Whether a seed was invented here. */
export function isDecoy(seed: SeedRecord): boolean {
  return seed.codes.length === 0;
}

/** Where a change of a seed can be seen among its likes: company, type, day, and what it is published as. */
function placeOf(seed: SeedRecord): string {
  return `${seed.company} ${slotOf(seed)} ${nameOfStanding(currentStanding(seed))}`;
}

/** What a reader can tell seeds apart by. */
function slotOf({ generatorType, day }: SeedRecord): string {
  return `${generatorType} ${day}`;
}

/** Invented reports that bring every day of a company up to twelve reports. */
function decoysFor(moves: readonly Move[], random: RandomBytes): Move[] {
  const slots = new Map<string, Move[]>();
  for (const move of moves) slots.set(slotOf(move.seed), [...(slots.get(slotOf(move.seed)) ?? []), move]);
  const reports: Move[][] = [];
  for (const slot of slots.values()) {
    const perReport = mostOfOneGroup(slot);
    const missing = Math.max(0, CROWD * perReport - slot.length);
    for (let i = 0; i < missing; i++) {
      const report = Math.floor(i / perReport);
      const model = slot[i % slot.length] as Move;
      reports[report] = [...(reports[report] ?? []), model];
    }
  }
  return reports.flatMap((models) => {
    const group = randomName(random);
    return models.map(({ seed, to }) => ({
      seed: { ...seed, seed: random(seed.seed.length / 2).toString("hex"), group, groupSize: models.length, codes: [] },
      to,
    }));
  });
}

function mostOfOneGroup(moves: readonly Move[]): number {
  const counts = new Map<string, number>();
  for (const { seed } of moves) counts.set(seed.group, (counts.get(seed.group) ?? 0) + 1);
  return Math.max(...counts.values());
}
