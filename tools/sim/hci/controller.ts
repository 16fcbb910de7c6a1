// A Bluetooth LE controller as its host sees it through HCI: legacy advertising and passive scanning, event masks, and the
// error codes of the Core specification 5.4, vol 4 part E. Section numbers in comments are of that part.

import type { SeededRandom } from "../core/random";
import type { Micros, Scheduler, Timer } from "../core/scheduler";
import {
  ADVERTISING_TYPE,
  EVENT,
  EVENT_MASK_DEFAULT,
  EVENT_MASK_LE_META,
  H4,
  LE_EVENT_MASK_ADVERTISING_REPORT,
  LE_EVENT_MASK_DEFAULT,
  OPCODE,
  STATUS,
  SUBEVENT_ADVERTISING_REPORT,
} from "./codes";
import { HciError, type Parameters, parseAdvertisingParameters, parseData, parseScanParameters } from "./parameters";
import { type AdvertisingEvent, type AdvertisingPdu, LONGEST_EVENT_US, type ReportType } from "./pdu";
import { Scanner } from "./scanner";

/** advDelay: a random time of 0 to 10 ms added to each advertising interval (vol 6 part B 4.4.2.2.1). */
const ADV_DELAY_US = 10_000;
const COMMAND_HEADER_BYTES = 4;
const NO_BYTES = new Uint8Array(0);
const SENT_REMEMBERED = 8;
const RSSI_NOT_AVAILABLE = 127;

const REPORT_TYPE: Record<number, ReportType> = {
  [ADVERTISING_TYPE.connectable]: 0,
  [ADVERTISING_TYPE.scannable]: 2,
  [ADVERTISING_TYPE.nonConnectable]: 3,
};

export interface ControllerOptions {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** The power that LE Read Advertising Channel Tx Power reports and that the air works with. */
  readonly txPowerDbm: number;
  /** Takes each H4 event packet for the host. */
  readonly onEvent: (packet: Uint8Array) => void;
  /** Takes each advertising event as it goes on the air. */
  readonly onTransmit: (event: AdvertisingEvent) => void;
}

interface Advertising {
  readonly type: number;
  readonly isAddressRandom: boolean;
  readonly channelMap: number;
  readonly intervalUs: Micros;
}

const DEFAULT_ADVERTISING: Advertising = { type: 0, isAddressRandom: false, channelMap: 7, intervalUs: 1_280_000 };
const DEFAULT_SCAN = { intervalUs: 10_000, windowUs: 10_000, isAddressRandom: false };

/** The controller; command() in, onEvent out. */
export class HciController {
  readonly scanner = new Scanner();
  private eventMask = EVENT_MASK_DEFAULT;
  private leEventMask = LE_EVENT_MASK_DEFAULT;
  private randomAddress: Uint8Array | undefined;
  private advertising = DEFAULT_ADVERTISING;
  private scan = DEFAULT_SCAN;
  private data: Uint8Array = NO_BYTES;
  private advertisingTimer: Timer | undefined;
  /** Starts of the latest advertising events: while the radio sends it does not listen. */
  private sentUs: Micros[] = [];
  private readonly publicAddress: Uint8Array;

  constructor(private readonly options: ControllerOptions) {
    // Random instead of an assigned one: no simulated device pretends to be of a maker. Bits 0 and 1 of a public address' first octet are 0.
    this.publicAddress = options.random.bytes(6);
    this.publicAddress[5] = (this.publicAddress[5] as number) & 0xfc;
  }

  get isAdvertising(): boolean {
    return this.advertisingTimer !== undefined;
  }

  /** Power-on state: also what HCI Reset leads to (7.3.2). */
  reset(): void {
    this.stopAdvertising();
    this.scanner.stop(this.options.scheduler.nowUs);
    this.eventMask = EVENT_MASK_DEFAULT;
    this.leEventMask = LE_EVENT_MASK_DEFAULT;
    this.randomAddress = undefined;
    this.advertising = DEFAULT_ADVERTISING;
    this.scan = DEFAULT_SCAN;
    this.data = NO_BYTES;
  }

