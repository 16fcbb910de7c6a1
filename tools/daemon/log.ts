// Structured log: one JSON object a line. Nothing about a request is ever logged: no address, no number, no time of an
// upload; only what the service itself did, and failures by their kind.

/** What a log line may carry besides its event. */
export type LogFields = Record<string, string | number | boolean>;

export type Log = (level: "info" | "warn" | "error", event: string, fields?: LogFields) => void;

/** A log that writes to `write`, one line a call. @param now Unix seconds */
export function createLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, fields = {}) =>
    write(`${JSON.stringify({ time: new Date(now() * 1000).toISOString(), level, event, ...fields })}\n`);
}

/** An error's message for the log: ours in full; a library's by its code only, because its text may quote a request. */
export function errorKind(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return code;
  return error.name;
}
