// Counters for Prometheus. Labels come from fixed lists, never from a request, and nothing is counted by person.

/** What is counted, with its help text; every metric exists from the start, at 0. */
const METRICS = {
  chirpfob_uploads_accepted_total: "Uploads taken, answers asked again and chaff included",
  chirpfob_uploads_refused_total: "Uploads without a good permission number",
  chirpfob_uploads_malformed_total: "Uploads whose file or headers are not valid",
  chirpfob_uploads_limited_total: "Uploads turned away because of too many refusals or too much load",
  chirpfob_reads_total: "Answers from feeds",
  chirpfob_errors_total: "Requests that failed inside the service",
  chirpfob_chunks_published_total: "Shards published by this instance, in all feeds",
  chirpfob_publications_failed_total: "Publications that failed",
  chirpfob_chunks_pulled_total: "Shards pulled from other regions by this instance",
  chirpfob_pulls_failed_total: "Pulls from other regions that failed",
} as const;

/** The name of a counter. */
export type Metric = keyof typeof METRICS;

export class Metrics {
  private readonly values = new Map<Metric, number>();

  add(metric: Metric, count = 1): void {
    this.values.set(metric, this.get(metric) + count);
  }

  get(metric: Metric): number {
    return this.values.get(metric) ?? 0;
  }

  /** Prometheus text format 0.0.4. */
  toText(): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(METRICS))
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`, `${name} ${this.get(name as Metric)}`);
    return `${lines.join("\n")}\n`;
  }
}
