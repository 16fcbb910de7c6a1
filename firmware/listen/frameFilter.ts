import { sliceCopy } from "../../protocol/base/bytes";
import {
  ADV_A_BYTES,
  ADV_DATA_BYTES,
  decodeFrame,
  type Frame,
  looksLikeChirpFrame,
  looksLikeFindMyFrame,
} from "../../protocol/beacon/frame";
import type { AdvertisingReport } from "../hci/events";

/** What a listener listens for. */
export interface HearingSettings {
  /** Bluetooth company id of the frames. */
  readonly companyId: number;
  /** Hearings below this many dBm are ignored; -127 hears everything. */
  readonly rssiFloorDbm: number;
  /** Whether Apple Find My frames count as chirps. */
  readonly hearFindMy: boolean;
}

/** A frame and how strongly it was heard. */
export interface Hearing {
  readonly frame: Frame;
  readonly rssiDbm: number;
}

const ADV_NONCONN_IND = 3;
const RANDOM_ADDRESS = 1;
/** HCI's "RSSI not available". */
const RSSI_UNKNOWN = 127;
/** The weakest RSSI that HCI can report: a hearing of unknown strength must never count as near. */
const RSSI_WEAKEST_DBM = -127;

/** Picks the chirps out of everything that advertises: most of it belongs to others and is turned away without a copy. */
export class FrameFilter {
  /** Advertisements that were no valid frame. */
  ignored: number;
  /** Valid frames below the floor. */
  weak: number;
  private settings: HearingSettings;

  constructor(settings: HearingSettings) {
    this.settings = settings;
    this.ignored = 0;
    this.weak = 0;
  }

  configure(settings: HearingSettings): void {
    this.settings = settings;
  }

  /** The hearing in a report, or undefined if it is not a frame that counts. */
  read(report: AdvertisingReport): Hearing | undefined {
    const frame =
      report.dataLength === ADV_DATA_BYTES && report.addressType === RANDOM_ADDRESS ? this.decode(report) : undefined;
    if (!frame) {
      this.ignored++;
      return undefined;
    }
    const rssiDbm = report.rssi === RSSI_UNKNOWN ? RSSI_WEAKEST_DBM : report.rssi;
    if (rssiDbm < this.settings.rssiFloorDbm) {
      this.weak++;
      return undefined;
    }
    return { frame, rssiDbm };
  }

  private decode(report: AdvertisingReport): Frame | undefined {
    const advData = sliceCopy(report.event, report.dataAt, ADV_DATA_BYTES);
    const isOurs = report.type === ADV_NONCONN_IND && looksLikeChirpFrame(advData, this.settings.companyId);
    if (!isOurs && !(this.settings.hearFindMy && looksLikeFindMyFrame(advData))) return undefined;
    const advA = Buffer.alloc(ADV_A_BYTES);
    for (let i = 0; i < ADV_A_BYTES; i++) advA[i] = report.event[report.addressAt + ADV_A_BYTES - 1 - i];
    try {
      return decodeFrame(advA, advData, this.settings.companyId);
    } catch (_error) {
      return undefined; // another version, or forged
    }
  }
}
