/** Prints one machine-readable answer, pretty enough to read. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints a message for people; it goes to stderr, so that stdout stays parseable. */
export function note(message: string): void {
  process.stderr.write(`${message}\n`);
}
