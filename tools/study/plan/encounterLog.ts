// From distances over time to the encounters that both ends log (SafeTrace white paper, section 4.c).

import { z } from "zod";
import { StudyError } from "../base/errors";
import { readJson } from "./descriptor";

const MAX_SEGMENTS = 5_000_000;

const segmentsSchema = z.strictObject({
  segments: z
    .array(
      z.strictObject({
        a: z.string().min(1).max(80),
        b: z.string().min(1).max(80),
        /** Seconds: the distance holds from the first up to, and not at, the second. */
        from: z.number().min(0),
        until: z.number().min(0),
        metres: z.number().min(0),
      }),
    )
    .max(MAX_SEGMENTS),
});

type Segment = z.infer<typeof segmentsSchema>["segments"][number];

/** What one of two ends logs: whom, and when the distance was first undercut. */
interface LoggedEncounter {
  readonly with: string;
  readonly t0: number;
}

/** Each person's log, by id. */
export type EncounterLog = readonly { readonly id: string; readonly encounters: readonly LoggedEncounter[] }[];

/**
 * Encounters of a segments file: each longest span of a pair with a distance of at most `deltaMetres`, if it lasts `tauSeconds` or
 * longer. Any gap ends it.
 * @throws StudyError
 */
export function encounterLog(bytes: Buffer, file: string, deltaMetres: number, tauSeconds: number): EncounterLog {
  const { segments } = readJson(segmentsSchema, bytes, file);
  const pairs = new Map<string, Segment[]>();
  const logs = new Map<string, LoggedEncounter[]>();
  for (const segment of segments) {
    const { a, b, from, until } = segment;
    if (a === b) throw new StudyError(`${file}: "${a}" has a distance to itself`);
    if (until <= from)
      throw new StudyError(`${file}: a segment of "${a}" and "${b}" ends at ${until}, not after ${from}`);
    const name = JSON.stringify([a, b].sort());
    const pair = pairs.get(name) ?? [];
    pair.push(segment);
    pairs.set(name, pair);
    for (const person of [a, b]) if (!logs.has(person)) logs.set(person, []);
  }
  for (const pair of pairs.values())
    for (const t0 of spans(pair, file, deltaMetres, tauSeconds)) {
      const { a, b } = pair[0] as Segment;
      logs.get(a)?.push({ with: b, t0 });
      logs.get(b)?.push({ with: a, t0 });
    }
  return [...logs]
    .map(([id, encounters]) => ({
      id,
      encounters: encounters.sort((x, y) => x.t0 - y.t0 || (x.with < y.with ? -1 : 1)),
    }))
    .sort((x, y) => (x.id < y.id ? -1 : 1));
}

/** Beginnings of a pair's encounters. */
function spans(pair: readonly Segment[], file: string, deltaMetres: number, tauSeconds: number): number[] {
  const sorted = [...pair].sort((x, y) => x.from - y.from);
  const begins: number[] = [];
  let begin: number | undefined;
  let end = Number.NEGATIVE_INFINITY;
  const finish = (): void => {
    if (begin !== undefined && end - begin >= tauSeconds) begins.push(begin);
    begin = undefined;
  };
  for (const { a, b, from, until, metres } of sorted) {
    if (from < end)
      throw new StudyError(
        `${file}: "${a}" and "${b}" have two distances at second ${from}: segments must not overlap`,
      );
    if (from > end || metres > deltaMetres) finish();
    if (metres <= deltaMetres) begin ??= from;
    end = until;
  }
  finish();
  return begins;
}
