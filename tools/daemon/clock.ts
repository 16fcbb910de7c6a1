/** Where the service takes the time from: Unix seconds. Injected, so that tests and simulations choose it. */
export type Clock = () => number;

/** The machine's clock. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000);

/** Seconds since some moment, by a clock that nobody can set. */
export const monotonicSeconds = (): number => performance.now() / 1000;

/** Days since 1970-01-01 UTC: the finest time stored with anything that came from a person. */
export function dayOfSeconds(unixSeconds: number): number {
  return Math.floor(unixSeconds / 86_400);
}
