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

/** A table: the first and the last column begin at their left edge, the figures between them end at their right one. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => (cells[column] ?? "").length)));
  for (const cells of all)
    printLine(
      cells
        .map((cell, i) =>
          i === 0 || i === head.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    );
}
