// A publisher's publications, as sets of seeds: one for devices, put together from its own reports and those of others, and one
// for each zone that it serves, of its own reports only (CX architecture specification, "Publisher Catalogue").

import { createHash } from "node:crypto";
import type { PublishedSeed } from "../publication";
import { LEVEL } from "./standing";
import type { RemotePublication, RemoteSeed, SeedRecord, ShownSeed } from "./store";

/** A seed in a publication, and since which version it stands there at that level. */
export interface Entry extends PublishedSeed {
  readonly since: number;
}

/** Seconds for which a delta may have to say that a seed of others is gone: its oldest cut is the start of the day. */
const REMEMBER_GONE_SECONDS = 2 * 86_400;

/** Where a zone's publication lies; the same for as long as the zone has its URL. */
export function zoneFolder(zone: string): string {
  return `zone/${createHash("sha256").update(zone).digest("hex").slice(0, 16)}`;
}

/** What a publisher's own reports say to one zone. */
export function zoneEntries(seeds: readonly SeedRecord[], zone: string): Entry[] {
  return entriesIn(seeds, [zone]);
}

/** What a publisher shows devices: its own reports for the zones upstream, and what others say of other seeds. */
export function deviceEntries(
  seeds: readonly SeedRecord[],
  upstream: readonly string[],
  shown: readonly ShownSeed[],
): Entry[] {
  const own = entriesIn(seeds, upstream);
  const known = new Set(own.map(({ generatorType, seed }) => `${generatorType}:${seed.toString("hex")}`));
  const others = shown.filter(({ generatorType, seed }) => !known.has(`${generatorType}:${seed}`));
  return [...own, ...others.map((seed) => ({ ...publishedSeed(seed, seed.level), since: seed.since }))];
}

/**
 * What others' publications say of their seeds now. Of two answers about one seed the higher level counts; a seed that is no
 * longer there has expired.
 */
export function showSeeds(
  remote: readonly RemotePublication[],
  before: readonly ShownSeed[],
  publishedAt: number,
): ShownSeed[] {
  const now = new Map<string, RemoteSeed>();
  for (const seed of remote.flatMap(({ seeds }) => seeds)) {
    const name = `${seed.generatorType}:${seed.seed}`;
    const other = now.get(name);
    if (other === undefined || seed.level > other.level) now.set(name, seed);
  }
  const known = new Map(before.map((seed) => [`${seed.generatorType}:${seed.seed}`, seed]));
  const present = [...now].map(([name, seed]) => {
    const previous = known.get(name);
    return { ...seed, since: previous?.level === seed.level ? previous.since : publishedAt };
  });
  const gone = [...known].flatMap(([name, seed]) => {
    if (now.has(name)) return [];
    const expired = seed.level === LEVEL.expired ? seed : { ...seed, level: LEVEL.expired, since: publishedAt };
    return expired.since + REMEMBER_GONE_SECONDS < publishedAt ? [] : [expired];
  });
  return [...present, ...gone];
}

/** The seeds of a full publication, or of a delta: those whose level is not older than the cut. */
export function seedsSince(entries: readonly Entry[], excludesPublishedBefore: number | undefined): PublishedSeed[] {
  return entries.filter(({ alertLevel, since }) =>
    excludesPublishedBefore === undefined ? alertLevel !== LEVEL.expired : since >= excludesPublishedBefore,
  );
}

function entriesIn(seeds: readonly SeedRecord[], zones: readonly string[]): Entry[] {
  return seeds.flatMap((seed) => {
    const members = seed.zones.filter(({ zone }) => zones.includes(zone));
    if (seed.level === null || members.length === 0) return [];
    const level = members.every(({ isGone }) => isGone) ? LEVEL.expired : seed.level;
    return { ...publishedSeed(seed, level), since: Math.max(seed.since, ...members.map(({ since }) => since)) };
  });
}

function publishedSeed(
  { generatorType, seed, iterations, day }: Omit<RemoteSeed, "level">,
  alertLevel: number,
): PublishedSeed {
  const use = iterations === null || day === null ? undefined : { iterations, day };
  return { generatorType, seed: Buffer.from(seed, "hex"), alertLevel, use };
}
