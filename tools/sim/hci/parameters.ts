// Parsing and range checks of command parameters, Core specification 5.4 vol 4 part E 7.8.5, 7.8.7 and 7.8.10.

import type { Micros } from "../core/scheduler";
import { ADVERTISING_TYPE, HCI_TIME_UNIT_US, STATUS } from "./codes";

export type Parameters = Uint8Array;

/** The command is refused with this status. */
export class HciError extends Error {
  override readonly name = "HciError";

  constructor(readonly status: number) {
    super(`HCI status 0x${status.toString(16)}`);
  }
}

const INTERVAL_MAX = 0x4000;
const ADVERTISING_INTERVAL_MIN = 0x20;
const SCAN_INTERVAL_MIN = 0x04;
const CHANNEL_MAP_MAX = 0x07;
const ADDRESS_TYPE_MAX = 3;
const FILTER_POLICY_MAX = 3;
const DATA_BYTES = 31;

function check(isValid: boolean): void {
  if (!isValid) throw new HciError(STATUS.invalidParameters);
}

/** Own_Address_Type: 1 and 3 (where nothing can be resolved) use the random address. */
function usesRandomAddress(type: number): boolean {
  return (type & 1) === 1;
}

/** LE Set Advertising Parameters: 15 bytes. Directed advertising needs connections, which this controller does not offer. */
export function parseAdvertisingParameters(parameters: Parameters): {
  type: number;
  isAddressRandom: boolean;
  channelMap: number;
  intervalUs: Micros;
} {
  check(parameters.length === 15);
  const p = Buffer.from(parameters);
  const [min, max] = [p.readUInt16LE(0), p.readUInt16LE(2)];
  const [type, ownAddressType, channelMap, filterPolicy] = [
    p.readUInt8(4),
    p.readUInt8(5),
    p.readUInt8(13),
    p.readUInt8(14),
  ];
  check(
    type <= ADVERTISING_TYPE.directedLow && ownAddressType <= ADDRESS_TYPE_MAX && filterPolicy <= FILTER_POLICY_MAX,
  );
  check(channelMap !== 0 && channelMap <= CHANNEL_MAP_MAX);
  check(min >= ADVERTISING_INTERVAL_MIN && max <= INTERVAL_MAX && min <= max);
  if (type === ADVERTISING_TYPE.directedHigh || type === ADVERTISING_TYPE.directedLow)
    throw new HciError(STATUS.unsupported);
  return { type, isAddressRandom: usesRandomAddress(ownAddressType), channelMap, intervalUs: min * HCI_TIME_UNIT_US };
}

/** LE Set Scan Parameters: 7 bytes. Active scanning would put packets of ours on the air, which this controller does not do. */
export function parseScanParameters(parameters: Parameters): {
  intervalUs: Micros;
  windowUs: Micros;
  isAddressRandom: boolean;
} {
  check(parameters.length === 7);
  const p = Buffer.from(parameters);
  const [type, interval, window, ownAddressType, policy] = [
    p.readUInt8(0),
    p.readUInt16LE(1),
    p.readUInt16LE(3),
    p.readUInt8(5),
    p.readUInt8(6),
  ];
  check(type <= 1 && ownAddressType <= ADDRESS_TYPE_MAX && policy <= FILTER_POLICY_MAX);
  check(window >= SCAN_INTERVAL_MIN && interval <= INTERVAL_MAX && window <= interval);
  if (type === 1) throw new HciError(STATUS.unsupported);
  return {
    intervalUs: interval * HCI_TIME_UNIT_US,
    windowUs: window * HCI_TIME_UNIT_US,
    isAddressRandom: usesRandomAddress(ownAddressType),
  };
}

/** LE Set Advertising Data and LE Set Scan Response Data: length and 31 bytes. @returns the significant bytes */
export function parseData(parameters: Parameters): Uint8Array {
  check(parameters.length === 1 + DATA_BYTES && (parameters[0] as number) <= DATA_BYTES);
  return Uint8Array.from(parameters.subarray(1, 1 + (parameters[0] as number)));
}
