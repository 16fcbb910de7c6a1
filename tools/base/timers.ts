// Waiting, in the one way in which the tools wait.

/**
 * Waits.
 *
 * @param signal ends the waiting with its reason
 */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Waits for `call` to call back, but not for ever.
 *
 * @param start gets the function to be called with the outcome, and the one that makes it fail; returns what takes it back
 * @returns the outcome, or undefined after `ms`
 */
export async function within<T>(
  ms: number,
  start: (done: (outcome: T | undefined) => void, fail: (error: unknown) => void) => () => void,
): Promise<T | undefined> {
  let takeBack: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T | undefined>((resolve, reject) => {
      timer = setTimeout(() => resolve(undefined), ms);
      takeBack = start(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    takeBack();
  }
}

/** Something that runs again and again. */
export interface Repetition {
  /** Lets the run under way finish, and starts no other. */
  stop(): Promise<void>;
}

/**
 * Runs `work` again and again with `pauseMs` in between. What it throws goes to `failed` and ends nothing; what it throws
 * after it was told to stop is nobody's business any more.
 */
export function repeat(
  pauseMs: () => number,
  work: () => Promise<unknown>,
  failed: (error: unknown) => void,
): Repetition {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  const next = () => {
    timer = setTimeout(() => {
      running = work()
        .catch((error) => {
          if (!isStopped) failed(error);
        })
        .then(() => {
          if (!isStopped) next();
        });
    }, pauseMs());
  };
  next();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
