import { pause } from "./timers";

export interface RetryOptions {
  /**
   * Milliseconds before the next attempt: the same each time, one for each attempt but the last, or what the failure asks for
   * (undefined: no further attempt).
   */
  readonly pauseMs: number | readonly number[] | ((attempt: number, error: unknown) => number | undefined);
  /** No attempt begins later than this after the first. */
  readonly limitMs?: number;
  /** At most so many attempts. */
  readonly attempts?: number;
  /** Whether an error is worth another attempt; without it none is, and only `undefined` is tried again. */
  readonly mayPass?: (error: unknown) => boolean;
  /** Told before each pause. */
  readonly onRetry?: (attempt: number, pauseMs: number, error: unknown) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tries until there is an outcome.
 *
 * @param attempt gets the number of the attempt, from 1; `undefined` means: not yet
 * @returns the outcome, or undefined if there was none in the time or the attempts given
 * @throws the attempt's error if it is not worth another attempt, or was the last; the signal's reason
 */
export async function retry<T>(
  attempt: (attempt: number) => Promise<T | undefined>,
  options: RetryOptions,
): Promise<T | undefined> {
  const { pauseMs, limitMs = Number.POSITIVE_INFINITY, attempts = Number.POSITIVE_INFINITY, signal } = options;
  const startedAt = performance.now();
  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    let error: unknown;
    try {
      const outcome = await attempt(number);
      if (outcome !== undefined) return outcome;
    } catch (caught) {
      signal?.throwIfAborted();
      if (!options.mayPass?.(caught)) throw caught;
      error = caught;
    }
    const waitMs =
      typeof pauseMs === "number"
        ? pauseMs
        : typeof pauseMs === "function"
          ? pauseMs(number, error)
          : pauseMs[number - 1];
    if (waitMs === undefined || number >= attempts || performance.now() - startedAt + waitMs > limitMs) {
      if (error !== undefined) throw error;
      return undefined;
    }
    options.onRetry?.(number, waitMs, error);
    await pause(waitMs, signal);
  }
}
