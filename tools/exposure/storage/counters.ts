import { Metrics } from "../../daemon/metrics";

/** What the exposure service counts, with its help text. */
const HELP = {
  chirpfob_uploads_accepted_total: "Uploads taken, answers asked again and chaff included",
  chirpfob_uploads_refused_total: "Uploads without a good permission number",
  chirpfob_uploads_malformed_total: "Uploads whose file or headers are not valid",
  chirpfob_uploads_limited_total: "Uploads turned away because of too many refusals or too much load",
  chirpfob_reads_total: "Answers from feeds",
  chirpfob_errors_total: "Requests that failed inside the service",
  chirpfob_chunks_published_total: "Shards published by this instance, in all feeds",
  chirpfob_publications_failed_total: "Publications that failed",
  chirpfob_files_repaired_total: "Published files that were damaged on the disk and written anew",
  chirpfob_clock_refusals_total: "Publications and deletions refused because the clock had jumped",
  chirpfob_chunks_pulled_total: "Shards pulled from other regions by this instance",
  chirpfob_pulls_failed_total: "Pulls from other regions that failed",
} as const;

/** The counters of one service. */
export type Counters = Metrics<keyof typeof HELP>;

export function createCounters(): Counters {
  return new Metrics(HELP);
}
