/** The passing of time, injected so that tests need not wait for it. */
export interface Timer {
  /** Milliseconds since some fixed moment; may stand still until the next `sleep`. */
  millis(): number;
  /** Lets other work run for at least `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
}
