// Counters for Prometheus. Their names come from a fixed list, never from a request, they have no labels, and nothing is counted
// by person.

export class Metrics<Name extends string = string> {
  private readonly values = new Map<Name, number>();

  /** @param help what each counter counts; every one exists from the start, at 0 */
  constructor(private readonly help: Readonly<Record<Name, string>>) {}

  add(metric: Name, count = 1): void {
    this.values.set(metric, this.get(metric) + count);
  }

  get(metric: Name): number {
    return this.values.get(metric) ?? 0;
  }

  /** Prometheus text format 0.0.4. */
  toText(): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(this.help) as [Name, string][])
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`, `${name} ${this.get(name)}`);
    return `${lines.join("\n")}\n`;
  }
}
