import type { Engine, Sharing } from "./engine";
import type { SetKeys } from "./keySets";
import type { PeerLink } from "./link";
import { REPLICATED, ReplicatedEngine } from "./replicated";
import { ShamirEngine, shamirSharing } from "./shamir";

/** How many servers a study can have: two of three, three of five or four of seven must not collude. */
export const SERVER_COUNTS = [3, 5, 7] as const;

export function sharingFor(servers: number): Sharing {
  return servers === REPLICATED.servers ? REPLICATED : shamirSharing(servers);
}

export function engineFor(link: PeerLink, keys: SetKeys): Engine {
  return link.servers === REPLICATED.servers ? new ReplicatedEngine(link, keys) : new ShamirEngine(link, keys);
}
