// Jacdac frames (microsoft/jacdac-docs, "Frames and packets"): crc u16 | size u8 | flags u8 | device id u64 | packets, each
// size u8 | service index u8 | command u16 | data, padded to 4; all little-endian.

/** One packet of a frame. */
export interface Packet {
  readonly deviceId: bigint;
  /** Whether deviceId is the packet's receiver (a command) or its sender (a report). */
  readonly isCommand: boolean;
  /** Whether deviceId holds a service class instead (a command to all its services). */
  readonly toServiceClass: boolean;
  readonly serviceIndex: number;
  readonly command: number;
  readonly data: Uint8Array;
}

export const FRAME_FLAG = { command: 0x01, ackRequested: 0x02, serviceClass: 0x04 } as const;
export const FRAME_HEADER_BYTES = 12;
/** Most bytes in all packets of a frame. */
export const FRAME_PAYLOAD_BYTES = 240;
/** Most bytes of data in one packet. */
export const PACKET_DATA_BYTES = 236;
export const SERVICE_INDEX_CONTROL = 0;
const SERVICE_INDEX_MASK = 0x3f;
/** The service index of an acknowledgement; its command is the CRC of the frame. */
export const SERVICE_INDEX_ACK = 0x3f;

/** CRC-16-CCITT as Jacdac and the DeviceScript USB framing use it. */
export function crc16(bytes: Uint8Array, start = 0): number {
  let crc = 0xffff;
  for (let i = start; i < bytes.length; i++) {
    let x = (crc >> 8) ^ (bytes[i] as number);
    x ^= x >> 4;
    crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff;
  }
  return crc;
}

/** A frame of one packet. */
export function encodeFrame(packet: Omit<Packet, "toServiceClass"> & { toServiceClass?: boolean }): Uint8Array {
  const { data } = packet;
  if (data.length > PACKET_DATA_BYTES) throw new RangeError(`${data.length} bytes do not fit into one Jacdac packet`);
  const frame = new Uint8Array(FRAME_HEADER_BYTES + ((4 + data.length + 3) & ~3));
  const view = new DataView(frame.buffer);
  frame[2] = frame.length - FRAME_HEADER_BYTES;
  frame[3] = (packet.isCommand ? FRAME_FLAG.command : 0) | (packet.toServiceClass ? FRAME_FLAG.serviceClass : 0);
  view.setBigUint64(4, packet.deviceId, true);
  frame[12] = data.length;
  frame[13] = packet.serviceIndex;
  view.setUint16(14, packet.command, true);
  frame.set(data, 16);
  view.setUint16(0, crc16(frame, 2), true);
  return frame;
}

/** The packets of a frame; bytes that are no whole packet end it. */
export function decodeFrame(frame: Uint8Array): Packet[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = frame[3] as number;
  const deviceId = view.getBigUint64(4, true);
  const end = Math.min(frame.length, FRAME_HEADER_BYTES + (frame[2] as number));
  const packets: Packet[] = [];
  for (let at = FRAME_HEADER_BYTES; at + 4 <= end; ) {
    const size = frame[at] as number;
    if (at + 4 + size > end) break;
    packets.push({
      deviceId,
      isCommand: (flags & FRAME_FLAG.command) !== 0,
      toServiceClass: (flags & FRAME_FLAG.serviceClass) !== 0,
      serviceIndex: (frame[at + 1] as number) & SERVICE_INDEX_MASK,
      command: view.getUint16(at + 2, true),
      data: frame.subarray(at + 4, at + 4 + size),
    });
    at += (4 + size + 3) & ~3;
  }
  return packets;
}
