import type { Micros } from "../core/scheduler";
import type { AdvertisingPdu } from "./pdu";

/** LE Set Scan Parameters, as far as a passive scanner uses them. */
export interface ScanParameters {
  readonly intervalUs: Micros;
  readonly windowUs: Micros;
}

interface ScanPeriod extends ScanParameters {
  readonly fromUs: Micros;
  toUs: Micros;
}

const CHANNELS = 3;
/** How long a finished scan is remembered, because the air is worked out a little later than it happens. */
const MEMORY_US = 1_000_000;
/** Chips hold a bounded list of advertisers that they have reported; the oldest makes room. */
const DUPLICATE_LIST_ENTRIES = 200;

/** When the receiver listened, and to which channel: one channel for each scan interval, in turn (vol 6 part B 4.4.3). */
export class Scanner {
  private periods: ScanPeriod[] = [];
  private reported: Set<string> | undefined;
  isEnabled = false;

  start(nowUs: Micros, parameters: ScanParameters, filterDuplicates: boolean): void {
    this.stop(nowUs);
    this.isEnabled = true;
    this.reported = filterDuplicates ? new Set() : undefined;
    this.periods = this.periods.filter((period) => period.toUs > nowUs - MEMORY_US);
    this.periods.push({ ...parameters, fromUs: nowUs, toUs: Number.POSITIVE_INFINITY });
  }

  stop(nowUs: Micros): void {
    this.isEnabled = false;
    const last = this.periods.at(-1);
    if (last) last.toUs = Math.min(last.toUs, nowUs);
  }

  /** Whether scanning was on at a moment of the last second. */
  wasOn(atUs: Micros): boolean {
    return this.periods.some((period) => atUs >= period.fromUs && atUs < period.toUs);
  }

  /** Whether the receiver listened to channel 37 + `channel` through the whole of a packet in the last second. */
  heard(channel: number, startUs: Micros, endUs: Micros): boolean {
    for (const { fromUs, toUs, intervalUs, windowUs } of this.periods) {
      if (startUs < fromUs || endUs > toUs) continue;
      const turn = Math.floor((startUs - fromUs) / intervalUs);
      const inWindow = endUs - fromUs - turn * intervalUs <= windowUs;
      if (inWindow && turn % CHANNELS === channel) return true;
    }
    return false;
  }

  /** Whether a packet is new to the duplicate filter, or there is none; remembers it. */
  isNew(pdu: AdvertisingPdu): boolean {
    if (!this.reported) return true;
    const key = `${pdu.type}${pdu.isAddressRandom}${pdu.address.join()}`;
    if (this.reported.has(key)) return false;
    if (this.reported.size >= DUPLICATE_LIST_ENTRIES) {
      const [oldest] = this.reported;
      this.reported.delete(oldest as string);
    }
    this.reported.add(key);
    return true;
  }
}
