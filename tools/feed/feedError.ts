/**
 * What is wrong with a feed, for programs:
 * - `address`: what was given is no address of a service or proxy
 * - `unreachable`: the server or the proxy cannot be reached, or broke off; trying again may help
 * - `untrusted`: what came is not what the region's service publishes, or nobody vouches for it; nothing of it was kept
 * - `otherRegion`: it is the service of another region than the one that was asked for
 * - `damaged`: what is kept here of an earlier time cannot be used
 */
export type FeedFault = "address" | "unreachable" | "untrusted" | "otherRegion" | "damaged";

/** A service's feed cannot be used. The message says what happened and what to do. */
export class FeedError extends Error {
  override readonly name = "FeedError";

  constructor(
    readonly fault: FeedFault,
    message: string,
  ) {
    super(message);
  }
}