  /** Carries out one whole H4 command packet. */
  command(packet: Uint8Array): void {
    const opcode = (packet[1] as number) | ((packet[2] as number) << 8);
    const parameters = packet.subarray(COMMAND_HEADER_BYTES);
    const handler = this.handlers[opcode];
    if (!handler) {
      this.event(EVENT.commandStatus, Uint8Array.of(STATUS.unknownCommand, 1, opcode & 0xff, opcode >> 8));
      return;
    }
    let answer: Uint8Array;
    try {
      answer = Uint8Array.of(STATUS.success, ...handler(parameters));
    } catch (error) {
      if (!(error instanceof HciError)) throw error;
      answer = Uint8Array.of(error.status);
    }
    this.event(EVENT.commandComplete, Uint8Array.of(1, opcode & 0xff, opcode >> 8, ...answer));
  }

  /** Takes a packet that the receiver got from the air, and reports it if host and filters want it. */
  received(pdu: AdvertisingPdu, rssiDbm: number): void {
    if (!this.scanner.isEnabled) return;
    const wanted =
      (this.eventMask & EVENT_MASK_LE_META) !== 0n && (this.leEventMask & LE_EVENT_MASK_ADVERTISING_REPORT) !== 0n;
    if (!this.scanner.isNew(pdu) || !wanted) return;
    const { address, data } = pdu;
    const rssi = rssiDbm < -127 || rssiDbm > 20 ? RSSI_NOT_AVAILABLE : Math.round(rssiDbm);
    const report = new Uint8Array(12 + data.length);
    report.set([SUBEVENT_ADVERTISING_REPORT, 1, pdu.type, pdu.isAddressRandom ? 1 : 0]);
    report.set(address, 4);
    report[10] = data.length;
    report.set(data, 11);
    report[11 + data.length] = rssi & 0xff;
    this.event(EVENT.leMeta, report);
  }

  private readonly handlers: Record<number, (parameters: Uint8Array) => Uint8Array | readonly number[]> = {
    [OPCODE.setEventMask]: (p) => {
      this.eventMask = mask(p);
      return [];
    },
    [OPCODE.reset]: () => {
      this.reset();
      return [];
    },
    // Version 5.4 (0x0d); company 0xffff: not assigned (7.4.1).
    [OPCODE.readLocalVersion]: () => [0x0d, 0x00, 0x00, 0x0d, 0xff, 0xff, 0x00, 0x00],
    [OPCODE.readLocalCommands]: () => SUPPORTED_COMMANDS,
    // LMP features: LE supported by controller, BR/EDR not (vol 2 part C 3.3: byte 4 bits 6 and 5).
    [OPCODE.readLocalFeatures]: () => [0, 0, 0, 0, 0x60, 0, 0, 0],
    [OPCODE.readBdAddr]: () => this.publicAddress,
    [OPCODE.leSetEventMask]: (p) => {
      this.leEventMask = mask(p);
      return [];
    },
    [OPCODE.leReadBufferSize]: () => [27, 0, 4],
    [OPCODE.leReadLocalFeatures]: () => [0, 0, 0, 0, 0, 0, 0, 0],
    [OPCODE.leSetRandomAddress]: (p) => this.setRandomAddress(p),
    [OPCODE.leSetAdvertisingParameters]: (p) => this.setAdvertisingParameters(p),
    [OPCODE.leReadAdvertisingTxPower]: () => [this.options.txPowerDbm & 0xff],
    [OPCODE.leSetAdvertisingData]: (p) => {
      this.data = parseData(p);
      return [];
    },
    [OPCODE.leSetScanResponseData]: (p) => {
      parseData(p);
      return [];
    },
    [OPCODE.leSetAdvertisingEnable]: (p) => this.setAdvertisingEnable(p),
    [OPCODE.leSetScanParameters]: (p) => this.setScanParameters(p),
    [OPCODE.leSetScanEnable]: (p) => this.setScanEnable(p),
    [OPCODE.leReadAcceptListSize]: () => [0],
    [OPCODE.leClearAcceptList]: () => [],
    [OPCODE.leRand]: () => this.options.random.bytes(8),
    // States 0 (non-connectable), 1 (scannable), 2 (connectable advertising), 4 (passive scanning), 8 to 10: both at once.
    [OPCODE.leReadSupportedStates]: () => [0x17, 0x07, 0, 0, 0, 0, 0, 0],
  };

