// Reads the H4 event packets that a controller sends. Nothing here trusts a length: whatever does not fit its packet is
// garbage, is counted by the caller, and stops nothing.

import { getU16 } from "../base/littleEndian";
import { H4_EVENT } from "./packets";

const EVENT_COMMAND_COMPLETE = 0x0e;
const EVENT_COMMAND_STATUS = 0x0f;
const EVENT_HARDWARE_ERROR = 0x10;
const EVENT_LE_META = 0x3e;
const EVENT_VENDOR = 0xff;
const SUBEVENT_ADVERTISING_REPORT = 0x02;

/** Vendor event 0x0001: BlueNRG's "initialized", Zephyr's boot event: the controller has restarted. */
const VENDOR_BOOTED = 0x0001;
/** Bytes of one report in an advertising report event, without its data: type, address type, address, length, RSSI. */
const REPORT_FIXED_BYTES = 10;

/** What to do with each event; the buffers are those of the event and may be kept. */
export interface EventReceiver {
  /** A command was answered (Command Complete or Command Status) with `status` 0 or a Bluetooth error code. */
  commandDone(opcode: number, status: number): void;
  /** An advertisement was heard: its bytes lie in `event`. `addressAt`: 6 bytes, least significant first. */
  advertisement(report: AdvertisingReport): void;
  /** The controller says that it failed or restarted by itself. */
  controllerLost(): void;
  /** Bytes that are no event of the Bluetooth specification. */
  garbage(): void;
}

/** One report out of an LE Advertising Report event. It points into the event, so that nothing is copied for frames of others. */
export interface AdvertisingReport {
  readonly event: Buffer;
  /** PDU type, 3 is ADV_NONCONN_IND. */
  readonly type: number;
  /** 0 public, 1 random. */
  readonly addressType: number;
  /** Where the 6 address bytes start, least significant first. */
  readonly addressAt: number;
  readonly dataAt: number;
  readonly dataLength: number;
  /** dBm, -127 to 20; 127: not available. */
  readonly rssi: number;
}

/** Takes apart one transport packet with any number of whole H4 events. */
export function readEvents(packets: Buffer, receiver: EventReceiver): void {
  let at = 0;
  while (at < packets.length) {
    const end = at + 3 <= packets.length ? at + 3 + packets[at + 2] : packets.length + 1;
    if (packets[at] !== H4_EVENT || end > packets.length) {
      receiver.garbage();
      return; // where the next packet starts is anyone's guess
    }
    readEvent(packets, at + 1, end, receiver);
    at = end;
  }
}

/** Reads one event: code and length at `at`, parameters up to `end`. */
function readEvent(packets: Buffer, at: number, end: number, receiver: EventReceiver): void {
  const code = packets[at];
  const parameters = at + 2;
  const length = end - parameters;
  if (code === EVENT_COMMAND_COMPLETE && length >= 4)
    receiver.commandDone(getU16(packets, parameters + 1), packets[parameters + 3]);
  else if (code === EVENT_COMMAND_COMPLETE && length === 3 && getU16(packets, parameters + 1) === 0)
    return; // only a new command credit
  else if (code === EVENT_COMMAND_STATUS && length === 4)
    receiver.commandDone(getU16(packets, parameters + 2), packets[parameters]);
  else if (code === EVENT_LE_META && length >= 1) readLeMeta(packets, parameters, end, receiver);
  else if (code === EVENT_HARDWARE_ERROR && length === 1) receiver.controllerLost();
  else if (code === EVENT_VENDOR) {
    if (length >= 2 && getU16(packets, parameters) === VENDOR_BOOTED) receiver.controllerLost();
  } else if (code === EVENT_COMMAND_COMPLETE || code === EVENT_COMMAND_STATUS || code === EVENT_LE_META || code === 0)
    receiver.garbage();
}

function readLeMeta(packets: Buffer, at: number, end: number, receiver: EventReceiver): void {
  if (packets[at] !== SUBEVENT_ADVERTISING_REPORT) return;
  let next = at + 2;
  for (let left = packets[at + 1]; left > 0; left--) {
    const dataLength = next + REPORT_FIXED_BYTES <= end ? packets[next + 8] : 0xff;
    const rssiAt = next + 9 + dataLength;
    if (rssiAt >= end) {
      receiver.garbage();
      return;
    }
    const rssi = packets[rssiAt];
    receiver.advertisement({
      event: packets,
      type: packets[next],
      addressType: packets[next + 1],
      addressAt: next + 2,
      dataAt: next + 9,
      dataLength,
      rssi: rssi > 127 ? rssi - 256 : rssi,
    });
    next = rssiAt + 1;
  }
  if (next !== end) receiver.garbage();
}
