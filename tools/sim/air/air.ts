// What is on the air and who receives it. Transmissions are collected and worked out a window at a time, so that devices of
// several threads share one air: chance depends on pair and time only, and the result not on who runs where.

import type { Micros } from "../core/scheduler";
import type { HciController } from "../hci/controller";
import { type AdvertisingEvent, airTimeUs, CHANNEL_SPACING_US, LONGEST_EVENT_US } from "../hci/pdu";
import { mixGaussian, mixUnit } from "./chance";
import { pathLossDb, type RadioProfile } from "./profile";
import type { Proximity } from "./proximity";

const CHANNELS = 3;
const SHADOWING_LASTS_US = 600e6;
const BODY_LOSS_LASTS_US = 60e6;
const CHANCE = { shadowing: 1, body: 2, fading: 3, loss: 4 } as const;

/** An advertising event with the number of the radio that sends it. */
export interface Transmission extends AdvertisingEvent {
  readonly radio: number;
}

/** A transmission as one receiver gets it. */
interface Arrival extends AdvertisingEvent {
  /** Number of the sender; recorded senders have numbers below 0. */
  readonly radio: number;
  /** Mean power over the packets of this event, without fading. */
  readonly meanDbm: number;
  /** Recorded traffic was measured with its fading in it. */
  readonly isRecorded: boolean;
}

interface Receiver {
  readonly radio: number;
  readonly controller: HciController;
  arrivals: Arrival[];
  /** Arrivals of the window before, which may overlap with those of this one. */
  earlier: Arrival[];
}

/** A sender whose packets were recorded where a receiver stood; not a device of the simulation. */
export interface RecordedPacket {
  readonly event: AdvertisingEvent;
  readonly rssiDbm: number;
  /** A negative number for the sender. */
  readonly sender: number;
}

/** Traffic that was recorded and is played to every receiver named in it. */
export interface RecordedTraffic {
  /** The packets of a span, in order. */
  between(fromUs: Micros, toUs: Micros): Iterable<RecordedPacket>;
  readonly receivers: ReadonlySet<number>;
}

export interface AirOptions {
  readonly profile: RadioProfile;
  readonly proximity: Proximity;
  /** Seed of all chance on the air. */
  readonly seed: number;
  readonly recorded?: RecordedTraffic;
}

/** The air as the receivers of one thread share it. */
export class Air {
  private readonly receivers = new Map<number, Receiver>();
  /** Events that had not ended when the last window did. */
  private unfinished: Transmission[] = [];
  private recordedUntilUs: Micros = 0;

  constructor(private readonly options: AirOptions) {}

  /** Adds a radio of this thread. */
  join(radio: number, controller: HciController): void {
    this.receivers.set(radio, { radio, controller, arrivals: [], earlier: [] });
  }

  /** Whether nothing is left that a later window would bring to an end. */
  get isSettled(): boolean {
    return this.unfinished.length === 0 && this.options.recorded === undefined;
  }

  /**
   * Works out what this thread's radios received in the window that ends now.
   *
   * @param transmissions all that were sent in it, by all threads, in order of time and radio
   */
  receive(transmissions: readonly Transmission[], windowEndUs: Micros): void {
    const known = [...this.unfinished, ...transmissions];
    this.unfinished = known.filter((sent) => sent.startUs + LONGEST_EVENT_US > windowEndUs);
    const { profile, proximity } = this.options;
    for (const sent of known) {
      if (sent.startUs + LONGEST_EVENT_US > windowEndUs) continue;
      proximity.forEachNear(sent.radio, sent.startUs, profile.rangeM, (radio, distanceM) => {
        const receiver = this.receivers.get(radio);
        if (receiver) this.arrive(receiver, sent, sent.txPowerDbm - this.lossDb(sent, radio, distanceM));
      });
    }
    this.playRecorded(windowEndUs);
    for (const receiver of this.receivers.values()) {
      if (receiver.arrivals.length > 0 || receiver.earlier.length > 0) this.settle(receiver);
    }
  }

  private arrive(receiver: Receiver, sent: Transmission, meanDbm: number): void {
    const { startUs, pdu, channelMap, txPowerDbm, radio } = sent;
    receiver.arrivals.push({ startUs, pdu, channelMap, txPowerDbm, radio, meanDbm, isRecorded: false });
  }

