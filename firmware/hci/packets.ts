// The Bluetooth HCI packets that a keyfob needs, and nothing else: Core specification 5.4, vol 4 part E (opcodes and
// parameters) and part A (the H4 type byte in front). Pure functions; HciHost says when each is sent.

import { putU16 } from "../base/littleEndian";

/** H4 packet types. */
export const H4_COMMAND = 0x01;
export const H4_EVENT = 0x04;

/** Opcodes, OGF << 10 | OCF, in the order in which the host first sends them. */
export const OP_RESET = 0x0c03;
export const OP_SET_EVENT_MASK = 0x0c01;
export const OP_LE_SET_EVENT_MASK = 0x2001;
export const OP_READ_LOCAL_VERSION = 0x1001;
export const OP_LE_READ_BUFFER_SIZE = 0x2002;
export const OP_LE_READ_FEATURES = 0x2003;
export const OP_LE_SET_RANDOM_ADDRESS = 0x2005;
export const OP_LE_SET_ADV_PARAMETERS = 0x2006;
export const OP_LE_SET_ADV_DATA = 0x2008;
export const OP_LE_SET_ADV_ENABLE = 0x200a;
export const OP_LE_SET_SCAN_PARAMETERS = 0x200b;
export const OP_LE_SET_SCAN_ENABLE = 0x200c;

/** Unit of advertising and scanning intervals: 0.625 ms. */
const SLOTS_PER_MS = 1.6;
/** Bounds of an advertising interval in slots: 20 ms (100 ms for non-connectable before Bluetooth 5.0) and 10.24 s. */
const MIN_ADV_SLOTS = 0x00a0;
const MIN_SCAN_SLOTS = 0x0004;
const MAX_SLOTS = 0x4000;

const ADV_NONCONN_IND = 0x03;
const OWN_ADDRESS_PUBLIC = 0x00;
const OWN_ADDRESS_RANDOM = 0x01;
const ALL_CHANNELS = 0x07;
const ADV_DATA_BYTES = 31;

/**
 * Enables Disconnection-free essentials: Hardware Error (bit 15) and LE Meta (bit 61), without which a controller reports
 * nothing of what it hears. Command Complete and Command Status cannot be masked.
 */
export function setEventMask(): Buffer {
  const packet = command(OP_SET_EVENT_MASK, 8);
  packet[5] = 0x80;
  packet[11] = 0x20;
  return packet;
}

/** Of the LE events, enables the Advertising Report (bit 1). */
export function leSetEventMask(): Buffer {
  const packet = command(OP_LE_SET_EVENT_MASK, 8);
  packet[4] = 0x02;
  return packet;
}

/** `address`: 6 bytes, most significant first; on the wire it travels the other way round. */
export function leSetRandomAddress(address: Buffer): Buffer {
  const packet = command(OP_LE_SET_RANDOM_ADDRESS, 6);
  for (let i = 0; i < 6; i++) packet[4 + i] = address[5 - i];
  return packet;
}

/** Non-connectable undirected advertising on all three channels from the random address every `intervalMs`. */
export function leSetAdvParameters(intervalMs: number): Buffer {
  const packet = command(OP_LE_SET_ADV_PARAMETERS, 15);
  const slots = slotsOf(intervalMs, MIN_ADV_SLOTS);
  putU16(packet, 4, slots);
  putU16(packet, 6, slots);
  packet[8] = ADV_NONCONN_IND;
  packet[9] = OWN_ADDRESS_RANDOM;
  packet[17] = ALL_CHANNELS;
  return packet;
}

/** `data`: at most 31 bytes; the command always carries 31, zero padded, and their true number. */
export function leSetAdvData(data: Buffer): Buffer {
  const packet = command(OP_LE_SET_ADV_DATA, 1 + ADV_DATA_BYTES);
  packet[4] = data.length;
  packet.set(data, 5);
  return packet;
}

export function leSetAdvEnable(on: boolean): Buffer {
  const packet = command(OP_LE_SET_ADV_ENABLE, 1);
  packet[4] = on ? 1 : 0;
  return packet;
}

/** Passive scanning (nothing is ever sent in answer to a report), `windowMs` out of every `intervalMs`. */
export function leSetScanParameters(intervalMs: number, windowMs: number): Buffer {
  const packet = command(OP_LE_SET_SCAN_PARAMETERS, 7);
  const interval = slotsOf(intervalMs, MIN_SCAN_SLOTS);
  const window = slotsOf(windowMs, MIN_SCAN_SLOTS);
  putU16(packet, 5, interval);
  putU16(packet, 7, Math.min(window, interval));
  packet[9] = OWN_ADDRESS_PUBLIC;
  return packet;
}

/** Duplicates are wanted: the strongest of several hearings counts. */
export function leSetScanEnable(on: boolean): Buffer {
  const packet = command(OP_LE_SET_SCAN_ENABLE, 2);
  packet[4] = on ? 1 : 0;
  return packet;
}

/** Puts packets one after the other, as one transport packet carries them. */
export function joinPackets(packets: Buffer[]): Buffer {
  let length = 0;
  for (const packet of packets) length += packet.length;
  const joined = Buffer.alloc(length);
  let at = 0;
  for (const packet of packets) {
    joined.set(packet, at);
    at += packet.length;
  }
  return joined;
}

/** A command whose parameters, so many bytes, are zero. */
export function command(opcode: number, parameterBytes: number): Buffer {
  const packet = Buffer.alloc(4 + parameterBytes);
  packet[0] = H4_COMMAND;
  putU16(packet, 1, opcode);
  packet[3] = parameterBytes;
  return packet;
}

function slotsOf(ms: number, least: number): number {
  const slots = Math.round(ms * SLOTS_PER_MS);
  return Math.min(Math.max(slots, least), MAX_SLOTS);
}
