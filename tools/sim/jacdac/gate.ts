// The gate between a device and its USB cable, as firmware/native/src/usb_gate.h specifies it; written apart from that, and held
// to it by firmware/native/test/gateAgreement.test.ts.

import { decodeFrame, encodeFrame, FRAME_FLAG, FRAME_HEADER_BYTES, type Packet } from "./frame";

/** The runtime's second device, with the services of the program (devs_jd_server_device_id). */
const PROGRAM_ID_MASK = 0xdb2249a7_751b53f8n;
const MANAGER_CLASS = 0x1134ea2b;
const HIDDEN_CLASS = 0xffffffff;
const BROADCAST_MARK = 0xaaaaaaaa_00000000n;
/** jacdac-c marks with it what a device sends to itself. */
const LOOPBACK_FLAG = 0x40;
const CONTROL = 0;
const PIPE = 0x3e;
const ACKNOWLEDGEMENT = 0x3f;
const ANNOUNCE = 0x00;
const IDENTIFY = 0x81;
const RESET = 0x82;
const PACKET_HEADER_BYTES = 4;

/** What of a device's frames may pass by USB, in either direction. It learns the place of the program manager from announcements. */
export class UsbGate {
  private readonly programId: bigint;
  private manager = 0;

  constructor(private readonly deviceId: bigint) {
    this.programId = deviceId ^ PROGRAM_ID_MASK;
  }

  /** @returns whether a frame of the computer reaches the device */
  admits(frame: Uint8Array): boolean {
    const flags = frame[3] as number;
    const [packet, ...more] = decodeFrame(frame);
    if (!packet || more.length > 0 || frame.length - FRAME_HEADER_BYTES > padded(packet)) return false;
    const { deviceId, serviceIndex, command } = packet;
    if (flags === (FRAME_FLAG.command | FRAME_FLAG.serviceClass))
      return deviceId === BROADCAST_MARK && command === ANNOUNCE;
    if ((flags & ~FRAME_FLAG.ackRequested) !== FRAME_FLAG.command) return false;
    if (deviceId === this.programId) return true;
    if (deviceId !== this.deviceId || frame[FRAME_HEADER_BYTES + 1] !== serviceIndex) return false;
    if (serviceIndex === CONTROL)
      return command === ANNOUNCE || command === IDENTIFY || command === RESET || command >> 12 === 1;
    return serviceIndex === PIPE || serviceIndex === this.manager;
  }

  /** What leaves of a frame of the device: frames of one packet each. */
  releases(frame: Uint8Array): Uint8Array[] {
    if (((frame[3] as number) & ~LOOPBACK_FLAG) !== 0) return [];
    const packets = decodeFrame(frame);
    if (packets[0]?.deviceId === this.programId) return [frame];
    return packets
      .filter(({ deviceId, serviceIndex }) => deviceId === this.deviceId && this.isPublic(serviceIndex))
      .map((packet) =>
        encodeFrame(
          packet.serviceIndex === CONTROL && packet.command === ANNOUNCE ? this.announcement(packet) : packet,
        ),
      );
  }

  private isPublic(serviceIndex: number): boolean {
    return (
      serviceIndex === CONTROL ||
      serviceIndex === ACKNOWLEDGEMENT ||
      (this.manager !== 0 && serviceIndex === this.manager)
    );
  }

  private announcement(packet: Packet): Packet {
    const data = Uint8Array.from(packet.data);
    const view = new DataView(data.buffer);
    let shown = Math.min(4, data.length);
    for (let at = 4; at + 4 <= data.length; at += 4) {
      if (view.getUint32(at, true) === MANAGER_CLASS) {
        this.manager = at / 4;
        shown = at + 4;
      } else view.setUint32(at, HIDDEN_CLASS, true);
    }
    return { ...packet, data: data.subarray(0, shown) };
  }
}

function padded({ data }: Packet): number {
  return (PACKET_HEADER_BYTES + data.length + 3) & ~3;
}
