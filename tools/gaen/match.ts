// Looks for the phones of diagnosed people in recorded sightings (docs/gaen.md, "Matching").

import { minuteOfSeconds } from "../../protocol/base/time";
import { intervalOfMinute, MAX_TX_POWER, MIN_TX_POWER, openAem, RPI_BYTES } from "../../protocol/beacon/gaen";
import { DEFAULT_SCORE } from "../../protocol/match/defaultScore";
import { infectiousnessOf, keyClassOf, keyClassWeight } from "../../protocol/match/gaenWeight";
import {
  ATTENUATION_CLASSES,
  adviceFor,
  attenuationClass,
  attenuationDb,
  type DayAdvice,
  weightedMinutes,
} from "../../protocol/match/score";
import { KeySchedule } from "./keySchedule";
import type { Scan } from "./scans";
import { ReportType, type Tek } from "./tek";

/** Most intervals between an RPI's own and that of its sighting: two hours, as the specification lets clocks differ. */
export const TOLERANCE_INTERVALS = 12;

const MINUTES_A_DAY = 1440;
/** Major version of the metadata that we know. */
const METADATA_MAJOR = 1;

/** What was heard of one RPI. */
export interface RpiEncounter {
  readonly rpi: Buffer;
  /** The interval that it was made for. */
  readonly interval: number;
  /** First and last minute in which it was heard. */
  readonly firstMinute: number;
  readonly lastMinute: number;
  /** Distinct minutes in which it was heard. */
  readonly minutes: number;
  /** dBm, as the phone states it. */
  readonly txPower: number;
  /** The strongest sighting, dBm. */
  readonly maxRssi: number;
  /** Of that sighting. */
  readonly attenuationDb: number;
  /** 0 (closest) to 3. */
  readonly attenuationClass: number;
}

/** What was heard of one published key. */
export interface TekMatch {
  readonly tek: Tek;
  /** 0 none, 1 standard, 2 high. */
  readonly infectiousness: number;
  /** By report type and infectiousness. */
  readonly weight: number;
  /** Distinct minutes in which any of its RPIs was heard, by attenuation class, closest first. */
  readonly minutesByClass: readonly number[];
  readonly encounters: readonly RpiEncounter[];
}

/** A UTC day with at least one minute. */
export interface MatchedDay {
  /** Days since 1970. */
  readonly day: number;
  readonly minutes: number;
  readonly weightedMinutes: number;
  readonly advice: DayAdvice;
}

/** Why a sighting of a known RPI was not counted. */
export type ScanRefusal = "outsideTolerance" | "metadataVersion" | "txPower";

export interface MatchReport {
  readonly matches: readonly TekMatch[];
  readonly days: readonly MatchedDay[];
  /** Sightings that count. */
  readonly matchedScans: number;
  readonly refusedScans: Readonly<Record<ScanRefusal, number>>;
}

/** A minute near one person. */
interface HeardMinute {
  readonly minute: number;
  readonly attenuationClass: number;
}

/** Matches sightings against keys, each key once: the same matcher whoever recorded them. */
export class ScanMatcher {
  private readonly byRpi = new Map<string, Scan[]>();
  private readonly refused: Record<ScanRefusal, number> = { outsideTolerance: 0, metadataVersion: 0, txPower: 0 };
  private matchedScans = 0;

  constructor(scans: readonly Scan[]) {
    for (const scan of scans) {
      const key = scan.rpi.toString("latin1");
      const same = this.byRpi.get(key);
      if (same === undefined) this.byRpi.set(key, [scan]);
      else same.push(scan);
    }
  }

  match(teks: readonly Tek[]): MatchReport {
    const matches: TekMatch[] = [];
    const days = new Map<number, { minutes: number; weighted: number }>();
    for (const tek of teks) {
      const found = this.matchOne(tek);
      if (found === undefined) continue;
      matches.push(found.match);
      for (const { minute, attenuationClass } of found.heard) {
        const day = Math.floor(minute / MINUTES_A_DAY);
        const { minutes, weighted } = days.get(day) ?? { minutes: 0, weighted: 0 };
        const one = Array.from({ length: ATTENUATION_CLASSES }, (_, i) => (i === attenuationClass ? 1 : 0));
        days.set(day, {
          minutes: minutes + 1,
          weighted: weighted + weightedMinutes(DEFAULT_SCORE, one, 0) * found.match.weight,
        });
      }
    }
    return {
      matches,
      days: [...days]
        .sort(([a], [b]) => a - b)
        .map(([day, { minutes, weighted }]) => ({
          day,
          minutes,
          weightedMinutes: weighted,
          advice: adviceFor(DEFAULT_SCORE, weighted),
        })),
      matchedScans: this.matchedScans,
      refusedScans: { ...this.refused },
    };
  }