  /** 7.8.4: disallowed while legacy advertising or scanning is on. */
  private setRandomAddress(parameters: Parameters): readonly number[] {
    if (parameters.length !== 6) throw new HciError(STATUS.invalidParameters);
    if (this.isAdvertising || this.scanner.isEnabled) throw new HciError(STATUS.commandDisallowed);
    this.randomAddress = Uint8Array.from(parameters);
    return [];
  }

  /** 7.8.5: disallowed while advertising is on. */
  private setAdvertisingParameters(parameters: Parameters): readonly number[] {
    if (this.isAdvertising) throw new HciError(STATUS.commandDisallowed);
    this.advertising = parseAdvertisingParameters(parameters);
    return [];
  }

  /** 7.8.9: enabling again starts anew, disabling what is off changes nothing. */
  private setAdvertisingEnable(parameters: Parameters): readonly number[] {
    if (parameters.length !== 1 || (parameters[0] as number) > 1) throw new HciError(STATUS.invalidParameters);
    if (parameters[0] === 1 && this.advertising.isAddressRandom && !this.randomAddress)
      throw new HciError(STATUS.invalidParameters);
    this.stopAdvertising();
    if (parameters[0] === 1) this.scheduleAdvertising(0);
    return [];
  }

  /** 7.8.10: disallowed while scanning is on. */
  private setScanParameters(parameters: Parameters): readonly number[] {
    if (this.scanner.isEnabled) throw new HciError(STATUS.commandDisallowed);
    this.scan = parseScanParameters(parameters);
    return [];
  }

  /** 7.8.11 */
  private setScanEnable(parameters: Parameters): readonly number[] {
    const [enable = 2, filter = 2] = parameters;
    if (parameters.length !== 2 || enable > 1 || filter > 1) throw new HciError(STATUS.invalidParameters);
    if (enable === 1 && this.scan.isAddressRandom && !this.randomAddress) throw new HciError(STATUS.invalidParameters);
    if (enable === 1) this.scanner.start(this.options.scheduler.nowUs, this.scan, filter === 1);
    else this.scanner.stop(this.options.scheduler.nowUs);
    return [];
  }

  private scheduleAdvertising(delayUs: Micros): void {
    this.advertisingTimer = this.options.scheduler.after(delayUs, () => {
      this.transmit();
      const advDelayUs = Math.floor(this.options.random.unit() * ADV_DELAY_US);
      this.scheduleAdvertising(this.advertising.intervalUs + advDelayUs);
    });
  }

  /** Whether the radio was sending at some time of a span in the last seconds. */
  transmittedIn(startUs: Micros, endUs: Micros): boolean {
    return this.sentUs.some((sentUs) => sentUs < endUs && sentUs + LONGEST_EVENT_US > startUs);
  }

  private transmit(): void {
    this.sentUs = [...this.sentUs.slice(1 - SENT_REMEMBERED), this.options.scheduler.nowUs];
    const { type, isAddressRandom, channelMap } = this.advertising;
    const address = isAddressRandom ? (this.randomAddress as Uint8Array) : this.publicAddress;
    this.options.onTransmit({
      startUs: this.options.scheduler.nowUs,
      channelMap,
      txPowerDbm: this.options.txPowerDbm,
      pdu: { type: REPORT_TYPE[type] as ReportType, isAddressRandom, address, data: this.data },
    });
  }

  private stopAdvertising(): void {
    this.options.scheduler.cancel(this.advertisingTimer);
    this.advertisingTimer = undefined;
  }

  private event(code: number, parameters: Uint8Array): void {
    const packet = new Uint8Array(3 + parameters.length);
    packet.set([H4.event, code, parameters.length]);
    packet.set(parameters, 3);
    this.options.onEvent(packet);
  }
}

/** Supported_Commands (6.27): the bits of the commands in OPCODE, by octet. */
const SUPPORTED_COMMANDS = ((): Uint8Array => {
  const octets = new Uint8Array(64);
  const bits = { 5: 0xc0, 14: 0x28, 15: 0x02, 25: 0xf7, 26: 0xcf, 27: 0x80, 28: 0x08 };
  for (const [octet, value] of Object.entries(bits)) octets[Number(octet)] = value;
  return octets;
})();

function mask(parameters: Parameters): bigint {
  if (parameters.length !== 8) throw new HciError(STATUS.invalidParameters);
  return Buffer.from(parameters).readBigUInt64LE(0);
}