  private playRecorded(windowEndUs: Micros): void {
    const { recorded } = this.options;
    if (!recorded) return;
    const untilUs = windowEndUs - LONGEST_EVENT_US;
    for (const { event, rssiDbm, sender } of recorded.between(this.recordedUntilUs, untilUs)) {
      const arrival = { ...event, radio: sender, meanDbm: rssiDbm, isRecorded: true };
      for (const radio of recorded.receivers) this.receivers.get(radio)?.arrivals.push(arrival);
    }
    this.recordedUntilUs = Math.max(untilUs, this.recordedUntilUs);
  }

  private settle(receiver: Receiver): void {
    const { arrivals, earlier } = receiver;
    receiver.arrivals = [];
    receiver.earlier = this.options.profile.hearsAll ? [] : arrivals;
    if (arrivals.length === 0) return;
    arrivals.sort((a, b) => a.startUs - b.startUs || a.radio - b.radio);
    for (const arrival of arrivals) {
      const rssiDbm = this.rssiDbm(receiver, arrival, arrivals, earlier);
      if (rssiDbm !== undefined) receiver.controller.received(arrival.pdu, rssiDbm);
    }
  }

  /** The power at which a receiver gets one of the packets of an event, or undefined if it gets none. */
  private rssiDbm(receiver: Receiver, arrival: Arrival, others: Arrival[], earlier: Arrival[]): number | undefined {
    const { profile, seed } = this.options;
    const { scanner } = receiver.controller;
    if (profile.hearsAll) {
      const isLost =
        profile.lossRate > 0 &&
        mixUnit(seed ^ CHANCE.loss, arrival.radio, receiver.radio, arrival.startUs) < profile.lossRate;
      return scanner.wasOn(arrival.startUs) && !isLost ? arrival.meanDbm : undefined;
    }
    const durationUs = airTimeUs(arrival.pdu);
    for (let channel = 0, turn = 0; channel < CHANNELS; channel++) {
      if ((arrival.channelMap & (1 << channel)) === 0) continue;
      const startUs = arrival.startUs + turn++ * CHANNEL_SPACING_US;
      const endUs = startUs + durationUs;
      if (!scanner.heard(channel, startUs, endUs) || receiver.controller.transmittedIn(startUs, endUs)) continue;
      const chance = (what: number) => mixUnit(seed ^ what, arrival.radio, receiver.radio, startUs);
      if (chance(CHANCE.loss) < profile.lossRate) continue;
      const fadingDb = arrival.isRecorded
        ? 0
        : profile.fadingDb * mixGaussian(seed ^ CHANCE.fading, arrival.radio, receiver.radio, startUs);
      const rssiDbm = arrival.meanDbm + fadingDb;
      if (rssiDbm < profile.sensitivityDbm) continue;
      const isDrowned = (other: Arrival): boolean =>
        other !== arrival && other.meanDbm > rssiDbm - profile.captureDb && overlaps(other, channel, startUs, endUs);
      if (!others.some(isDrowned) && !earlier.some(isDrowned)) return rssiDbm;
    }
    return undefined;
  }

  private lossDb(sent: Transmission, radio: number, distanceM: number): number {
    const { profile, seed } = this.options;
    const loss = pathLossDb(profile, distanceM);
    if (profile.hearsAll) return loss;
    const low = Math.min(sent.radio, radio);
    const high = Math.max(sent.radio, radio);
    const shadow = mixGaussian(seed ^ CHANCE.shadowing, low, high, Math.floor(sent.startUs / SHADOWING_LASTS_US));
    const body = mixUnit(seed ^ CHANCE.body, low, high, Math.floor(sent.startUs / BODY_LOSS_LASTS_US));
    return loss + profile.shadowingDb * shadow + profile.bodyLossMaxDb * body;
  }
}

/** Whether an arrival is on the air of a channel at some time of a span. */
function overlaps(arrival: Arrival, channel: number, startUs: Micros, endUs: Micros): boolean {
  if ((arrival.channelMap & (1 << channel)) === 0) return false;
  let turn = 0;
  for (let before = 0; before < channel; before++) turn += (arrival.channelMap >> before) & 1;
  const from = arrival.startUs + turn * CHANNEL_SPACING_US;
  return from < endUs && from + airTimeUs(arrival.pdu) > startUs;
}
