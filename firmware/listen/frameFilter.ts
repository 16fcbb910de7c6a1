import { sliceCopy } from "../../protocol/base/bytes";
import { ADV_A_BYTES } from "../../protocol/beacon/advertisement";
import type { BeaconCodec, BeaconFrame, Sighting } from "../../protocol/beacon/sighting";
import type { AdvertisingReport } from "../hci/events";

/** What a listener listens for. */
export interface HearingSettings {
  /** Bluetooth company id of this deployment's chirps. */
  readonly companyId: number;
  /** Hearings below this many dBm are ignored; -127 hears everything. */
  readonly rssiFloorDbm: number;
  /** Which kinds of beacons count: bit `1 << kind` for each. */
  readonly kinds: number;
}

const RANDOM_ADDRESS = 1;
/** HCI's "RSSI not available". */
const RSSI_UNKNOWN = 127;
/** The weakest RSSI that HCI can report: a hearing of unknown strength must never count as near. */
const RSSI_WEAKEST_DBM = -127;

/** Picks the beacons out of everything that advertises: most of it belongs to others and is turned away without a copy. */
export class FrameFilter {
  /** Advertisements that were no valid frame. */
  ignored: number;
  /** Valid frames below the floor. */
  weak: number;
  private readonly codecs: BeaconCodec[];
  private settings: HearingSettings;

  /** @param codecs of all kinds that this build can hear */
  constructor(codecs: BeaconCodec[], settings: HearingSettings) {
    this.codecs = codecs;
    this.settings = settings;
    this.ignored = 0;
    this.weak = 0;
  }

  configure(settings: HearingSettings): void {
    this.settings = settings;
  }

  /** What a report of `nowMinute` shows, or undefined if it is not a frame that counts. */
  read(report: AdvertisingReport, nowMinute: number): Sighting | undefined {
    const frame = report.addressType === RANDOM_ADDRESS ? this.decode(report) : undefined;
    if (!frame) {
      this.ignored++;
      return undefined;
    }
    const rssiDbm = report.rssi === RSSI_UNKNOWN ? RSSI_WEAKEST_DBM : report.rssi;
    if (rssiDbm < this.settings.rssiFloorDbm) {
      this.weak++;
      return undefined;
    }
    return {
      kind: frame.kind,
      id: frame.id,
      age: frame.age,
      txPowerDbm: frame.txPowerDbm,
      originMinute: nowMinute - frame.age,
      rssiDbm,
    };
  }

  private decode(report: AdvertisingReport): BeaconFrame | undefined {
    const { companyId, kinds } = this.settings;
    const { event, dataAt, dataLength } = report;
    for (const codec of this.codecs) {
      if (((kinds >> codec.kind) & 1) === 0 || !codec.claims(report.type, event, dataAt, dataLength, companyId))
        continue;
      const advA = Buffer.alloc(ADV_A_BYTES);
      for (let i = 0; i < ADV_A_BYTES; i++) advA[i] = event[report.addressAt + ADV_A_BYTES - 1 - i];
      try {
        return codec.decode(advA, sliceCopy(event, dataAt, dataLength), companyId);
      } catch (_error) {
        return undefined; // another version, or forged
      }
    }
    return undefined;
  }
}
