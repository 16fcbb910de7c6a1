// What a seed is published as: its level and its zones. The code that was issued last decides, whichever report came last, so
// that nobody can bring an old answer back by sending an old report again.

import type { CodeRecord, SeedRecord } from "./store";

/** Alert levels that mean something here. */
export const LEVEL = { noAlert: 0, expired: 2, symptomatic: 4, diagnosed: 5 } as const;

/** Days after the issue of its code for which a seed is of interest. */
const ACTIVE_DAYS = 21;

/** Days after which everything about a report is deleted. */
export const KEPT_DAYS = 30;

export interface Standing {
  readonly level: number;
  /** Sorted. */
  readonly zones: readonly string[];
  readonly ageDay: number;
}

/** What a seed should be published as today; undefined for one that was never shown and has no codes that are still known. */
export function standingOf(
  seed: SeedRecord,
  codes: ReadonlyMap<string, CodeRecord>,
  today: number,
): Standing | undefined {
  const current = currentStanding(seed);
  // With its company, even if another change still waits: whatever stayed behind alone would stand out.
  if (current && current.level !== LEVEL.expired && hasExpired(current, today))
    return { ...current, level: LEVEL.expired };
  const own = seed.codes.flatMap((hash) => codes.get(hash) ?? []);
  const newest = own.reduce<CodeRecord | undefined>((a, b) => (a && a.serial > b.serial ? a : b), undefined);
  if (newest === undefined) return current;
  const decided = { level: newest.level, zones: [...newest.zones].sort(), ageDay: newest.day };
  if (hasExpired(decided, today)) return { ...(current ?? decided), level: LEVEL.expired };
  return current && looksLike(decided, current) ? current : decided;
}

function hasExpired({ ageDay }: Standing, today: number): boolean {
  return today > ageDay + ACTIVE_DAYS;
}

/** What a seed is published as; undefined before its first version. */
export function currentStanding(seed: SeedRecord): Standing | undefined {
  if (seed.level === null) return undefined;
  const zones = seed.zones.flatMap(({ zone, isGone }) => (isGone ? [] : zone)).sort();
  return { level: seed.level, zones, ageDay: seed.ageDay };
}

/** Whether readers of a publication see the same; the age is for us alone. */
export function looksLike(a: Standing | undefined, b: Standing | undefined): boolean {
  return nameOfStanding(a) === nameOfStanding(b);
}

/** Equal for standings that look alike. */
export function nameOfStanding(standing: Standing | undefined): string {
  return standing === undefined ? "" : [standing.level, ...standing.zones].join(" ");
}

/** A seed's record once the version of `publishedAt` shows it as `standing`. */
export function published(seed: SeedRecord, standing: Standing, publishedAt: number): SeedRecord {
  const { level, ageDay } = standing;
  const gone = seed.zones.map((member) =>
    member.isGone || standing.zones.includes(member.zone) ? member : { ...member, since: publishedAt, isGone: true },
  );
  const zones = standing.zones.reduce((members, zone) => {
    const member = members.find((candidate) => candidate.zone === zone);
    if (member !== undefined && !member.isGone) return members;
    return [...members.filter((candidate) => candidate !== member), { zone, since: publishedAt, isGone: false }];
  }, gone);
  return { ...seed, level, ageDay, zones, since: level === seed.level ? seed.since : publishedAt };
}
