/** Prints one machine-readable answer, pretty enough to read. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints one line of a command's answer. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a message for people; it goes to stderr, so that stdout stays parseable. */
export function note(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Prints named facts for people, one a line; nested values as compact JSON. */
export function printFacts(facts: Record<string, unknown>): void {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  for (const [name, value] of Object.entries(facts)) {
    const text = typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "-");
    process.stdout.write(`${name.padEnd(width)}  ${text}\n`);
  }
}

/** A number with its noun: "1 shard", "3 shards". */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
