// Zones (CX architecture specification, "Publisher Topology"): whose publications a publisher, or a device of its zone, reads.

import { CxError } from "./der";
import type { PublisherDescriptor } from "./descriptor";

/** Gets a publisher's descriptor, fresh or as it was last valid; undefined if it never was. */
export type Describe = (url: string) => Promise<PublisherDescriptor | undefined>;

/** One publication to read: its zone, whose certificate signs it, and where it is. */
export interface Subscription {
  readonly zone: string;
  readonly publisher: string;
  readonly url: string;
}

/** Bounds on what strangers' descriptors can make us walk. */
const MAX_DESCRIPTORS = 1000;
const MAX_DEPTH = 16;
const AT_ONCE = 4;

/**
 * The upstream set U: a publisher itself and all upstream of it, itself first.
 * @throws CxError "topology" for chains that are longer than any honest one
 */
export async function upstreamSet(url: string, describe: Describe): Promise<string[]> {
  const set = [url];
  for (let next = (await describe(url))?.upstream; next !== undefined && !set.includes(next); ) {
    if (set.length === MAX_DEPTH) throw new CxError("topology", `more than ${MAX_DEPTH} publishers upstream of ${url}`);
    set.push(next);
    next = (await describe(next))?.upstream;
  }
  return set;
}

/**
 * The topology set T: everything downstream of any member of U, these included. Each publisher is asked once, four at a time.
 * @throws CxError "topology" above 1,000 publishers
 */
export async function topologySet(url: string, describe: Describe): Promise<string[]> {
  const seen = new Set(await upstreamSet(url, describe));
  let level = [...seen];
  for (let depth = 0; level.length > 0 && depth <= MAX_DEPTH; depth++) {
    const below: string[] = [];
    for (let i = 0; i < level.length; i += AT_ONCE)
      for (const descriptor of await Promise.all(level.slice(i, i + AT_ONCE).map(describe)))
        for (const next of descriptor?.downstream ?? [])
          if (!seen.has(next)) {
            if (seen.size === MAX_DESCRIPTORS)
              throw new CxError("topology", `more than ${MAX_DESCRIPTORS} publishers around ${url}`);
            seen.add(next);
            below.push(next);
          }
    level = below;
  }
  return [...seen].sort();
}

/**
 * The subscription set: all publications of members of T for zones in U.
 * @param also publishers to look at besides T, such as peers whose publications for our zone T does not reach
 */
export async function subscriptionSet(
  url: string,
  describe: Describe,
  also: readonly string[] = [],
): Promise<Subscription[]> {
  const zones = await upstreamSet(url, describe);
  const publishers = [...new Set([...(await topologySet(url, describe)), ...also])].sort();
  const subscriptions: Subscription[] = [];
  for (const publisher of publishers)
    for (const { zone, url: at } of (await describe(publisher))?.pubs ?? [])
      if (zones.includes(zone)) subscriptions.push({ zone, publisher, url: at });
  return subscriptions;
}
