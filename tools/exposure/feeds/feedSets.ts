import type { ReleasedSeed } from "../../../protocol/report/shardFile";
import { PUBLIC_FEED } from "../../feed/feedIndex";
import type { Batch } from "./batch";
import { ALL_TO_ALL_FEED } from "./feedFiles";
import { fillingFor, type RandomSeed } from "./fill";

/**
 * What each feed shall carry of a batch, filled. The filling of a feed for another region goes into our own feeds too:
 * otherwise whoever compares the two would tell filling from genuine seeds, and could link the hours of a single traveller.
 *
 * @param unpublished drops the seeds that the public feed carries already
 * @param federatedFeeds regions that may read the seeds of their visitors, and perhaps "a2a"
 */
export async function feedSets(
  batch: Batch,
  unpublished: <T extends ReleasedSeed>(seeds: T[]) => Promise<T[]>,
  federatedFeeds: readonly string[],
  random: RandomSeed,
): Promise<Map<string, ReleasedSeed[]>> {
  const fresh = await unpublished(batch.local);
  const local: ReleasedSeed[] = fresh.slice();
  const sets = new Map<string, ReleasedSeed[]>();
  for (const feed of federatedFeeds) {
    if (feed === ALL_TO_ALL_FEED) continue;
    const visitors: ReleasedSeed[] = fresh.filter(({ regions }) => regions.includes(feed));
    const filling = fillingFor(visitors, random);
    local.push(...filling);
    sets.set(feed, visitors.concat(filling));
  }
  if (federatedFeeds.includes(ALL_TO_ALL_FEED)) {
    local.push(...fillingFor(local, random));
    sets.set(ALL_TO_ALL_FEED, local);
  }
  const all = local.concat(await unpublished(batch.remote));
  return sets.set(PUBLIC_FEED, all.concat(fillingFor(all, random)));
}
