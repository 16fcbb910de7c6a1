// From TEKs to the identifiers that a keyfob compares with its log: the expansion of Exposure Notification sources in beacon
// reports (docs/protocol.md, "Beacon report").

import { FormatError } from "../../protocol/base/formatError";
import { MAX_U32 } from "../../protocol/base/time";
import { MAX_ROLLING_PERIOD, RPI_BYTES, TEK_BYTES } from "../../protocol/beacon/gaen";
import { infectiousnessOf, keyClassOf } from "../../protocol/match/gaenWeight";
import type { BeaconExpansion, IntervalEntries, IntervalRun } from "../../protocol/report/beaconReportFile";
import {
  decodeGaenSource,
  encodeGaenSource,
  GAEN_ENTRY_BYTES,
  GAEN_LAYOUT,
  GAEN_SOURCE_BYTES,
  type GaenSource,
} from "../../protocol/report/gaenReport";
import { KeySchedule, rpiPlaintexts } from "./keySchedule";
import type { Tek } from "./tek";

/** Identifiers are made a day at a time: a key needs two calls of OpenSSL more at most, and memory stays within a day's. */
const WINDOW_INTERVALS = MAX_ROLLING_PERIOD;
/** The byte of the keystream that encrypts the transmit power. */
const TX_POWER_AT = 1;

export const gaenExpansion: BeaconExpansion = {
  layout: GAEN_LAYOUT,

  count(sources) {
    const changes = readSources(sources).flatMap(({ start, period }) => [
      { interval: start, by: 1 },
      { interval: start + period, by: -1 },
    ]);
    changes.sort((a, b) => a.interval - b.interval);
    const runs: IntervalRun[] = [];
    let entries = 0;
    for (const [i, { interval, by }] of changes.entries()) {
      entries += by;
      const next = changes[i + 1]?.interval ?? interval;
      if (next > interval && entries > 0) runs.push({ first: interval, intervals: next - interval, entries });
    }
    return runs;
  },

  *expand(sources) {
    const windows = new Map<number, GaenSource[]>();
    for (const source of readSources(sources)) {
      const last = windowOf(source.start + source.period - 1);
      for (let window = windowOf(source.start); window <= last; window++) {
        const inWindow = windows.get(window);
        if (inWindow === undefined) windows.set(window, [source]);
        else inWindow.push(source);
      }
    }
    for (const window of [...windows.keys()].sort((a, b) => a - b))
      yield* expandWindow(window, windows.get(window) ?? []);
  },
};

/**
 * The sources of a beacon report: each key once, sorted by its bytes, with the class by which it weighs.
 *
 * @param teks without revoked ones
 */
export function gaenSources(teks: readonly Tek[]): Buffer {
  const unique = new Map(teks.map((tek) => [tek.key.toString("latin1"), tek]));
  const sorted = [...unique.values()].sort((a, b) => a.key.compare(b.key));
  return Buffer.concat(
    sorted.map(({ key, start, period, reportType, onsetDays }) =>
      encodeGaenSource({ tek: key, start, period, keyClass: keyClassOf(reportType, infectiousnessOf(onsetDays)) }),
    ),
  );
}

/** One key may stand in the table once only: two spans of it would make the same identifiers twice. */
function readSources(sources: Buffer): GaenSource[] {
  const read: GaenSource[] = [];
  for (let at = 0; at < sources.length; at += GAEN_SOURCE_BYTES) {
    if (
      at > 0 &&
      sources.compare(sources, at - GAEN_SOURCE_BYTES, at - GAEN_SOURCE_BYTES + TEK_BYTES, at, at + TEK_BYTES) === 0
    )
      throw new FormatError("source.tek", at, "stands there twice");
    read.push(decodeGaenSource(sources, at));
  }
  return read;
}

function* expandWindow(window: number, sources: readonly GaenSource[]): Generator<IntervalEntries> {
  const from = window * WINDOW_INTERVALS;
  const spans = sources.map(({ start, period }) => ({
    first: Math.max(start, from),
    end: Math.min(start + period, from + WINDOW_INTERVALS),
  }));
  const counts = new Uint32Array(WINDOW_INTERVALS);
  for (const { first, end } of spans) for (let interval = first; interval < end; interval++) counts[interval - from]++;
  const entries = Array.from(counts, (count) => Buffer.alloc(count * GAEN_ENTRY_BYTES));
  const filled = new Uint32Array(WINDOW_INTERVALS);
  const plaintexts = rpiPlaintexts(from, Math.min(WINDOW_INTERVALS, MAX_U32 - from + 1));
  for (const [i, { tek, keyClass }] of sources.entries()) {
    const { first, end } = spans[i] as { first: number; end: number };
    const { rpis, keystreams } = new KeySchedule(tek).encrypt(
      plaintexts.subarray((first - from) * RPI_BYTES, (end - from) * RPI_BYTES),
    );
    for (let interval = first; interval < end; interval++) {
      const place = interval - from;
      const at = (filled[place]++ as number) * GAEN_ENTRY_BYTES;
      const rpiAt = (interval - first) * RPI_BYTES;
      const of = entries[place] as Buffer;
      for (let k = 0; k < RPI_BYTES; k++) of[at + k] = rpis[rpiAt + k] as number;
      of[at + RPI_BYTES] = keystreams[rpiAt + TX_POWER_AT] as number;
      of[at + RPI_BYTES + 1] = keyClass;
    }
  }
  for (const [place, of] of entries.entries()) if (of.length > 0) yield { interval: from + place, entries: of };
}

function windowOf(interval: number): number {
  return Math.floor(interval / WINDOW_INTERVALS);
}