  private matchOne(tek: Tek): { match: TekMatch; heard: HeardMinute[] } | undefined {
    const schedule = new KeySchedule(tek.key);
    const { rpis } = schedule.expand(tek.start, tek.period);
    const encounters: RpiEncounter[] = [];
    const closest = new Map<number, number>();
    for (let i = 0; i < tek.period; i++) {
      const rpi = rpis.subarray(i * RPI_BYTES, (i + 1) * RPI_BYTES);
      const scans = this.byRpi.get(rpi.toString("latin1"));
      if (scans === undefined) continue;
      const encounter = this.meet(schedule, tek.start + i, rpi, scans, closest);
      if (encounter !== undefined) encounters.push(encounter);
    }
    if (encounters.length === 0) return undefined;
    const heard = [...closest].map(([minute, attenuation]) => ({ minute, attenuationClass: attenuation }));
    const minutesByClass = Array.from(
      { length: ATTENUATION_CLASSES },
      (_, i) => heard.filter(({ attenuationClass: one }) => one === i).length,
    );
    const infectiousness = infectiousnessOf(tek.onsetDays);
    const weight = keyClassWeight(keyClassOf(tek.reportType, infectiousness));
    return { match: { tek, infectiousness, weight, minutesByClass, encounters }, heard };
  }

  /** Counts the sightings of one RPI, and notes the closest class of each minute in `closest`. */
  private meet(
    schedule: KeySchedule,
    interval: number,
    rpi: Buffer,
    scans: readonly Scan[],
    closest: Map<number, number>,
  ): RpiEncounter | undefined {
    const keystream = schedule.keystreamOf(rpi);
    const minutes = new Set<number>();
    let best: { txPower: number; rssi: number; attenuation: number } | undefined;
    for (const scan of scans) {
      const { majorVersion, txPower } = openAem(scan.aem, keystream);
      const refusal = refusalOfScan(scan, interval, majorVersion, txPower);
      if (refusal !== undefined) {
        this.refused[refusal]++;
        continue;
      }
      this.matchedScans++;
      const minute = minuteOfSeconds(scan.timeS);
      const attenuation = attenuationDb(txPower, scan.rssi);
      const distance = attenuationClass(DEFAULT_SCORE, attenuation);
      minutes.add(minute);
      closest.set(minute, Math.min(distance, closest.get(minute) ?? distance));
      if (best === undefined || attenuation < best.attenuation) best = { txPower, rssi: scan.rssi, attenuation };
    }
    if (best === undefined) return undefined;
    return {
      rpi,
      interval,
      firstMinute: Math.min(...minutes),
      lastMinute: Math.max(...minutes),
      minutes: minutes.size,
      txPower: best.txPower,
      maxRssi: best.rssi,
      attenuationDb: best.attenuation,
      attenuationClass: attenuationClass(DEFAULT_SCORE, best.attenuation),
    };
  }
}

function refusalOfScan(scan: Scan, interval: number, majorVersion: number, txPower: number): ScanRefusal | undefined {
  if (Math.abs(intervalOfScan(scan) - interval) > TOLERANCE_INTERVALS) return "outsideTolerance";
  if (majorVersion !== METADATA_MAJOR) return "metadataVersion";
  return txPower < MIN_TX_POWER || txPower > MAX_TX_POWER ? "txPower" : undefined;
}

function intervalOfScan({ timeS }: Scan): number {
  return intervalOfMinute(minuteOfSeconds(timeS));
}

/**
 * The keys of several exports, read in the order given: each once, as the last file that lists it says, without those that
 * a later file revokes.
 */
export function keysOfExports(exports: readonly { added: readonly Tek[]; revised: readonly Tek[] }[]): Tek[] {
  const keys = new Map<string, Tek>();
  for (const { added, revised } of exports) {
    for (const tek of added) keys.set(tek.key.toString("latin1"), tek);
    for (const tek of revised) if (keys.has(tek.key.toString("latin1"))) keys.set(tek.key.toString("latin1"), tek);
  }
  return [...keys.values()].filter(({ reportType }) => reportType !== ReportType.REVOKED);
}
