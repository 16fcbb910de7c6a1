// People who pass by, as receivers hear them: frames that the scenario puts on the air without a device for each person.

import { encodeChirpFrame, TEST_COMPANY } from "../../../protocol/beacon/pact";
import { SeededRandom } from "../core/random";
import type { Micros } from "../core/scheduler";
import type { RecordedPacket, RecordedTraffic } from "./air";

const CHIRP_EVERY_US = 1_000_000;
const ADV_DELAY_US = 10_000;
const ALL_CHANNELS = 7;
const ADV_NONCONN_IND = 3;

/** Frames of one chirp, about once a second for a while. */
export interface Visit {
  readonly chirp: Buffer;
  readonly fromUs: Micros;
  readonly toUs: Micros;
  /** As it is received; default -50 dBm. */
  readonly rssiDbm?: number;
  /** 0 from a wearer. */
  readonly age?: number;
}

interface Present extends Visit {
  readonly sender: number;
  nextUs: Micros;
}

/** Visitors whom some radios of a world hear; more may come while it runs. */
export class Visitors implements RecordedTraffic {
  readonly receivers: ReadonlySet<number>;
  private readonly random: SeededRandom;
  private present: Present[] = [];
  private count = 0;

  /** @param receivers the radios that hear them */
  constructor(seed: string, receivers: readonly number[]) {
    this.random = new SeededRandom(seed);
    this.receivers = new Set(receivers);
  }

  /** A chirp that nobody sent before. */
  newChirp(): Buffer {
    return Buffer.from(this.random.bytes(28));
  }

  visit(visit: Visit): void {
    this.count++;
    const nextUs = visit.fromUs + Math.floor(this.random.unit() * CHIRP_EVERY_US);
    this.present.push({ ...visit, sender: -this.count, nextUs });
  }

  *between(fromUs: Micros, toUs: Micros): Iterable<RecordedPacket> {
    this.present = this.present.filter((visit) => visit.nextUs < visit.toUs);
    for (const visit of this.present) {
      while (visit.nextUs < Math.min(toUs, visit.toUs)) {
        if (visit.nextUs >= fromUs) yield this.packet(visit);
        visit.nextUs += CHIRP_EVERY_US + Math.floor(this.random.unit() * ADV_DELAY_US);
      }
    }
  }

  private packet({ chirp, age = 0, rssiDbm = -50, nextUs, sender }: Present): RecordedPacket {
    const { advA, advData } = encodeChirpFrame(chirp, 0, age, TEST_COMPANY);
    const pdu = {
      type: ADV_NONCONN_IND,
      isAddressRandom: true,
      address: Uint8Array.from(advA).reverse(),
      data: Uint8Array.from(advData),
    } as const;
    return { event: { startUs: nextUs, pdu, channelMap: ALL_CHANNELS, txPowerDbm: 0 }, rssiDbm, sender };
  }
}
